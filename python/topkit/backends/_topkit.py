"""topkit itself, and each of its algorithms by name: topkit, topkit:sampled, ..."""

from .._topk import algorithms, topk
from ._base import Backend, device_of


class Topkit(Backend):
    name, what, kind, package = "topkit", "the plan chooses among the algorithms", "any", "topkit"
    devices = ("cpu", "cuda")
    ties = "lowest"

    def missing(self):
        return None

    def run(self, x, k, dim, largest, sorted):
        return topk(x, k, dim, largest, sorted)

    def topk(self, x, k, dim=-1, largest=True, sorted=True):
        return self.run(x, k, dim, largest, sorted)


class Algorithm(Topkit):
    def __init__(self, algorithm: str, device: str):
        self.algorithm, self.devices = algorithm, (device,)
        self.name, self.what = f"topkit:{algorithm}", f"the algorithm {algorithm} on {device}, forced"

    def missing(self):
        from .. import _native

        if self.devices == ("cuda",) and not (_native.FOLDER / "libtopkit_cuda.so").exists():
            return "topkit was built without its CUDA engine"
        return None

    def refuses(self, x, k, dim, largest, sorted):
        return "k: this algorithm is for k <= 1" if self.algorithm == "argmax" and k > 1 else None

    def run(self, x, k, dim, largest, sorted):
        return topk(x, k, dim, largest, sorted, algorithm=self.algorithm)

    def topk(self, x, k, dim=-1, largest=True, sorted=True):
        if device_of(x) not in self.devices:
            return Backend.topk(self, x, k, dim, largest, sorted)  # which refuses it in words
        return self.run(x, k, dim, largest, sorted)


def all_of_topkit() -> list[Backend]:
    forced = [Algorithm(name, device) for device in ("cpu", "cuda") for name in algorithms(device)]
    return [Topkit(), *forced]
