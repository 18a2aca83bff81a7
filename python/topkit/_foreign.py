"""Arrays of frameworks that have no file here: through DLPack, and back by their own `from_dlpack`."""

from typing import Any

from ._call import Call, TopK
from ._errors import UnsupportedError

_CPU = (1, 3)  # DLPack's kDLCPU and kDLCUDAHost


def _on_host(x: Any) -> bool:
    return hasattr(x, "__dlpack_device__") and int(x.__dlpack_device__()[0]) in _CPU


def _host(x: Any) -> tuple[Any, Any]:
    import numpy

    from ._arrays import Arrays

    return Arrays(numpy), numpy.from_dlpack(x)


def _device(x: Any) -> tuple[Any, Any]:
    try:
        import cupy
    except ImportError:
        raise UnsupportedError(
            f"x = {type(x).__name__} on a GPU: CuPy is needed to allocate its result and is not installed"
        ) from None
    from ._arrays import CudaArrays

    return CudaArrays(cupy), cupy.from_dlpack(x) if hasattr(x, "__dlpack__") else cupy.asarray(x)


class _Merge:
    """One call of merge_topk."""

    def __init__(self, ids: Any, *more: Any):
        self.ids, self.more = ids, more

    def run(self, kit: Any, values: Any) -> TopK:
        ids = self.ids
        if not isinstance(ids, (kit.xp.ndarray, list, tuple)) and hasattr(ids, "__dlpack__"):
            ids = kit.xp.from_dlpack(ids)
        return kit.merge(values, ids, *self.more, None)


class Foreign:
    def through(self, x: Any, asked: Any) -> Any:
        result = asked.run(*(_host(x) if _on_host(x) else _device(x)))
        namespace = x.__array_namespace__() if hasattr(x, "__array_namespace__") else None
        if not hasattr(namespace, "from_dlpack"):
            return result
        if not isinstance(result, tuple):
            return namespace.from_dlpack(result)
        return type(result)(*(None if array is None else namespace.from_dlpack(array) for array in result))

    def topk(self, x: Any, call: Call) -> TopK:
        return self.through(x, call)

    def merge(self, values: Any, ids: Any, k: int, mode: int, fill: Any, threads: int, out: Any) -> TopK:
        if out is not None:
            raise UnsupportedError(f"out = {type(out).__name__}: must be None where values = {type(values).__name__}; NumPy arrays and torch tensors take it")
        return self.through(values, _Merge(ids, k, mode, fill, threads))
