"""Is it the answer? A small case is judged on the host, as topkit.validate does; a large one by counting, where it lies."""

from typing import Any

import numpy as np

from .._call import dtype_name
from .._inputs import to_host
from .._kinds import kind_of
from ..backends import _base
from ..validate import judge
from ._cases import Case
from ._inputs import SMALL_BYTES

COMPARED = ("float32", "float16", "bfloat16", "float64", "int8", "int16", "int32", "int64", "uint8")  # by torch


def complaint(case: Case, x: Any, values: Any, indices: Any, ordered: bool) -> str:
    """What is wrong with the answer to input x, "" when nothing is. ordered: best first is asked for too."""
    if kind_of(x) == "torch" and case.bytes > SMALL_BYTES:
        values, indices = (_base.convert(part, "torch") for part in (values, indices))
        words = complaint_by_counting(x, values, indices, case.k, ordered)
        if words is not None:
            return words
    values, indices = (_to_numpy(part, x, dtype) for part, dtype in ((values, dtype_name(case.dtype)), (indices, "int64")))
    verdict = judge(to_host(x, dtype_name(case.dtype)), dtype_name(case.dtype), values, indices, case.k, True)
    if not verdict.exact:
        return verdict.words
    return "" if verdict.sorted or not ordered else "not in order"


def _to_numpy(part: Any, x: Any, dtype: str) -> np.ndarray:
    # By way of the input's framework: NumPy takes neither arrays of a GPU nor a bfloat16.
    if kind_of(x) == "torch" and kind_of(part) != "numpy":
        part = _base.convert(part, "torch")
    return to_host(part, dtype)


def complaint_by_counting(x: Any, values: Any, indices: Any, k: int, ordered: bool) -> str | None:
    """Of tensors [rows, ..]; None where it cannot tell.

    k different places whose worst element is w are the k best when every element above w is among them. That needs no sort
    and shares no code with any that is judged.
    """
    import torch

    rows, cols = x.shape
    if dtype_name(x.dtype) not in COMPARED or (x.dtype.is_floating_point and bool(x.isnan().any())):  # NaN is above nothing
        return None
    if tuple(values.shape) != (rows, k) or tuple(indices.shape) != (rows, k):
        return f"shape {tuple(values.shape)}, {tuple(indices.shape)}: must be {(rows, k)}"
    indices = indices.long()
    if int(indices.min()) < 0 or int(indices.max()) >= cols:
        return f"index {int(indices.min())}..{int(indices.max())} is not in 0..{cols - 1}"
    placed = indices.sort(dim=-1).values
    if bool((placed[:, 1:] == placed[:, :-1]).any()):
        return "an index twice in a row"
    taken = x.gather(1, indices)
    worst = taken.amin(dim=-1, keepdim=True)
    if not torch.equal((x > worst).sum(-1), (taken > worst).sum(-1)):
        return "a better element was left out"
    bits = getattr(torch, f"int{8 * x.dtype.itemsize}")
    if values.dtype != x.dtype or not torch.equal(taken.view(bits), values.contiguous().view(bits)):
        return "values are not the input's bits"
    if ordered and bool((taken[:, 1:] > taken[:, :-1]).any()):
        return "not in order"
    return ""
