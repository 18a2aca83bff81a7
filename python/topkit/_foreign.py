"""Arrays of frameworks that have no file here: through DLPack, and back by their own `from_dlpack`."""

from typing import Any

from ._call import Call, TopK
from ._errors import UnsupportedError

_CPU = (1, 3)  # DLPack's kDLCPU and kDLCUDAHost


def _host(x: Any, call: Call) -> TopK:
    import numpy

    from ._arrays import Arrays

    return Arrays(numpy).topk(numpy.from_dlpack(x), call)


def _device(x: Any, call: Call) -> TopK:
    try:
        import cupy
    except ImportError:
        raise UnsupportedError(
            f"x = {type(x).__name__} on a GPU: CuPy is needed to allocate its result and is not installed"
        ) from None
    from ._arrays import CudaArrays

    array = cupy.from_dlpack(x) if hasattr(x, "__dlpack__") else cupy.asarray(x)
    return CudaArrays(cupy).topk(array, call)


def topk_of_call(x: Any, call: Call) -> TopK:
    on_host = hasattr(x, "__dlpack_device__") and int(x.__dlpack_device__()[0]) in _CPU
    result = _host(x, call) if on_host else _device(x, call)
    if not hasattr(x, "__array_namespace__"):
        return result
    namespace = x.__array_namespace__()
    return TopK(*(namespace.from_dlpack(array) for array in result)) if hasattr(namespace, "from_dlpack") else result
