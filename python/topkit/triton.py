"""Top-k in Triton, to learn from: two stages, exact, for any vocabulary.

`topkit.topk` is faster. This file shows in 100 lines what a GPU top-k has to get right, and which of it decides speed.

LESSON 1: select keys, not values. A float and its index become one 64-bit integer, so one comparison decides the whole
order (value, then lower index), the sort moves one thing, and the answer is unique: the same in any batch, every run.

LESSON 2: a row does not fit one program. Stage 1 cuts it into tiles, one program a tile, and keeps each tile's k best:
whatever is best of the row is best of its tile. Stage 2 selects from those, which are few. Two launches, and the row is
read once: from memory's point of view nothing better exists.

LESSON 3: where time goes. Stage 1 sorts every tile although nearly all of it loses; topkit finds a bound first, and sorts
only what passes it. Stage 2 has one program a row, so with few rows the device idles; topkit lets a cluster share the row.
"""

import torch
import triton
import triton.language as tl

from ._call import TopK, integer
from ._errors import ArgumentError, DTypeError, UnsupportedError

LOG_TILE = tl.constexpr(10)  # keys of one program: in registers, where much more would spill
TILE = 1024
MAX_K = TILE
TYPES = (torch.float32, torch.float16, torch.bfloat16, torch.int8, torch.int16, torch.int32, torch.uint8)

# Below every key: what fills the places beyond the end of a row.
NOTHING = tl.constexpr(-(1 << 63))


@triton.jit
def ordered_bits(x, largest: tl.constexpr):
    """int32 that compares as x does; equal numbers have equal bits."""
    if x.dtype.is_floating():
        x = x.to(tl.float32)  # exact: every 16-bit float is a float32
        bits = x.to(tl.int32, bitcast=True)
        # Positive floats compare as their bits do. Negative ones compare backwards: flip all but the sign.
        bits = tl.where(bits < 0, bits ^ 0x7FFFFFFF, bits)
        bits = tl.where(x == 0, 0, bits)  # -0 is 0
        bits = tl.where(x != x, 0x7FFFFFFF, bits)  # every NaN is the largest
    else:
        bits = x.to(tl.int32)
    return bits if largest else ~bits


@triton.jit
def pack(x, index, largest: tl.constexpr):
    """High half: the value. Low half: the index, complemented, because of two equal values the lower index is better."""
    return (ordered_bits(x, largest).to(tl.int64) << 32) | (0xFFFFFFFF - index.to(tl.int64))


@triton.jit
def sort(key, place, LOG_N: tl.constexpr, descending: tl.constexpr):
    """Batcher's bitonic sort of 2^LOG_N keys. Every step compares each key with the one `stride` away and keeps one of both."""
    for level in tl.static_range(1, LOG_N + 1):
        for step in tl.static_range(level):
            size = 1 << level
            stride = 1 << (level - 1 - step)
            other = tl.gather(key, place ^ stride, 0)
            # Runs of `size` alternate in direction, so that two neighbours together are bitonic for the next level.
            first = (place & stride) == 0
            forward = (place & size) == 0 if descending else (place & size) != 0
            key = tl.where(first == forward, tl.maximum(key, other), tl.minimum(key, other))
    return key


@triton.jit
def best_of_tile(x, keys, cols, row_stride, tiles, K: tl.constexpr, TILE: tl.constexpr, largest: tl.constexpr):
    """Stage 1. Program (row, tile): the K best keys of TILE neighbouring columns, best first."""
    row, tile = tl.program_id(0).to(tl.int64), tl.program_id(1)
    place = tl.arange(0, TILE)
    column = tile * TILE + place
    inside = column < cols
    values = tl.load(x + row * row_stride + column, mask=inside, other=0)
    key = tl.where(inside, pack(values, column, largest), NOTHING)
    tl.store(keys + (row * tiles + tile) * K + place, sort(key, place, LOG_TILE, True), mask=place < K)


@triton.jit
def best_of_row(x, keys, values, indices, row_stride, candidates, k, TILE: tl.constexpr):
    """Stage 2. Program (row): the best of all tiles' keys, TILE of them at a time, and the values they stand for."""
    row = tl.program_id(0).to(tl.int64)
    place = tl.arange(0, TILE)
    best = sort(tl.load(keys + row * candidates + place, mask=place < candidates, other=NOTHING), place, LOG_TILE, True)
    for start in range(TILE, candidates, TILE):
        more = tl.load(keys + row * candidates + start + place, mask=start + place < candidates, other=NOTHING)
        # Best first against best last: the larger of each pair are exactly the TILE best of both (Batcher's half cleaner).
        best = sort(tl.maximum(best, sort(more, place, LOG_TILE, False)), place, LOG_TILE, True)
    index = 0xFFFFFFFF - (best & 0xFFFFFFFF)
    wanted = place < k
    # Values are read back from the row: bitwise the input's, whatever happened to the key.
    tl.store(values + row * k + place, tl.load(x + row * row_stride + index, mask=wanted, other=0), mask=wanted)
    tl.store(indices + row * k + place, index, mask=wanted)


def interpreted() -> bool:
    """TRITON_INTERPRET=1: the kernels run as NumPy on the CPU, slowly."""
    return bool(triton.knobs.runtime.interpret)


def refuses(x, k: int) -> str | None:
    if x.dtype not in TYPES:
        return f"x.dtype = {x.dtype}: must be one of {', '.join(map(str, TYPES))} (the key has 32 bits for the value)"
    if k > MAX_K:
        return f"k = {k}: must be at most {MAX_K}, what a tile holds in registers"
    if x.device.type != "cuda" and not interpreted():
        return f"x is on {x.device}: Triton needs a GPU, or TRITON_INTERPRET=1 to be interpreted"
    return None


def topk(x: torch.Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> TopK:
    """The k best along `dim`, best first, lower index first among equals; k <= 1024, types of at most 32 bits."""
    from .torch._eager import normal_axis

    k, dim = integer("k", k), normal_axis(integer("dim", dim), x.ndim)
    cols = x.shape[dim] if x.ndim else 0
    if not 0 <= k <= cols:
        raise ArgumentError(f"k = {k}: must be in 0..{cols}, the length of the selected axis of x")
    if (why := refuses(x, k)) is not None:
        raise (DTypeError if "dtype" in why else UnsupportedError)(why)
    rows = x.movedim(dim, -1).reshape(-1, cols)
    if rows.stride(-1) != 1:
        rows = rows.contiguous()
    values = torch.empty((rows.shape[0], k), dtype=x.dtype, device=x.device)
    indices = torch.empty((rows.shape[0], k), dtype=torch.int64, device=x.device)
    if values.numel():
        tiles = triton.cdiv(cols, TILE)
        keys = torch.empty((rows.shape[0], tiles * k), dtype=torch.int64, device=x.device)
        best_of_tile[(rows.shape[0], tiles)](rows, keys, cols, rows.stride(0), tiles, K=k, TILE=TILE, largest=bool(largest))
        best_of_row[(rows.shape[0],)](rows, keys, values, indices, rows.stride(0), tiles * k, k, TILE=TILE)
    shape = (*x.movedim(dim, -1).shape[:-1], k)
    return TopK(values.reshape(shape).movedim(-1, dim), indices.reshape(shape).movedim(-1, dim))
