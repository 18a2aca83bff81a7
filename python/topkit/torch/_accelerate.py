"""torch.topk on topkit: for the calls that topkit is better at, and torch's own kernel for the rest.

aten::topk is replaced under its backend key alone, so autograd, vmap and the compiler stay torch's and every caller is
served, Tensor.topk and C++ too. torch.topk(out=...) is another operator and stays as it is.
"""

import contextlib
import threading
import warnings
from collections import Counter

import torch

from . import _eager

# On the CPU the detour through Python costs about as much as torch.topk over this many elements (docs/python.md).
CPU_ELEMENTS = 4096

_lock = threading.Lock()
_libraries: list = []
_depth = 0
_calls: Counter = Counter()


def why_torch(x, k, dim) -> str | None:
    """Why a call stays with torch; None: topkit is better at it."""
    if x.dtype not in _eager.CODES or x.dtype in _NOT_IN_TORCH:
        return f"type {str(x.dtype).removeprefix('torch.')}"
    if x.ndim == 0 or x.numel() == 0 or k == 0:
        return "nothing to select from"
    if not -x.ndim <= dim < x.ndim or not 0 < k <= x.shape[dim]:
        return "an error, which torch reports"
    if x.is_cuda:
        return None if dim in (-1, x.ndim - 1) and x.is_contiguous() else "layout: on CUDA rows along another axis"
    return None if x.numel() >= CPU_ELEMENTS else f"small: under {CPU_ELEMENTS} elements"


_NOT_IN_TORCH = tuple(
    getattr(torch, name) for name in ("uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2") if hasattr(torch, name)
)


def _replacement(own):
    def topk(keys, x, k, dim=-1, largest=True, sorted=True):
        why = why_torch(x, k, dim)
        if why is None:
            pair = _eager.direct(x, k, dim, largest, sorted, 64)
            if pair is not None:
                _calls["topkit", x.device.type, ""] += 1
                return pair
            why = "topkit declined it"
        _calls["torch", x.device.type, why] += 1
        return own.call_boxed(keys, x, k, dim, largest, sorted)

    return topk


def _install() -> None:
    for key in ("CPU", "CUDA"):
        if key == "CUDA" and not torch.cuda.is_available():
            continue
        own = torch.library.get_kernel("aten::topk", key)
        library = torch.library.Library("aten", "IMPL")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a kernel is overridden is what was asked for
            library.impl("topk", _replacement(own), key, with_keyset=True)
        _libraries.append(library)


class _Active(contextlib.AbstractContextManager):
    def __exit__(self, *_):
        restore()


def accelerate() -> contextlib.AbstractContextManager:
    """torch.topk runs on topkit from here on; `restore()`, or leaving a `with topkit.torch.accelerate():`, undoes it."""
    global _depth
    if not hasattr(torch.library, "get_kernel"):
        raise NotImplementedError(f"torch {torch.__version__}: accelerate() needs torch.library.get_kernel (torch >= 2.9)")
    with _lock:
        if _depth == 0:
            _install()
        _depth += 1
    return _Active()


def restore() -> None:
    """Undoes one `accelerate()`."""
    global _depth
    with _lock:
        if _depth == 0:
            return
        _depth -= 1
        if _depth == 0:
            while _libraries:
                _libraries.pop()._destroy()


def active() -> bool:
    return _depth > 0


class Report(dict):
    """(who, device, why) -> calls; prints as a table."""

    def __str__(self) -> str:
        if not self:
            return "topkit: torch.topk was not called" if active() else "topkit: accelerate() is not on"
        lines = [f"{count:>9} x {who:<6} {device:<5} {why}".rstrip() for (who, device, why), count in sorted(self.items())]
        return "torch.topk went to\n" + "\n".join(lines)


def report(reset: bool = False) -> Report:
    """How many calls of torch.topk went where, and why, since the last reset."""
    result = Report(_calls)
    if reset:
        _calls.clear()
    return result
