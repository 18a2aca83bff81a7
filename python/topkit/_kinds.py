"""Which framework an array is of. None is imported: the array came from one that is in the process already."""

import sys
from typing import Any

_CLASSES = {("torch", "Tensor"): "torch", ("numpy", "ndarray"): "numpy", ("cupy", "ndarray"): "cupy"}


def kind_of(x: Any) -> str:
    """ "torch", "numpy", "cupy", "jax"; "dlpack" for others that exchange their memory; "" for what is no array."""
    cls = type(x)
    for base in cls.__mro__:
        kind = _CLASSES.get((base.__module__.partition(".")[0], base.__name__))
        if kind is not None:
            return kind
    if isinstance(x, getattr(sys.modules.get("jax"), "Array", ())):
        return "jax"
    return "dlpack" if hasattr(cls, "__dlpack__") or hasattr(cls, "__cuda_array_interface__") else ""


def no_array(name: str, x: Any) -> TypeError:
    return TypeError(
        f"{name} = {type(x).__name__}: must be a torch.Tensor, numpy.ndarray, cupy.ndarray, jax.Array or have __dlpack__"
    )
