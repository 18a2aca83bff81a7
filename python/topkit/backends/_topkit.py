"""topkit itself, and each of its algorithms by name: topkit, topkit:sampled, topkit:sampled/avx2, ..."""

from .._errors import UnsupportedError
from .._explain import plan_of
from .._topk import algorithms, info, topk
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
            plan_of(x, k, dim, largest, sorted, algorithm=self.algorithm, device=device if device.startswith("cuda") else "cpu")
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
    isas = ["", *(f"/{isa}" for isa in info()["isas"])]
    forced = [Algorithm(name + isa, "cpu") for name in algorithms("cpu") for isa in isas]
    forced += [Algorithm(name, "cuda") for name in algorithms("cuda")]
    return [Topkit(), *forced]
