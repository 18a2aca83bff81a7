"""The cases of bench/cases.json."""

import json
import pathlib
import re
from dataclasses import dataclass

from .._call import dtype_name

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
        bits = re.search(r"\d+", dtype_name(self.dtype))
        return self.rows * self.cols * (int(bits[0]) // 8 if bits else 1)


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
