from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

@dataclass(frozen=True)
class Case:
    name: str
    device: str
    dtype: str
    rows: int
    cols: int
    k: int
    order: str = "value"
    distribution: str = "normal"
    cache: str = "l3"
    suite: str = ""
    @property
    def bytes(self) -> int: ...

class Notes:
    said: set[tuple[str, str]]
    broken: list[str]
    def __init__(self, say: Callable[[str], None] = ...) -> None: ...

def cases(device: str, names: list[str] | None = None, suite: str = "all") -> list[Case]: ...
def measure(
    case: Case,
    names: list[str],
    timer: Any,
    rounds: int,
    origin: dict[str, Any],
    notes: Notes,
    tick: Callable[[int], None] = ...,
) -> Iterator[dict[str, Any]]: ...
