"""The binding (python/src/binding.cpp), loaded at the first call: `import topkit` loads nothing but Python files.

tvm_ffi imports torch where torch is installed, which takes seconds; that is why it waits.
"""

import ctypes
import pathlib
import sysconfig
from typing import Any, Callable

from ._errors import KINDS

FOLDER = pathlib.Path(__file__).parent / "native"


def _load():
    import tvm_ffi

    for kind in KINDS:
        tvm_ffi.register_error(f"topkit.{kind.__name__}", kind)
    path = FOLDER / "binding.so"
    if not path.exists():
        raise ImportError(f"{path} is missing: topkit was not built; `pip install .` in its source folder builds it")
    return tvm_ffi.load_module(str(path))


_MODULE = _load()
topk_into = _MODULE.topk_into
topk_xla = _MODULE.topk_xla
xla_workspace = _MODULE.xla_workspace
merge_into = _MODULE.merge_into
sample = _MODULE.sample
filter = _MODULE.filter
topn_logprobs = _MODULE.topn_logprobs
sampling_rules = _MODULE.sampling_rules
explain = _MODULE.explain
version = _MODULE.version
algorithms = _MODULE.algorithms
isas = _MODULE.isas


def eager(cls: type) -> Callable | None:
    """topk(x, k, dim, largest, sorted, index_bits) -> (values, indices) or None, for tensors of a class with DLPack's exchange table."""
    table: Any = getattr(cls, "__dlpack_c_exchange_api__", None)
    if table is None or sysconfig.get_config_var("Py_GIL_DISABLED"):  # the stable interface needs the lock
        return None
    make = ctypes.PyDLL(str(FOLDER / "binding.so")).topkit_eager
    make.argtypes, make.restype = [ctypes.py_object], ctypes.py_object
    return make(table)
