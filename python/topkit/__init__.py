"""topkit: the k best of each row, exactly, on CPU and GPU, for torch, NumPy, CuPy, JAX and whatever speaks DLPack.

    topkit.topk(x, k)               values and indices of the k largest along the last axis
    topkit.top_k(x, k, axis=-1)     the same by the array API's names and NaN rule
    topkit.merge_topk(v, ids, k)    merges sorted parts
    topkit.sample(logits, ...)      a token of every row: temperature, top-k, top-p, min-p, seed, each by row
    topkit.filter(logits, ...)      exactly what sample draws from, as logits or probabilities
    topkit.topn_logprobs(logits, n) log-probabilities of the best tokens, of the sampled one, its rank
    topkit.explain(x, k)            how, and why
    topkit.torch                    torch.ops.topkit, accelerate()
    topkit.jax                      topk under jit, vmap and grad
    topkit.hf, nanochat, compat     sampling by the names of Hugging Face, nanochat and FlashInfer
    topkit.backends                 every implementation the field compares, behind one signature

Importing this loads Python files only: the library is loaded by the first call, the CUDA engine by the first CUDA tensor.
"""

from ._call import TopK
from ._errors import ArgumentError, AxisError, DeviceError, DTypeError, Error, UnsupportedError
from ._sampling import LogProbs, Sampled, filter, sample, topn_logprobs
from ._topk import algorithms, explain, info, merge_topk, top_k, topk

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "AxisError",
    "DTypeError",
    "DeviceError",
    "Error",
    "LogProbs",
    "Sampled",
    "TopK",
    "UnsupportedError",
    "algorithms",
    "explain",
    "filter",
    "info",
    "merge_topk",
    "sample",
    "top_k",
    "topk",
    "topn_logprobs",
]

_SUBMODULES = ("backends", "compat", "hf", "jax", "nanochat", "torch", "triton")


def __getattr__(name: str):
    if name in _SUBMODULES:
        import importlib

        return importlib.import_module(f"topkit.{name}")
    raise AttributeError(f"module 'topkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
