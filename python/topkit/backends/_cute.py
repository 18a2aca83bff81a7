"""QuACK's CuTe DSL kernel (Dao-AILab/quack, package quack-kernels): one row in the registers of a few threads."""

from .._call import dtype_name
from ._base import Backend, cuda_missing, from_rows, has, rows_of

LEAST_COLS = 8  # of 16 bits in 16 bytes


class Cute(Backend):
    name, what, package = "cute", "quack.topk of quack-kernels, in the CuTe DSL", "quack-kernels"
    exact = False  # float32: the index replaces the low mantissa bits, and values come back without them
    nan = "undefined"

    def missing(self):
        if (why := cuda_missing()) is not None:
            return why
        lacking = [package for module, package in (("quack", "quack-kernels"), ("cutlass", "nvidia-cutlass-dsl")) if not has(module)]
        return f"{lacking[0]} is not installed" if lacking else None

    def refuses(self, x, k, dim, largest, sorted):
        cols = x.shape[dim]
        if not largest:
            return "largest = False: it selects the largest only"
        if cols > 4096 or cols & (cols - 1):
            return f"cols = {cols}: must be a power of two, at most 4096"
        if cols < LEAST_COLS:
            return f"cols = {cols}: must be at least {LEAST_COLS}, what one load of a thread takes"
        if k < 1 or k > 128 or k & (k - 1):
            return f"k = {k}: must be a power of two, at most 128"
        if dtype_name(x.dtype) not in ("float32", "float16", "bfloat16"):
            return f"x.dtype = {dtype_name(x.dtype)}: must be float32, float16 or bfloat16"
        return None

    def run(self, x, k, dim, largest, sorted):
        from quack.topk import topk

        rows, batch = rows_of(x, dim)
        values, indices = topk(rows, k)[:2]
        return from_rows((values, indices.long()), batch, k, dim)
