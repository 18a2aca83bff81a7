import pathlib
from collections.abc import Mapping
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from . import backends as backends
from . import compat as compat
from . import hf as hf
from . import jax as jax
from . import nanochat as nanochat
from . import torch as torch
from . import triton as triton

__version__: str

Array = TypeVar("Array")  # torch.Tensor, numpy.ndarray, cupy.ndarray, jax.Array, or what has __dlpack__

_Order = Literal["value", "index", "any"]
_Nan = Literal["largest", "last"]
_Preset = Literal["hf", "vllm", "sglang", "trtllm", "flashinfer", "flashinfer_joint", "llamacpp", "nanochat"]
_TopPOf = Literal["kept", "top_k", "all"]
_Number = Any  # a number, or an array of one a row
_Bias = Mapping[int, float] | tuple[Any, Any]

class Error(Exception): ...
class ArgumentError(Error, ValueError, RuntimeError): ...
class AxisError(Error, IndexError, ValueError): ...
class DTypeError(Error, TypeError, RuntimeError): ...
class UnsupportedError(Error, NotImplementedError): ...
class DeviceError(Error, RuntimeError): ...

class TopK(NamedTuple, Generic[Array]):
    values: Array
    indices: Array

class Sampled(NamedTuple, Generic[Array]):
    tokens: Array
    logprobs: Array | None = None
    kept: Array | None = None
    valid: Array | None = None
    candidates: Array | None = None
    candidate_logprobs: Array | None = None

class LogProbs(NamedTuple, Generic[Array]):
    ids: Array | None
    logprobs: Array | None
    logsumexp: Array
    token_logprobs: Array | None = None
    token_ranks: Array | None = None
    probe_logprobs: Array | None = None

def topk(
    x: Array,
    k: int,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    *,
    order: _Order | None = None,
    nan: _Nan | None = None,
    lengths: Any = None,
    starts: Any = None,
    row_k: Any = None,
    ids: Any = None,
    fill: float | None = None,
    index_dtype: Any = None,
    algorithm: str | None = None,
    threads: int = 0,
    backend: str | None = None,
    out: tuple[Array, Array] | None = None,
) -> TopK[Array]: ...
def top_k(x: Array, k: int, /, *, axis: int = -1, mode: Literal["largest", "smallest"] = "largest") -> TopK[Array]: ...
def merge_topk(
    values: Array,
    ids: Any,
    k: int,
    *,
    largest: bool = True,
    order: _Order = "value",
    nan: _Nan = "largest",
    fill: float | None = None,
    threads: int = 0,
    out: tuple[Array, Array] | None = None,
) -> TopK[Array]: ...
def sample(
    logits: Array,
    *,
    temperature: _Number = 1.0,
    top_k: _Number = 0,
    top_p: _Number = 1.0,
    min_p: _Number = 0.0,
    seed: Any = None,
    position: _Number = 0,
    draws: int | None = None,
    draw: int = 0,
    softcap: float = 0.0,
    bias: _Bias | None = None,
    mask: Any = None,
    mask_map: Any = None,
    row_map: Any = None,
    lengths: Any = None,
    preset: _Preset | None = None,
    top_p_of: _TopPOf | None = None,
    top_p_inclusive: bool | None = None,
    temperature_last: bool | None = None,
    logprobs: Literal["raw", "processed"] | None = None,
    kept: bool = False,
    valid: bool = False,
    candidates: int = 0,
    index_dtype: Any = None,
    algorithm: str | None = None,
    threads: int = 0,
) -> Sampled[Array]: ...
def filter(
    logits: Array,
    form: Literal["logits", "probabilities"] = "logits",
    *,
    temperature: _Number = 1.0,
    top_k: _Number = 0,
    top_p: _Number = 1.0,
    min_p: _Number = 0.0,
    softcap: float = 0.0,
    bias: _Bias | None = None,
    mask: Any = None,
    mask_map: Any = None,
    row_map: Any = None,
    lengths: Any = None,
    preset: _Preset | None = None,
    top_p_of: _TopPOf | None = None,
    top_p_inclusive: bool | None = None,
    temperature_last: bool | None = None,
    algorithm: str | None = None,
    threads: int = 0,
    out: Array | None = None,
) -> Array: ...
def topn_logprobs(
    logits: Array,
    n: int = 0,
    *,
    tokens: Any = None,
    probes: Any = None,
    row_n: Any = None,
    temperature: _Number = 1.0,
    softcap: float = 0.0,
    bias: _Bias | None = None,
    mask: Any = None,
    mask_map: Any = None,
    row_map: Any = None,
    lengths: Any = None,
    index_dtype: Any = None,
    algorithm: str | None = None,
    threads: int = 0,
) -> LogProbs[Array]: ...
def explain(
    x: Any,
    k: int,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    *,
    dtype: Any = None,
    device: str | None = None,
    order: _Order | None = None,
    nan: _Nan | None = None,
    algorithm: str | None = None,
    threads: int = 0,
    json: bool = False,
    results: bool | str | pathlib.Path = True,
) -> str: ...
def algorithms(device: Literal["cpu", "cuda"] = "cpu") -> list[str]: ...
def info() -> dict[str, Any]: ...
