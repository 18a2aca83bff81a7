"""The cases, and the walk over backends."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .. import backends
from .._inputs import DISTRIBUTIONS, on_device, raw, to_host
from ._judge import Verdict, judge

TYPES = ("float32", "float16", "bfloat16", "float64", "int8", "int32", "int64", "uint8")
SHAPES = ((1, 1, 1), (3, 7, 7), (2, 64, 8), (4, 1024, 32), (1, 4096, 128), (2, 5000, 100), (1, 50304, 50))


@dataclass(frozen=True)
class Case:
    rows: int
    cols: int
    k: int
    dtype: str
    distribution: str
    largest: bool = True

    def __str__(self) -> str:
        size = f"{self.rows}x{self.cols} k={self.k}"
        return f"{self.dtype} {size} {self.distribution} {'largest' if self.largest else 'smallest'}"


_BY_TYPE = tuple(Case(*shape, dtype, "normal", largest) for dtype in TYPES for shape in SHAPES for largest in (True, False))
_BY_DATA = tuple(Case(2, 5000, 64, dtype, name) for dtype in ("float32", "bfloat16") for name in DISTRIBUTIONS)
CASES = _BY_TYPE + _BY_DATA


def _quick() -> tuple[Case, ...]:
    """A sixth of them. The stride walks all shapes while the type changes: every type and every shape in both directions,
    every distribution."""
    both = 2 * len(SHAPES)
    by_type = [_BY_TYPE[both * i + (4 * i + turn * 3) % both] for i in range(len(TYPES)) for turn in (0, 1)]
    by_data = [_BY_DATA[len(DISTRIBUTIONS) * (i % 2) + i] for i in range(len(DISTRIBUTIONS))]
    return (*by_type, *by_data)


QUICK = _quick()


@dataclass
class Summary:
    """Of one backend over all cases."""

    name: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    exact: bool = True
    sorted: bool = True
    lowest: bool = True
    nan: set[str] = field(default_factory=set)
    missing: str | None = None

    @property
    def judged(self) -> int:
        return self.passed + len(self.failed)

    @property
    def promised(self) -> bool:
        """It is what it says it is: only implementations that say so may be inexact or unordered."""
        backend = backends.get(self.name)
        kept = (self.exact or not backend.exact) and (self.lowest or backend.ties != "lowest")
        return not self.failed and kept

    def count(self, case: Case, verdict: Verdict) -> None:
        backend = backends.get(self.name)
        exact = verdict.exact or (verdict.other_nan and not backend.keeps_nan)
        self.exact &= exact
        self.lowest &= verdict.lowest
        self.sorted &= verdict.sorted
        if verdict.nan:
            self.nan.add(verdict.nan)
        excused = not backend.exact or (verdict.nan == "wrong" and backend.nan == "undefined")
        if exact or excused:
            self.passed += 1
        else:
            self.failed.append(f"{case}: {verdict.words}")


def one(backend: backends.Backend, case: Case, device: str) -> Verdict | str:
    """Its verdict, or why it refuses."""
    host = raw(case.distribution, case.dtype, case.rows, case.cols, seed=case.rows + case.cols)
    x = on_device(host, case.dtype, device)
    if x is host and case.dtype == "bfloat16":
        return "torch is not installed, and NumPy has no bfloat16"
    if (why := backend.why_not(x, case.k, -1, case.largest, True)) is not None:
        return backends.rule_of(why)  # one line for all cases that meet it
    values, indices = backend.topk(x, case.k, -1, case.largest, True)
    return judge(host, case.dtype, to_host(values, case.dtype), to_host(indices, "int64"), case.k, case.largest)


def run(
    names: list[str], device: str, cases: tuple[Case, ...] = CASES, tick: Callable[[int, int], None] = lambda done, all: None
) -> Iterator[Summary]:
    total, done = len(names) * len(cases), 0
    for name in names:
        backend, summary = backends.get(name), Summary(name)
        summary.missing = backend.absent(device)
        for case in cases if summary.missing is None else ():
            try:
                verdict = one(backend, case, device)
            except Exception as problem:  # somebody else's code: whatever it raises is its failure, not ours
                summary.failed.append(f"{case}: {type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}")
            else:
                if isinstance(verdict, str):
                    summary.refused[verdict] = summary.refused.get(verdict, 0) + 1
                else:
                    summary.count(case, verdict)
            done += 1
            tick(done, total)
        yield summary
