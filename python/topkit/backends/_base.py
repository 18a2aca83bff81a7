"""One implementation of top-k behind the signature they all share."""

import importlib.metadata
import importlib.util
from typing import Any

from .._call import TopK, dtype_name, integer
from .._errors import UnsupportedError
from .._kinds import kind_of, no_array
from .._shapes import check_k, normal_axis

NOT_OF_NUMPY = ("bfloat16", "float8_e4m3fn", "float8_e5m2")


def has(module: str) -> bool:
    """Whether `module` could be imported; importing it would load a framework."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def cuda_missing() -> str | None:
    if not has("torch"):
        return "torch is not installed, and its CUDA tensors are the input"
    import torch

    return None if torch.cuda.is_available() else "no CUDA device is usable from torch"


def convert(x: Any, kind: str) -> Any:
    """The same memory as an array of another framework."""
    if kind_of(x) == kind:
        return x
    if kind == "torch":
        import torch

        return torch.from_dlpack(x)
    if kind == "numpy":
        import numpy

        return numpy.from_dlpack(x)
    if kind == "cupy":
        import cupy

        return cupy.from_dlpack(x)
    import jax

    return jax.numpy.from_dlpack(x)


def rule_of(why: str) -> str:
    """Of "cols = 30: must be a power of two" what does not change from call to call."""
    return why.partition(": ")[2] or why


class Backend:
    """What it is and by which rules it answers. `exact`: values are the input's bits and no better one is left out."""

    name = ""
    what = ""
    kind = "torch"  # the framework whose arrays `run` takes
    package = ""  # the distribution whose version is reported
    devices: tuple[str, ...] = ("cuda",)
    exact = True
    ties = "any"  # which of equal keys wins: "lowest" index, or "any"
    nan = "largest"  # "largest", "last" (never before a number) or "undefined"
    keeps_nan = True  # False: of a NaN it may give another NaN's bits
    own_stream = False  # True: it runs on a stream of its own, so that torch's can neither record nor time it
    recordable = True  # False: it synchronises or allocates by itself, which no CUDA graph can hold
    scalars = False  # True: it takes an array without axes
    gradual = False  # True: the result may be in any order even when sorted is asked for

    def missing(self) -> str | None:
        """Why it cannot run on this machine, in one line; None when it can."""
        raise NotImplementedError

    def absent(self, device: str) -> str | None:
        """Why it is not among those of "cpu" or "cuda" here, in one line; None when it is."""
        why = self.missing()  # which may find out which devices it has
        return why or (None if device in self.devices else f"runs on {' and '.join(self.devices)} only")

    def refuses(self, x: Any, k: int, dim: int, largest: bool, sorted: bool) -> str | None:
        """Why it cannot do this call, in one line; None when it can."""
        return None

    def run(self, x: Any, k: int, dim: int, largest: bool, sorted: bool) -> Any:
        raise NotImplementedError

    def wait(self, result: Any) -> None:
        """Until `result` is there. Only who has a stream of his own needs it: torch waits for its own."""

    def version(self) -> str:
        try:
            return importlib.metadata.version(self.package or self.name)
        except importlib.metadata.PackageNotFoundError:
            return ""

    def why_not(self, x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> str | None:
        device = device_of(x)
        if (why := self.missing()) is not None:
            return why
        if device not in self.devices:
            return f"x is on {device}: {self.name} runs on {' and '.join(self.devices)}"
        if self.kind == "numpy" and dtype_name(x.dtype) in NOT_OF_NUMPY:
            return f"x.dtype = {dtype_name(x.dtype)}: NumPy has no such type"
        return self.refuses(x, k, dim, largest, sorted)

    def topk(self, x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> TopK:
        """As topkit.topk by name and shape, by this implementation's own rules; arrays of x's kind.

        Raises as topkit.topk does, and topkit.UnsupportedError where `why_not` has an answer.
        """
        if not (origin := kind_of(x)):
            raise no_array("x", x)
        k, dim = integer("k", k), integer("dim", dim)
        if (why := self.missing()) is not None:
            raise UnsupportedError(f"backend {self.name}: {why}")
        if not hasattr(x, "shape"):  # it speaks DLPack and nothing else
            x = convert(x, self.kind)
        axis = 0 if self.scalars and not x.shape and dim in (-1, 0) else normal_axis(dim, len(x.shape))
        check_k(k, x.shape[axis] if x.shape else 1, False)
        if (why := self.why_not(x, k, dim, largest, sorted)) is not None:
            raise UnsupportedError(f"backend {self.name}: {why}")
        values, indices = self.run(convert(x, self.kind), k, dim, bool(largest), bool(sorted))
        if origin in ("dlpack", self.kind):
            return TopK(values, indices)
        return TopK(convert(values, origin), convert(indices, origin))

    def __repr__(self) -> str:
        return f"<backend {self.name}: {self.what}>"


def device_of(x: Any) -> str:
    """ "cpu" or "cuda"."""
    if hasattr(x, "__dlpack_device__"):
        return "cuda" if int(x.__dlpack_device__()[0]) in (2, 13) else "cpu"
    return "cpu"


def rows_of(x: Any, dim: int) -> tuple[Any, tuple[int, ...]]:
    """A torch tensor as packed rows along `dim`, for implementations that take [rows, cols] only; and how to go back."""
    moved = x.movedim(dim, -1)
    return moved.reshape(-1, moved.shape[-1]).contiguous(), tuple(moved.shape[:-1])


def from_rows(pair: Any, batch: tuple[int, ...], k: int, dim: int) -> tuple[Any, ...]:
    return tuple(part.reshape(*batch, k).movedim(-1, dim) for part in pair)
