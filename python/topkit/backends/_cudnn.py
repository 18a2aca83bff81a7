"""cuDNN has no top-k primitive. Its Python frontend (>= 1.25) ships the top-k of a sparse-attention indexer, for sm_90 and newer
(https://docs.nvidia.com/cudnn, "DeepSeek Sparse Attention")."""

from .._call import dtype_name
from ._base import Backend, convert, cuda_missing, from_rows, has, rows_of


class Cudnn(Backend):
    name, package = "cudnn", "nvidia-cudnn-frontend"
    what = "cuDNN has no top-k primitive; this is the indexer top-k of nvidia-cudnn-frontend"
    nan = "undefined"
    gradual = True

    def missing(self):
        if (why := cuda_missing()) is not None:
            return why
        if not has("cudnn"):
            return "nvidia-cudnn-frontend is not installed (cuDNN itself has no top-k primitive)"
        found = tuple(int(part) for part in self.version().split(".")[:2] if part.isdigit())
        if found < (1, 25):
            return f"nvidia-cudnn-frontend {self.version()}: its indexer top-k came with 1.25"
        return None if has("cutlass") else "nvidia-cutlass-dsl, in which its indexer top-k is written, is not installed"

    def refuses(self, x, k, dim, largest, sorted):
        if not largest:
            return "largest = False: it selects the largest only"
        if dtype_name(x.dtype) not in ("float32", "float16", "bfloat16"):
            return f"x.dtype = {dtype_name(x.dtype)}: must be float32, float16 or bfloat16"
        found = capability(x)
        if found < (9, 0):
            return f"the device is sm_{found[0]}{found[1]}: the indexer top-k needs sm_90 or newer"
        return None

    def run(self, x, k, dim, largest, sorted):
        import torch
        from cudnn.deepseek_sparse_attention.indexer_top_k import indexer_top_k_wrapper

        rows, batch = rows_of(x, dim)
        lengths = torch.full((rows.shape[0],), rows.shape[1], dtype=torch.int32, device=rows.device)
        result = indexer_top_k_wrapper(rows, lengths, top_k=k, next_n=1, return_val=True)
        return from_rows((result["values"], result["indices"].long()), batch, k, dim)


def capability(x) -> tuple[int, int]:
    import torch

    return torch.cuda.get_device_capability(convert(x, "torch").device)
