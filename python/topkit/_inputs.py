"""Inputs by name, as bench/distributions.hpp names them: each breaks some way of selecting."""

import numpy as np

# name -> (row, random) -> float64 row
DISTRIBUTIONS = {
    "normal": lambda n, random: random.standard_normal(n),
    "uniform": lambda n, random: random.random(n),
    "all_equal": lambda n, random: np.full(n, 1.5),
    "two_values": lambda n, random: random.integers(0, 2, n).astype(float),
    "ascending": lambda n, random: np.sort(random.standard_normal(n)),
    "descending": lambda n, random: np.sort(random.standard_normal(n))[::-1],
    "same_leading_bits": lambda n, random: 1024 + random.random(n),
    "infinities": lambda n, random: np.where(random.random(n) < 0.1, random.choice([np.inf, -np.inf], n), random.random(n)),
    "nan": lambda n, random: np.where(random.random(n) < 0.05, np.nan, random.standard_normal(n)),
    "zeros": lambda n, random: random.choice([0.0, -0.0], n),
}


def raw(name: str, dtype: str, rows: int, cols: int, seed: int = 0) -> np.ndarray:
    """[rows, cols] of a NumPy type; bfloat16 as uint16 of its bits (truncated, so that every value is one of the type)."""
    random = np.random.default_rng(seed)
    x = np.stack([DISTRIBUTIONS[name](cols, random) for _ in range(rows)]) if rows else np.empty((0, cols))
    if dtype == "bfloat16":
        return (x.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    if dtype.startswith(("int", "uint")):
        limits = np.iinfo(dtype)
        x = np.nan_to_num(x * 50, posinf=float(limits.max), neginf=float(limits.min))
        return np.clip(x, max(limits.min, -(2.0**52)), min(limits.max, 2.0**52)).astype(dtype)
    return x.astype(dtype)


def numbers(x: np.ndarray, dtype: str) -> np.ndarray:
    """As numbers that compare as the type's do."""
    return (x.astype(np.uint32) << 16).view(np.float32) if dtype == "bfloat16" else x


def winners(x: np.ndarray, k: int, largest: bool = True, nan: str = "largest") -> np.ndarray:
    """The indices of the k best of every row by a stable sort: key first, then the lower index. x: numbers()."""
    out = np.empty((x.shape[0], k), np.int64)
    for row, wanted in zip(x, out):
        is_nan = np.isnan(row) if row.dtype.kind == "f" else np.zeros(row.shape, bool)
        _, rank = np.unique(np.where(is_nan, row.dtype.type(0), row), return_inverse=True)
        rank = rank.astype(np.int64) + 1
        beyond = row.size + 2
        rank = np.where(is_nan, -beyond if largest and nan == "largest" else beyond, -rank if largest else rank)
        wanted[:] = np.argsort(rank, kind="stable")[:k]
    return out


def on_device(x: np.ndarray, dtype: str, device: str):
    """A torch tensor where torch is, else the array itself (CPU only)."""
    try:
        import torch
    except ImportError:
        return x
    tensor = torch.from_numpy(x.view(np.int16) if dtype == "bfloat16" else x)
    return (tensor.view(torch.bfloat16) if dtype == "bfloat16" else tensor).to(device)


def to_host(array, dtype: str) -> np.ndarray:
    """Back, as raw() made it."""
    if hasattr(array, "detach"):
        import torch

        array = array.detach().cpu()
        return array.contiguous().view(torch.int16).numpy().view(np.uint16) if dtype == "bfloat16" else array.numpy()
    return np.asarray(array)
