"""Every implementation of top-k that the field compares, behind one signature.

    topkit.backends.names()                      all of them, also those that are not installed
    topkit.backends.table()                      what each is, by which rules it answers, and why it cannot run here
    topkit.backends.get("torch").topk(x, 50)     by that one's rules
    topkit.backends.decide((1, 50304), "float32", 50)   which was the fastest where it was measured

Nobody needs to choose any more: `topkit.topk` is exact, deterministic and chooses by itself.
"""

from functools import cache

from .._errors import ArgumentError
from ._base import Backend, rule_of
from ._decide import Decision, decide

__all__ = ["Backend", "Decision", "available", "decide", "get", "names", "rule_of", "table"]


@cache
def _all() -> dict[str, Backend]:
    from ._arrays import Cupy, Jax, Numpy
    from ._cudnn import Cudnn
    from ._cute import Cute
    from ._flashinfer import Flashinfer
    from ._raft import Raft
    from ._topkit import all_of_topkit
    from ._torch import Torch
    from ._triton import Triton

    peers = [Torch(), Triton(), Cute(), Cudnn(), Flashinfer(), Raft(), Cupy(), Jax(), Numpy()]
    return {backend.name: backend for backend in [*all_of_topkit(), *peers]}


def names() -> list[str]:
    return list(_all())


def get(name: str) -> Backend:
    if name == "auto":
        name = "topkit"
    if name not in _all():
        raise ArgumentError(f"backend = {name!r}: must be one of {', '.join(names())}")
    return _all()[name]


def available(device: str = "cpu") -> list[Backend]:
    """Those that can run on "cpu" or "cuda" here."""
    return [backend for backend in _all().values() if backend.missing() is None and device in backend.devices]


def table() -> str:
    """One line a backend."""
    lines = []
    for backend in _all().values():
        why = backend.missing()
        state = f"{'+'.join(backend.devices)}  {backend.version()}" if why is None else f"not here: {why}"
        exact = "exact" if backend.exact else "not exact"
        lines.append(f"{backend.name:<15} {exact:<9} ties {backend.ties:<6} NaN {backend.nan:<9} {backend.what}  [{state}]")
    return "\n".join(lines)
