"""What a case is measured on: copies in memory of their own, so that they can be cold."""

from typing import Any

from .._call import dtype_name
from .._inputs import on_device, raw
from .._kinds import kind_of
from ._cases import Case

DIFFERENT = 4  # inputs that are judged
SMALL_BYTES = 256 << 10  # an input that the host makes and judges in milliseconds; it is the oracle's own road
FLOATS = ("float32", "float16", "bfloat16", "float64")


def missing(case: Case) -> str | None:
    """Why nobody can be asked about this case here."""
    if dtype_name(case.dtype) != "bfloat16":
        return None
    try:
        import torch  # noqa: F401
    except ImportError:
        return "torch is not installed, and NumPy has no bfloat16"
    return None


def inputs(case: Case, copies: int) -> list[Any]:
    """`copies` arrays. The first DIFFERENT differ, those after them may repeat them."""
    dtype = dtype_name(case.dtype)
    if case.device == "cuda" and case.distribution == "normal" and case.bytes > SMALL_BYTES and dtype in FLOATS:
        return [normal_on_device(case, dtype, seed) for seed in range(copies)]
    made = [
        on_device(raw(case.distribution, dtype, case.rows, case.cols, seed), dtype, case.device)
        for seed in range(min(copies, DIFFERENT))
    ]
    again = [made[i % len(made)] for i in range(len(made), copies)]
    return made + [x.clone() if hasattr(x, "clone") else x.copy() for x in again]


def normal_on_device(case: Case, dtype: str, seed: int) -> Any:
    """The host would take minutes for the largest cases."""
    import torch

    random = torch.Generator(case.device).manual_seed(seed)
    drawn = torch.float64 if dtype == "float64" else torch.float32
    x = torch.randn((case.rows, case.cols), generator=random, dtype=drawn, device=case.device)
    return x.to(getattr(torch, dtype))


class Originals:
    """The inputs that are judged, as they were made: somebody who sorts in place would be right about what he left."""

    def __init__(self, arrays: list[Any]):
        self.arrays = arrays[:DIFFERENT]
        self.kept = [x.clone() if hasattr(x, "clone") else x.copy() for x in self.arrays]

    def intact(self) -> bool:
        """Puts back what was written to."""
        changed = [i for i, (x, kept) in enumerate(zip(self.arrays, self.kept)) if not same_bits(x, kept)]
        for i in changed:
            self.arrays[i][...] = self.kept[i]
        return not changed


def same_bits(x: Any, y: Any) -> bool:
    if kind_of(x) == "torch":
        import torch

        return torch.equal(x.view(torch.uint8), y.view(torch.uint8))
    return bool((x.view("u1") == y.view("u1")).all())
