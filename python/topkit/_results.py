"""Files of measurements: what `topkit bench --json`, `python -m topkit.bench` and bench/results hold."""

import json
import math
import pathlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from ._call import DTYPES, dtype_name
from ._errors import ArgumentError

SHIPPED = pathlib.Path(__file__).parent / "data" / "results"

_NUMBER = (int, float)
FIELDS: dict[str, Any] = {
    "case": str,
    "device": str,
    "dtype": str,
    "rows": int,
    "cols": int,
    "k": int,
    "peer": str,
    "verified": bool,
    "hot_us": (*_NUMBER, type(None)),
}
_OPTIONAL: dict[str, Any] = {
    "op": str,
    "order": str,
    "distribution": str,
    "machine": str,
    "algorithm": str,
    "cold_us": (*_NUMBER, type(None)),
    "ratio": (*_NUMBER, type(None)),
}
_LEAST = {"rows": 0, "cols": 1, "k": 0, "hot_us": 0, "cold_us": 0, "ratio": 0}


def entries(text: str) -> Iterator[tuple[int, Any]]:
    """(line number, entry) of a JSON array or of JSON lines. Raises ArgumentError, of which the file is to be named before."""
    decoder = json.JSONDecoder()
    array = text.lstrip().startswith("[")
    at = text.index("[") + 1 if array else 0
    line, counted, first = 1, 0, True
    while True:
        at = _after_space(text, at)
        line, counted = line + text.count("\n", counted, at), at
        if at == len(text) or (array and first and text[at] == "]"):
            break
        if array and not first:
            if text[at] == "]":
                break
            if text[at] != ",":
                raise ArgumentError(f"line {line}: is no JSON: ',' or ']' is missing")
            at = _after_space(text, at + 1)
            line, counted = line + text.count("\n", counted, at), at
        try:
            entry, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as problem:
            raise ArgumentError(f"line {problem.lineno}: is no JSON: {problem.msg}") from None
        first = False
        yield line, entry
    if array and text[at:].strip() != "]":
        raise ArgumentError(f"line {line}: must end with ']' and nothing after it")


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def check(entry: Any, line: int, required: dict[str, Any] = FIELDS, optional: dict[str, Any] = _OPTIONAL) -> None:
    """Raises ArgumentError that names the line and the field."""
    if not isinstance(entry, dict):
        raise ArgumentError(f"line {line}: is {json.dumps(entry)[:40]}: must be an object, a result")
    for field, kinds in (*required.items(), *optional.items()):
        if field not in entry:
            if field in required:
                raise ArgumentError(f"line {line}, field {field!r}: is missing")
            continue
        value = entry[field]
        whole = isinstance(value, bool) and kinds is not bool
        if whole or not isinstance(value, kinds) or (isinstance(value, float) and not math.isfinite(value)):
            raise ArgumentError(f"line {line}, field {field!r}: is {json.dumps(value)}: must be {_words(kinds)}")
        if field in _LEAST and value is not None and value < _LEAST[field]:
            raise ArgumentError(f"line {line}, field {field!r}: is {value}: must be at least {_LEAST[field]}")
    if "dtype" in required and dtype_name(entry["dtype"]) not in DTYPES:
        rule = f"must be one of {', '.join(DTYPES)}, or short as f32"
        raise ArgumentError(f"line {line}, field 'dtype': is {entry['dtype']!r}: {rule}")


def _words(kinds: Any) -> str:
    if not isinstance(kinds, tuple):
        return {str: "a string", int: "a whole number", bool: "true or false"}[kinds]
    return "a number or null" if type(None) in kinds else "a number"


def is_header(entry: Any) -> bool:
    return isinstance(entry, dict) and "header" in entry and "case" not in entry


def is_refusal(entry: Any) -> bool:
    """What `topkit bench` notes in place of a result where a peer does not take the case."""
    return isinstance(entry, dict) and "refused" in entry


def read(where: Any = SHIPPED) -> tuple[dict, ...]:
    """The results of topk in a file, or in the *.json and *.jsonl of a folder.

    Raises ArgumentError, which names the file, the line and the field.
    """
    if not isinstance(where, (str, pathlib.Path)):
        raise TypeError(f"results = {where!r}: must be the path of a file or a folder, not {type(where).__name__}")
    path = pathlib.Path(where)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".json", ".jsonl") and file.is_file())
    elif path.exists():
        files = [path]
    elif path == SHIPPED:  # a source distribution leaves them out
        files = []
    else:
        raise ArgumentError(f"results = {path}: there is no such file or folder")
    return tuple(line for file in files for line in _read(file, file.stat().st_mtime_ns))


@lru_cache(maxsize=64)
def _read(path: pathlib.Path, _written: int) -> tuple[dict, ...]:
    lines = []
    try:
        for number, entry in entries(path.read_text(encoding="utf-8")):
            if is_header(entry) or is_refusal(entry) or (isinstance(entry, dict) and entry.get("op", "topk") != "topk"):
                continue
            check(entry, number)
            lines.append(entry)
    except ArgumentError as problem:
        raise ArgumentError(f"results = {path}, {problem}") from None
    except UnicodeDecodeError as problem:
        raise ArgumentError(f"results = {path}: is no text: {problem.reason}") from None
    return tuple(lines)


def distance(line: dict, rows: int, cols: int, k: int) -> float:
    """In the logarithms; 0: the same."""
    pairs = ((rows, line["rows"]), (cols, line["cols"]), (k, line["k"]))
    return sum(math.log(max(a, 1) / max(b, 1)) ** 2 for a, b in pairs)


def nearest_of_topkit(lines: Iterable[dict], problem: dict) -> dict | None:
    """The measured case of this device, type and order that is nearest, as the command line's `explain --results` has it."""
    best, least = None, math.inf
    for line in lines:
        told = (line["device"], dtype_name(line["dtype"]), line.get("order", "value"), line.get("distribution", "normal"))
        if told != (problem["device"], dtype_name(problem["dtype"]), problem["order"], "normal"):
            continue
        if line["peer"] != "topkit" or line.get("forced") or not line["verified"] or line["hot_us"] is None:
            continue
        far = distance(line, problem["rows"], problem["cols"], problem["k"])
        if far < least:
            best, least = line, far
    if best is None:
        return None
    return {
        "case": f"{best['rows']} x {best['cols']}, k = {best['k']}",
        "same": least == 0,
        "hot_us": best["hot_us"],
        "cold_us": best.get("cold_us"),
        "machine": best.get("machine", ""),
        "algorithm": best.get("algorithm", ""),
    }
