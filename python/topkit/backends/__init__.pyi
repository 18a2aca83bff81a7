import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .. import Array, TopK

_Device = Literal["cpu", "cuda"]

class Backend:
    name: str
    what: str
    kind: str
    package: str
    devices: tuple[str, ...]
    exact: bool
    ties: str
    nan: str
    keeps_nan: bool
    own_stream: bool
    recordable: bool
    scalars: bool
    gradual: bool
    def missing(self) -> str | None: ...
    def absent(self, device: str) -> str | None: ...
    def refuses(self, x: Any, k: int, dim: int, largest: bool, sorted: bool) -> str | None: ...
    def run(self, x: Any, k: int, dim: int, largest: bool, sorted: bool) -> Any: ...
    def wait(self, result: Any) -> None: ...
    def version(self) -> str: ...
    def why_not(self, x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> str | None: ...
    def topk(self, x: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> TopK[Array]: ...

@dataclass(frozen=True)
class Decision:
    name: str
    us: float
    times: dict[str, float]
    case: str
    measured_here: bool
    machine: str
    native: dict[str, float] = field(default_factory=dict)

def available(device: _Device = "cpu") -> list[Backend]: ...
def decide(
    shape: Sequence[int],
    dtype: Any,
    k: int,
    device: _Device = "cuda",
    heat: Literal["hot", "cold"] = "hot",
    results: str | pathlib.Path = ...,
) -> Decision: ...
def get(name: str) -> Backend: ...
def names() -> list[str]: ...
def rule_of(why: str) -> str: ...
def table() -> str: ...
