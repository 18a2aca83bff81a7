"""What is asked of the shapes of arguments, in every framework."""

import math
from collections.abc import Callable
from typing import Any

from ._errors import ArgumentError, AxisError


def normal_axis(dim: int, ndim: int) -> int:
    if not -ndim <= dim < ndim:
        axes = f"must be in {-ndim}..{ndim - 1}, x has {ndim} axes" if ndim else "x has no axis"
        raise AxisError(f"dim = {dim}: {axes}")
    return dim % ndim


def check_k(k: int, cols: int, padded: bool) -> None:
    if k < 0 or (k > cols and not padded):
        raise ArgumentError(f"k = {k}: must be in 0..{cols}, the length of the selected axis of x")


def collapses(shape: tuple[int, ...], strides: tuple[int, ...], axis: int, step: int) -> bool:
    """True when the rows along `axis` are packed and one stride leads from each to the next: what CUDA takes."""
    if shape[axis] > 1 and strides[axis] != step:
        return False
    reach = None  # the stride that the next outer axis must have
    for i in reversed(range(len(shape))):
        if i == axis or shape[i] == 1:
            continue
        if reach is not None and strides[i] != reach:
            return False
        reach = strides[i] * shape[i]
    return True


def check_k_of_parts(k: int, shape: tuple[int, ...]) -> None:
    if not 0 <= k <= shape[0] * shape[2]:
        raise ArgumentError(f"k = {k}: must be in 0..{shape[0] * shape[2]}, the candidates of a row (parts * width)")


def flat_rows(name: str, value: Any, batch: tuple[int, ...]) -> Any:
    """[rows] of an array of any framework that has one number a row."""
    shape, rows = tuple(value.shape), math.prod(batch)
    if shape not in (batch, (rows,)):
        raise ArgumentError(f"{name}.shape = {shape}: must be {batch}, one entry a row")
    return value if len(shape) == 1 else value.reshape(rows)


def flat_ids(value: Any, x: Any, axis: int, moveaxis: Callable) -> Any:
    """[cols], or [rows, cols] of one that has x's shape."""
    cols, shape = x.shape[axis], tuple(value.shape)
    if shape == tuple(x.shape):
        return moveaxis(value, axis, -1).reshape(-1, cols)
    if shape != (cols,):
        raise ArgumentError(f"ids.shape = {shape}: must be {(cols,)} or {tuple(x.shape)}")
    return value
