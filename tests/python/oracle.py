"""What topkit must answer: a stable sort. The order is total, so there is one right answer and it is compared bit for bit."""

import numpy as np


def ranks(row: np.ndarray, largest: bool, nan: str) -> np.ndarray:
    """Sorts ascending, stably, into the order of winners: equal keys have equal ranks, -0 and +0 too."""
    if row.dtype.kind in "iu":
        _, rank = np.unique(row, return_inverse=True)
        return -rank.astype(np.int64) if largest else rank.astype(np.int64)
    numbers = row.astype(np.float64)  # exact for every floating type that topkit takes
    is_nan = np.isnan(numbers)
    _, rank = np.unique(np.where(is_nan, 0, numbers), return_inverse=True)
    rank = rank.astype(np.int64) + 1
    rank = -rank if largest else rank
    beyond = len(row) + 2
    return np.where(is_nan, -beyond if largest and nan == "largest" else beyond, rank)


def winners(row: np.ndarray, k: int, largest: bool = True, nan: str = "largest") -> np.ndarray:
    return np.argsort(ranks(row, largest, nan), kind="stable")[:k]


def topk(x: np.ndarray, k: int, axis: int = -1, largest: bool = True, nan: str = "largest") -> np.ndarray:
    """The indices of the winners, best first."""
    return np.apply_along_axis(winners, axis, x, k, largest, nan) if x.size else np.empty(shape(x, k, axis), np.int64)


def shape(x: np.ndarray, k: int, axis: int) -> tuple:
    out = list(x.shape)
    out[axis] = k
    return tuple(out)


def bits(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}")


def assert_winners(result, x: np.ndarray, k: int, axis: int = -1, largest: bool = True, nan: str = "largest") -> None:
    """values and indices, NumPy arrays, are the answer, and the values are bitwise the input's."""
    values, indices = result
    expected = topk(x, k, axis, largest, nan)
    assert values.shape == indices.shape == shape(x, k, axis)
    assert values.dtype == x.dtype
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(bits(values), bits(np.take_along_axis(x, expected, axis)))
