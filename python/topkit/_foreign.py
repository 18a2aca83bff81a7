"""Arrays of frameworks that have no file here: through DLPack, and back by their own `from_dlpack`."""

from typing import Any

from ._call import Call, TopK
from ._errors import UnsupportedError

_CPU = (1, 3)  # DLPack's kDLCPU and kDLCUDAHost


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


class Foreign:
    def through(self, x: Any, asked: Any) -> Any:
        on_host = hasattr(x, "__dlpack_device__") and int(x.__dlpack_device__()[0]) in _CPU
        result = asked.run(*(_host(x) if on_host else _device(x)))
        namespace = x.__array_namespace__() if hasattr(x, "__array_namespace__") else None
        if not hasattr(namespace, "from_dlpack"):
            return result
        if not isinstance(result, tuple):
            return namespace.from_dlpack(result)
        return type(result)(*(None if array is None else namespace.from_dlpack(array) for array in result))

    def topk(self, x: Any, call: Call) -> TopK:
        return self.through(x, call)
