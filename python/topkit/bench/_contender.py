"""One implementation on one case: its calls, its samples, and the line that is made of them."""

import itertools
import statistics
from collections.abc import Iterable, Iterator
from typing import Any

from .. import backends
from ..backends import _base
from ._cases import Case
from ._inputs import DIFFERENT
from ._verify import complaint


class Contender:
    def __init__(self, backend: backends.Backend, case: Case, inputs: list[Any]):
        self.backend, self.case, self.inputs = backend, case, inputs
        # What is timed takes arrays of the implementation's own framework: nobody pays for another one's.
        self.own = inputs if backend.kind == "any" else [_base.convert(x, backend.kind) for x in inputs]
        self.ordered = case.order == "value"
        self.waits = backend.own_stream and case.device == "cpu"  # JAX returns before it has computed
        self.prepared: Any = None  # the timer's
        self.unrecorded: Exception | None = None  # why the timer has no graph of it, where it tried
        self.hot: list[float] = []
        self.cold: list[float] = []

    def call(self, i: int) -> None:
        self.result = self.backend.run(self.own[i], self.case.k, -1, True, self.ordered)
        if self.waits:
            self.backend.wait(self.result)

    def wait(self) -> None:
        """Until the last call has its result."""
        self.backend.wait(self.result)

    def complaint(self, replayed: Iterable[tuple[int, Any]] = ()) -> str:
        """What is wrong with the answers, of calls made now and of what was timed: (input, result)."""
        for i, (values, indices) in itertools.chain(self.answers(), replayed):
            if words := complaint(self.case, self.inputs[i], values, indices, self.ordered and not self.backend.gradual):
                return words
        return ""

    def answers(self) -> Iterator[tuple[int, Any]]:
        for i in range(len(self.inputs[:DIFFERENT])):
            self.call(i)
            self.wait()
            yield i, self.result

    def line(self, complaint: str, threads: int, origin: dict) -> dict:
        case, hot = self.case, statistics.median(self.hot)
        version = self.backend.version()
        ours = self.backend.name.startswith("topkit")
        return {
            "case": case.name,
            "suite": case.suite,
            "op": "topk",
            **{key: getattr(case, key) for key in ("dtype", "rows", "cols", "k", "order", "distribution", "device", "cache")},
            "threads": threads,
            "peer": "topkit" if ours else f"{self.backend.name} {version}".rstrip(),
            "algorithm": (forced := self.backend.name.partition(":")[2]),
            **({"forced": True} if forced else {}),
            "hot_us": round(hot, 3),
            "cold_us": round(statistics.median(self.cold), 3) if self.cold else None,
            "rounds": len(self.hot),
            "mad_us": deviation(self.hot),
            "cold_mad_us": deviation(self.cold),
            "floor_us": None,
            "floor_cold_us": None,
            "roof_percent": None,
            "verified": not complaint,
            **origin,
        }


def deviation(samples: list[float]) -> float | None:
    """The median one from the median."""
    if not samples:
        return None
    middle = statistics.median(samples)
    return round(statistics.median(abs(us - middle) for us in samples), 3)
