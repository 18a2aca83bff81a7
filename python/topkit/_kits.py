"""What does the work for the arrays of one framework: a kit. The one of every array type that was seen is kept.

A kit has `topk(x, call)`, `merge(values, ids, ...)` and `through(x, asked)`, which is `asked.run(kit, x)` where the kit offers
what _sampling.py needs: code_of, rows, array, per_row, list, empty, address, seeds, is_generator, exported, call.
"""

from typing import Any

from ._kinds import kind_of, no_array

_kits: dict[type, Any] = {}


def kit_of(name: str, x: Any) -> Any:
    kit = _kits.get(type(x))
    if kit is None:
        kit = _kits[type(x)] = _make(name, x)
    return kit


def _make(name: str, x: Any) -> Any:
    kind = kind_of(x)
    if kind == "torch":
        from .torch._eager import KIT

        return KIT
    if kind == "numpy":
        import numpy

        from ._arrays import Arrays

        if isinstance(x, numpy.ma.MaskedArray):
            raise TypeError(f"{name} = {type(x).__name__}: masks are not understood; fill it first (x.filled(...))")
        return Arrays(numpy)
    if kind == "cupy":
        import cupy

        from ._arrays import CudaArrays

        return CudaArrays(cupy)
    if kind == "jax":
        from .jax import Jax

        return Jax()
    if kind == "dlpack":
        from ._foreign import Foreign

        return Foreign()
    raise no_array(name, x)
