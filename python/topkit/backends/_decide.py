"""The old question, answered by measurements only: which implementation is the fastest for this shape?"""

import json
import math
import pathlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from .._call import dtype_code, integer
from .._errors import ArgumentError

_FIELDS = {"case", "device", "dtype", "rows", "cols", "k", "peer", "verified"}
RESULTS = pathlib.Path(__file__).parent.parent / "data" / "results"


@dataclass(frozen=True)
class Decision:
    name: str  # of a backend
    us: float  # microseconds a call
    times: dict[str, float]  # of everybody who was measured on that case
    case: str  # what was measured
    measured_here: bool  # the case is exactly what was asked about, not the nearest one
    machine: str

    def __str__(self) -> str:
        ranking = ", ".join(f"{name} {us:.1f} us" for name, us in sorted(self.times.items(), key=lambda item: item[1]))
        about = "" if self.measured_here else "the nearest case that was measured, "
        return f"{self.name} ({about}{self.case} on {self.machine}: {ranking})"


@cache
def _lines(folder: pathlib.Path) -> tuple[dict, ...]:
    lines = []
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text())
        lines.extend(line for line in content if isinstance(line, dict) and _FIELDS <= line.keys())
    return tuple(lines)


def _times(lines: Iterable[dict], heat: str) -> dict[str, float]:
    """Of one case: name of backend -> microseconds. What differs from topkit's own line by a ratio keeps the ratio."""
    times: dict[str, float] = {}
    lines = [line for line in lines if line.get("verified")]
    ours = next((line.get(f"{heat}_us") for line in lines if line["peer"] == "topkit"), None)
    for line in lines:
        name, us = line["peer"].split(" ")[0], line.get(f"{heat}_us")
        if heat == "hot" and line.get("ratio") is not None and ours is not None:
            us = line["ratio"] * ours
        if name != "floor" and us is not None:
            times[name] = min(us, times.get(name, math.inf))
    return times


def decide(shape, dtype, k: int, device: str = "cuda", heat: str = "hot", results: pathlib.Path = RESULTS) -> Decision:
    """Who was the fastest on the measured case nearest to `shape` [rows, cols], `dtype` and `k`.

    heat : "hot" (the input in cache) or "cold".

    Raises LookupError when nothing of this device and type was measured: nothing is guessed.
    """
    k = integer("k", k)
    shape = tuple(shape)
    if not shape or heat not in ("hot", "cold"):
        raise ArgumentError(f"shape = {shape}, heat = {heat!r}: must be at least one axis, and 'hot' or 'cold'")
    rows, cols = math.prod(shape[:-1]), shape[-1]
    code = dtype_code(dtype, "dtype")
    cases: dict[tuple[str, str], list[dict]] = {}  # of one machine each: what two of them took is not compared
    for line in _lines(results):
        if line["device"] == device and dtype_code(line["dtype"]) == code and line.get("order", "value") == "value":
            model = line.get("machine", "").partition(",")[0]
            cases.setdefault((model, line["case"]), []).append(line)
    measured = {name: times for name, lines in cases.items() if len(times := _times(lines, heat)) > 1}
    if not measured:
        raise LookupError(f"nothing of {dtype} on {device} was measured {heat}: `python -m topkit.bench` measures here")

    def distance(name: tuple[str, str]) -> float:
        line = cases[name][0]
        pairs = ((rows, line["rows"]), (cols, line["cols"]), (k, line["k"]))
        return sum(math.log(max(a, 1) / max(b, 1)) ** 2 for a, b in pairs)

    case = min(measured, key=distance)
    times = measured[case]
    best = min(times, key=times.__getitem__)
    return Decision(best, times[best], times, case[1], distance(case) == 0, cases[case][0].get("machine", "an unnamed machine"))
