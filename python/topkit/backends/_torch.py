"""torch.topk: radix selection and a sort on CUDA, a partial sort on the CPU."""

from .._call import dtype_name
from ._base import Backend, has


class Torch(Backend):
    name, what, package = "torch", "torch.topk", "torch"
    devices = ("cpu", "cuda")
    scalars = True

    def missing(self):
        return None if has("torch") else "torch is not installed"

    def refuses(self, x, k, dim, largest, sorted):
        name = dtype_name(x.dtype)
        missing = name.startswith(("float8", "uint16", "uint32", "uint64"))
        return f"x.dtype = {name}: torch.topk has no such type" if missing else None

    def run(self, x, k, dim, largest, sorted):
        import torch

        return torch.topk(x, k, dim, largest, sorted)
