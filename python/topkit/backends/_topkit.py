"""topkit itself, and each of its algorithms by name: topkit, topkit:sampled, ..."""

from .._errors import UnsupportedError
from .._topk import algorithms, explain, topk
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
        device = str(getattr(x, "device", "cpu"))
        try:
            explain(x, k, dim, largest, sorted, algorithm=self.algorithm, device=device if device.startswith("cuda") else "cpu")
        except UnsupportedError as why:
            return str(why).partition(", but the problem")[0]
        return None

    def run(self, x, k, dim, largest, sorted):
        return topk(x, k, dim, largest, sorted, algorithm=self.algorithm)

    def topk(self, x, k, dim=-1, largest=True, sorted=True):
        if device_of(x) not in self.devices:
            return Backend.topk(self, x, k, dim, largest, sorted)  # which refuses it in words
        return self.run(x, k, dim, largest, sorted)


def all_of_topkit() -> list[Backend]:
    forced = [Algorithm(name, device) for device in ("cpu", "cuda") for name in algorithms(device)]
    return [Topkit(), *forced]
