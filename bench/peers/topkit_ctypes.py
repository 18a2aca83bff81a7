"""tk_topk through ctypes, for the scripts that measure Python libraries beside it; and how they read native results."""

import ctypes
import json


class DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("largest", ctypes.c_int32),
        ("order", ctypes.c_int32),
        ("nan", ctypes.c_int32),
        ("axis", ctypes.c_int32),
        ("lengths", ctypes.c_void_p),
        ("starts", ctypes.c_void_p),
        ("row_k", ctypes.c_void_p),
        ("ids", ctypes.c_void_p),
        ("fill", ctypes.c_void_p),
        ("algorithm", ctypes.c_char_p),
        ("isa", ctypes.c_char_p),
        ("threads", ctypes.c_int32),
        ("parallel_for", ctypes.c_void_p),
        ("pool", ctypes.c_void_p),
        ("later", ctypes.c_char * 256),  # room for what a newer tk_options_init writes
    ]


CPU, CUDA = 1, 2
DTYPES = {"f32": (2, 32), "f16": (2, 16), "bf16": (4, 16)}
ORDERS = {"value": 0, "index": 1, "any": 2}


def tensor(pointer, shape, code, bits, device=CPU):
    sizes = (ctypes.c_int64 * len(shape))(*shape)
    return DLTensor(pointer, device, 0, len(shape), code, bits, 1, sizes, None, 0)


class Library:
    """libtopkit.so."""

    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        self.lib.tk_last_error.restype = ctypes.c_char_p

    def options(self, order="value", threads=0):
        options = Options()
        self.lib.tk_options_init(ctypes.byref(options))
        options.order = ORDERS[order]
        options.threads = threads
        return options

    def check(self, status):
        if status:
            raise RuntimeError(self.lib.tk_last_error().decode())

    def workspace_bytes(self, x, k, options, values, indices):
        size = ctypes.c_size_t()
        arguments = (ctypes.byref(t) for t in (x, options, values, indices))
        x, options, values, indices = arguments
        self.check(self.lib.tk_topk_workspace(x, ctypes.c_int64(k), options, values, indices, ctypes.byref(size)))
        return size.value


def read_lines(path):
    """The objects of a file of `topkit bench --json`: lines, or an array with one object a line."""
    return [json.loads(line.rstrip().rstrip(",")) for line in path.read_text().splitlines() if line.startswith("{")]


def write_array(path, lines):
    path.write_text("[\n" + ",\n".join(json.dumps(line) for line in lines) + "\n]\n")
