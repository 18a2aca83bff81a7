"""What one answer is: exact, its tie rule, its order, its NaN rule; each found by comparison, never taken on trust."""

from dataclasses import dataclass

import numpy as np

from .._inputs import numbers, winners


def bits(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}")


@dataclass(frozen=True)
class Verdict:
    exact: bool  # the values are bits of x, at the indices given, and no better element was left out
    sorted: bool  # best first
    lowest: bool  # of equal keys the lower index won, in ascending order: the one answer
    nan: str  # "largest", "last" or "wrong" where the row has NaN, else ""
    words: str = ""  # what is wrong
    other_nan: bool = False  # not exact, because of a NaN it gives another NaN's bits


def same(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype.kind == "f":
        return bool(np.array_equal(a, b, equal_nan=True))
    return bool(np.array_equal(a, b))


def judge(x: np.ndarray, dtype: str, values: np.ndarray, indices: np.ndarray, k: int, largest: bool) -> Verdict:
    """x, values: raw arrays of [rows, ..]."""
    rows, cols = x.shape
    if values.shape != (rows, k) or indices.shape != (rows, k):
        return Verdict(False, False, False, "", f"shape {values.shape}, {indices.shape}: must be {(rows, k)}")
    if indices.size and (indices.min() < 0 or indices.max() >= cols):
        return Verdict(False, False, False, "", f"index {int(indices.min())}..{int(indices.max())} is not in 0..{cols - 1}")
    if any(len(np.unique(row)) != k for row in indices):
        return Verdict(False, False, False, "", "an index twice in a row")
    taken = np.take_along_axis(x, indices.astype(np.int64), -1)
    given = values.astype(x.dtype, copy=False)
    differ = bits(taken) != bits(given)
    number, got = numbers(x, dtype), numbers(taken, dtype)
    honest = not differ.any()
    other_nan = not honest and number.dtype.kind == "f" and bool(np.isnan([got[differ], numbers(given, dtype)[differ]]).all())
    has_nan = number.dtype.kind == "f" and bool(np.isnan(number).any())
    for nan in ("largest", "last"):
        best = winners(number, k, largest, nan)
        wanted = np.take_along_axis(number, best, -1)
        if not same(np.sort(got, -1), np.sort(wanted, -1)):
            continue
        ordered = same(got, wanted)
        rule = nan if has_nan and largest else ""
        words = "" if honest else "the bits of a NaN are not the input's" if other_nan else "values are not the input's bits"
        return Verdict(honest, ordered, bool(np.array_equal(best, indices)), rule, words, other_nan)
    return Verdict(False, False, False, "wrong" if has_nan else "", "a better element was left out")
