"""FlashInfer's radix top-k."""

from .._call import dtype_name
from ._base import Backend, cuda_missing, from_rows, has, rows_of


OTHER = 16 << 10  # bytes of a block's shared memory that hold no elements, and more


def longest_row(x) -> int:
    """The elements that all multiprocessors hold in shared memory. FlashInfer 0.7.2 starts as many blocks as a row needs, each of
    which waits for the others, whether or not they run at once."""
    import torch

    gpu = torch.cuda.get_device_properties(x.device if isinstance(x, torch.Tensor) else None)
    return gpu.multi_processor_count * (gpu.shared_memory_per_block_optin - OTHER) // (4 if dtype_name(x.dtype) == "float32" else 2)


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
        if (cols := x.shape[dim]) > (most := longest_row(x)):
            return f"cols = {cols}: must be at most {most} on this GPU, else its blocks wait for ever for those that have no place"
        return None

    def run(self, x, k, dim, largest, sorted):
        import flashinfer

        rows, batch = rows_of(x, dim)
        return from_rows(flashinfer.top_k(rows, k, sorted=sorted), batch, k, dim)
