"""The teaching kernel of topkit/triton.py."""

import os

from ._base import Backend, cuda_missing, has


class Triton(Backend):
    name, what, package = "triton", "topkit/triton.py: two stages, to learn from", "triton"
    ties = "lowest"

    def missing(self):
        for module in ("torch", "triton"):
            if not has(module):
                return f"{module} is not installed"
        if os.environ.get("TRITON_INTERPRET") == "1":
            self.devices = ("cpu", "cuda")
            return None
        return cuda_missing()

    def refuses(self, x, k, dim, largest, sorted):
        from .. import triton
        from ._base import convert

        return triton.refuses(convert(x, "torch"), k)

    def run(self, x, k, dim, largest, sorted):
        from .. import triton

        return triton.topk(x, k, dim, largest, sorted)
