"""RAFT's select_k by pylibraft, while it had it: the wheels for CUDA 13 (25.10 and later) have no pylibraft.matrix, and cuVS
uses select_k for its own searches without a Python name. `topkit bench` measures the C++ one (bench/peers)."""

from .._call import dtype_name
from ._base import Backend, cuda_missing, from_rows, has, rows_of


class Raft(Backend):
    name, what, package = "raft", "pylibraft.matrix.select_k", "pylibraft-cu13"
    nan = "undefined"
    gradual = True  # it orders or not as its own heuristic likes

    def missing(self):
        if (why := cuda_missing()) is not None:
            return why
        if not has("pylibraft"):
            return "pylibraft is not installed"
        return None if has("pylibraft.matrix") else f"pylibraft {self.version()} has no matrix.select_k any more"

    def refuses(self, x, k, dim, largest, sorted):
        return None if dtype_name(x.dtype) == "float32" else f"x.dtype = {dtype_name(x.dtype)}: must be float32"

    def run(self, x, k, dim, largest, sorted):
        import torch
        from pylibraft.common import DeviceResources
        from pylibraft.matrix import select_k

        rows, batch = rows_of(x, dim)
        values = torch.empty((rows.shape[0], k), dtype=rows.dtype, device=rows.device)
        indices = torch.empty((rows.shape[0], k), dtype=torch.int64, device=rows.device)
        handle = DeviceResources(torch.cuda.current_stream(rows.device).cuda_stream)
        select_k(rows, distances=values, indices=indices, select_min=not largest, handle=handle)
        if sorted:
            values, order = values.sort(dim=1, descending=largest, stable=True)
            indices = indices.gather(1, order)
        return from_rows((values, indices), batch, k, dim)
