from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

FOLDER: Path

def eager(cls: type) -> Callable[[Any, int, int, bool, bool, int], tuple[Any, Any] | None] | None: ...
def topk_into(
    x: Any,
    k: int,
    axis: int,
    mode: int,
    dtype: int,
    values: Any | None,
    indices: Any | None,
    lengths: Any | None,
    starts: Any | None,
    row_k: Any | None,
    ids: Any | None,
    fill: int | None,
    algorithm: str | None,
    threads: int,
    workspace: Any | None,
    stream: int | None,
    /,
) -> int: ...
def topk_xla(
    k: int,
    mode: int,
    dtype: int,
    given: int,
    fill: int,
    x: Any,
    lengths: Any,
    starts: Any,
    row_k: Any,
    ids: Any,
    values: Any,
    indices: Any,
    workspace: Any,
    /,
) -> None: ...
def xla_workspace(rows: int, cols: int, dtype: int, k: int, mode: int, given: int, index_bits: int, /) -> int: ...
def merge_into(
    values: Any, ids: Any, k: int, mode: int, dtype: int, out_values: Any, out_ids: Any, fill: int | None, threads: int,
    workspace: Any, stream: int | None, /
) -> int: ...
# (logits, its element type, *Rules.pack(), the operation's own, workspace, stream): python/src/sampling.cpp
def sample(*arguments: Any) -> int: ...
def filter(*arguments: Any) -> int: ...
def topn_logprobs(*arguments: Any) -> int: ...
def sampling_rules(preset: str, /) -> int: ...
def explain(
    shape: Any, dtype: int, device: int, ordinal: int, k: int, axis: int, mode: int, algorithm: str | None, threads: int, /
) -> str: ...
def version() -> str: ...
def algorithms() -> Sequence[str]: ...
def isas() -> Sequence[str]: ...
