"""FlashInfer's radix top-k."""

from .._call import dtype_name
from ._base import Backend, cuda_missing, from_rows, has, rows_of


class Flashinfer(Backend):
    name, what, package = "flashinfer", "flashinfer.top_k: radix selection", "flashinfer-python"
    nan = "undefined"

    def missing(self):
        return cuda_missing() or (None if has("flashinfer") else "flashinfer-python is not installed")

    def refuses(self, x, k, dim, largest, sorted):
        if not largest:
            return "largest = False: it selects the largest only"
        if dtype_name(x.dtype) not in ("float32", "float16", "bfloat16"):
            return f"x.dtype = {dtype_name(x.dtype)}: must be float32, float16 or bfloat16"
        return None

    def run(self, x, k, dim, largest, sorted):
        import flashinfer

        rows, batch = rows_of(x, dim)
        return from_rows(flashinfer.top_k(rows, k, sorted=sorted), batch, k, dim)
