"""One case: everybody who can do it takes turns, so that what disturbs one disturbs all; then every answer is judged."""

import json
import pathlib
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .. import backends
from .._call import dtype_name
from .._inputs import on_device, raw, to_host
from ..validate import judge

CASES = pathlib.Path(__file__).parent.parent / "data" / "cases.json"
LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Case:
    name: str
    device: str
    dtype: str  # as the command line spells it: f32
    rows: int
    cols: int
    k: int
    order: str = "value"
    distribution: str = "normal"
    cache: str = "l3"
    suite: str = ""

    @property
    def bytes(self) -> int:
        sizes = {"f64": 8, "i64": 8, "u64": 8, "f32": 4, "i32": 4, "u32": 4, "f16": 2, "bf16": 2, "i16": 2, "u16": 2}
        return self.rows * self.cols * sizes.get(self.dtype, 1)


def cases(device: str, names: list[str] | None = None) -> list[Case]:
    """Of bench/cases.json; a name that ends in * takes all that begin so."""
    fields = Case.__dataclass_fields__
    all_of_them = [Case(**{key: row[key] for key in row if key in fields}) for row in json.loads(CASES.read_text())]
    here = [case for case in all_of_them if case.device == device]
    if not names:
        return here
    wanted = [c for c in here if any(c.name == n or (n.endswith("*") and c.name.startswith(n[:-1])) for n in names)]
    if not wanted:
        raise LookupError(f"case = {', '.join(names)}: none of {', '.join(case.name for case in here)}")
    return wanted


class Contender:
    def __init__(self, backend: backends.Backend, case: Case, inputs: list):
        self.backend, self.case, self.inputs = backend, case, inputs
        self.hot: list[float] = []
        self.cold: list[float] = []

    def call(self, i: int) -> None:
        self.result = self.backend.topk(self.inputs[i], self.case.k, -1, True, self.case.order == "value")

    def verified(self, hosts: list) -> bool:
        dtype = dtype_name(self.case.dtype)
        for i, host in enumerate(hosts):
            self.call(i)
            values, indices = (to_host(part, kind) for part, kind in zip(self.result, (dtype, "int64")))
            verdict = judge(host, dtype, values, indices, self.case.k, True)
            if not verdict.exact or (self.case.order == "value" and not verdict.sorted and not self.backend.gradual):
                return False
        return True

    def line(self, hosts: list, threads: int, origin: dict) -> dict:
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
            "algorithm": self.backend.name.partition(":")[2],
            "hot_us": round(hot, 3),
            "cold_us": round(statistics.median(self.cold), 3) if self.cold else None,
            "rounds": len(self.hot),
            "mad_us": deviation(self.hot),
            "cold_mad_us": deviation(self.cold),
            "floor_us": None,
            "floor_cold_us": None,
            "roof_percent": None,
            "verified": self.verified(hosts),
            **origin,
        }


def deviation(samples: list[float]) -> float | None:
    """The median one from the median."""
    if not samples:
        return None
    middle = statistics.median(samples)
    return round(statistics.median(abs(us - middle) for us in samples), 3)


def contenders(case: Case, names: list[str], inputs: list) -> tuple[list[Contender], list[str]]:
    """Who can do it, and one line for each who cannot."""
    able, refused = [], []
    for name in names:
        backend = backends.get(name)
        if (why := backend.why_not(inputs[0], case.k, -1, True, case.order == "value")) is None:
            able.append(Contender(backend, case, inputs))
        else:
            refused.append(f"{name}: {why}")
    return able, refused


def measure(
    case: Case, names: list[str], timer, rounds: int, origin: dict, tick: Callable[[int], None] = lambda round: None
) -> Iterator[dict]:
    """Yields a line a contender. Interrupted by Ctrl-C after a few rounds it still yields, and then lets it through."""
    dtype = dtype_name(case.dtype)
    copies = timer.copies(case)
    hosts = [raw(case.distribution, dtype, case.rows, case.cols, seed) for seed in range(min(copies, 4))]
    inputs = [on_device(hosts[i % len(hosts)], dtype, case.device) for i in range(copies)]
    inputs = timer.own_memory(inputs)
    able, _ = contenders(case, names, inputs)
    interrupted: KeyboardInterrupt | None = None
    try:
        for contender in able:
            timer.prepare(contender)
        for i in range(rounds):
            for contender in able[i % max(len(able), 1) :] + able[: i % max(len(able), 1)]:
                for heat, samples in (("hot", contender.hot), ("cold", contender.cold)):
                    us = timer.sample_us(contender, heat)
                    if us is not None:
                        samples.append(us)
            tick(i + 1)
    except KeyboardInterrupt as stop:
        interrupted = stop
    for contender in able:
        if len(contender.hot) >= min(LEAST_ROUNDS, rounds):
            yield contender.line(hosts, timer.threads, origin)
    if interrupted is not None:
        raise interrupted
