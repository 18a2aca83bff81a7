"""The cases of bench/cases.json."""

import json
import pathlib
from dataclasses import dataclass

CASES = pathlib.Path(__file__).parent.parent / "data" / "cases.json"
SUITES = ("llm", "small", "attention", "search", "all")


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


def cases(device: str, names: list[str] | None = None, suite: str = "all") -> list[Case]:
    """Those of a device and suite; a name that ends in * takes all that begin so."""
    fields = Case.__dataclass_fields__
    all_of_them = [Case(**{key: row[key] for key in row if key in fields}) for row in json.loads(CASES.read_text())]
    here = [case for case in all_of_them if case.device == device and suite in ("all", case.suite)]
    patterns = names or ["*"]
    wanted = [c for c in here if any(c.name == p or (p.endswith("*") and c.name.startswith(p[:-1])) for p in patterns)]
    if not wanted:
        raise LookupError(f"case = {', '.join(patterns)}: none of {', '.join(case.name for case in here) or f'suite {suite}'}")
    return wanted
