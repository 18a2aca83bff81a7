from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy

@dataclass(frozen=True)
class Case:
    rows: int
    cols: int
    k: int
    dtype: str
    distribution: str
    largest: bool = True

@dataclass(frozen=True)
class Verdict:
    exact: bool
    sorted: bool
    lowest: bool
    nan: str
    words: str = ""
    other_nan: bool = ...  # not exact, because of a NaN it gives another NaN's bits

@dataclass
class Summary:
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
    def judged(self) -> int: ...
    @property
    def promised(self) -> bool: ...

CASES: tuple[Case, ...]
QUICK: tuple[Case, ...]

def judge(x: numpy.ndarray, dtype: str, values: numpy.ndarray, indices: numpy.ndarray, k: int, largest: bool) -> Verdict: ...
def run(
    names: list[str], device: str, cases: tuple[Case, ...] = ..., tick: Callable[[int, int], None] = ...
) -> Iterator[Summary]: ...
