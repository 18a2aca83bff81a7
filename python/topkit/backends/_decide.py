"""The old question, answered by measurements only: which implementation is the fastest for this shape?"""

import math
import pathlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from .. import _results
from .._call import dtype_code, integer
from .._errors import ArgumentError

RESULTS = _results.SHIPPED


@dataclass(frozen=True)
class Decision:
    name: str  # of a backend: `backends.get` knows it
    us: float  # microseconds a call
    times: dict[str, float]  # of every backend that was measured on that case
    case: str  # what was measured
    measured_here: bool  # the case is exactly what was asked about, not the nearest one
    machine: str
    native: dict[str, float] = field(default_factory=dict)  # C++ peers of `topkit bench`, which have no backend (cub, std::..)

    def __str__(self) -> str:
        everybody = [*self.times.items(), *((f"{name} (C++ only)", us) for name, us in self.native.items())]
        ranking = ", ".join(f"{name} {us:.1f} us" for name, us in sorted(everybody, key=lambda item: item[1]))
        about = "" if self.measured_here else "the nearest case that was measured, "
        return f"{self.name} ({about}{self.case} on {self.machine}: {ranking})"


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


def decide(shape, dtype, k: int, device: str = "cuda", heat: str = "hot", results: str | pathlib.Path = RESULTS) -> Decision:
    """Who was the fastest on the measured case nearest to `shape` [rows, cols], `dtype` and `k`.

    heat : "hot" (the input in cache) or "cold".
    results : a file or a folder of files, each a JSON array or JSON lines as `topkit bench --json` prints them; default: those
        that topkit ships.

    The answer is one that `backends.get` knows; peers that exist in C++ alone are in `native`.

    Raises topkit.ArgumentError where the results are broken, with file, line and field; LookupError when nothing of this device
    and type was measured: nothing is guessed.
    """
    from . import names

    k = integer("k", k)
    shape = tuple(shape)
    if not shape or heat not in ("hot", "cold"):
        raise ArgumentError(f"shape = {shape}, heat = {heat!r}: must be at least one axis, and 'hot' or 'cold'")
    rows, cols = math.prod(shape[:-1]), shape[-1]
    code = dtype_code(dtype, "dtype")
    cases: dict[tuple[str, str], list[dict]] = {}  # of one machine each: what two of them took is not compared
    for line in _results.read(results):
        if line["device"] == device and dtype_code(line["dtype"]) == code and line.get("order", "value") == "value":
            model = line.get("machine", "").partition(",")[0]
            cases.setdefault((model, line["case"]), []).append(line)
    known, measured = set(names()), {}
    for name, lines in cases.items():
        times = _times(lines, heat)
        ours = {peer: us for peer, us in times.items() if peer in known}
        if ours and len(times) > 1:
            measured[name] = ours, {peer: us for peer, us in times.items() if peer not in ours}
    if not measured:
        raise LookupError(f"nothing of {dtype} on {device} was measured {heat}: `python -m topkit.bench` measures here")

    def distance(name: tuple[str, str]) -> float:
        return _results.distance(cases[name][0], rows, cols, k)

    case = min(measured, key=distance)
    times, native = measured[case]
    best = min(times, key=times.__getitem__)
    machine = cases[case][0].get("machine", "an unnamed machine")
    return Decision(best, times[best], times, case[1], distance(case) == 0, machine, native)
