"""NumPy and CuPy arrays. One implementation: CuPy differs by its stream, its allocator and the layouts CUDA takes."""

from collections.abc import Callable
from typing import Any

import numpy

from . import _native
from ._call import Call, DTYPES, DTYPE_RULE, TopK, fill_number, two_outputs
from ._errors import ArgumentError, DTypeError
from ._shapes import check_k, check_k_of_parts, collapses, flat_ids, flat_rows, normal_axis


def fill_bits(fill: Any, dtype: Any) -> int | None:
    """The bits of a padded value as the binding takes them: a signed number."""
    if fill is None:
        return None
    number = fill_number(fill, dtype)
    bits = int.from_bytes(numpy.asarray(number).astype(dtype).tobytes(), "little")  # on the host: CuPy would wait
    return bits - (1 << 64) if bits >> 63 else bits


class _Writable:
    """A read-only array as DLPack's legacy protocol takes it: inputs are never written."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, x: Any):
        interface = dict(x.__array_interface__)
        interface["data"] = (interface["data"][0], False)
        self.__array_interface__ = interface
        self.owner = x


class _Unsynchronised:
    """A CuPy array exported without an event: the call runs on CuPy's own current stream."""

    __slots__ = ("x",)

    def __init__(self, x: Any):
        self.x = x

    def __dlpack__(self, **_: Any) -> Any:
        return self.x.__dlpack__(stream=-1)

    def __dlpack_device__(self) -> Any:
        return self.x.__dlpack_device__()


class Arrays:
    """`strict`: only the layouts that CUDA takes reach the library; others are copied first."""

    def __init__(self, xp: Any, strict: bool = False):
        self.xp = xp
        self.strict = strict

    def through(self, x: Any, asked: Any) -> Any:
        return asked.run(self, self.xp.asarray(x))

    def call(self, x: Any, function: Callable, *arguments: Any) -> None:
        """A function of the binding, whose last two arguments are workspace and stream."""
        function(*arguments, None, None)

    def exported(self, x: Any) -> Any:
        return x

    def array(self, name: str, value: Any, like: Any, dtype: str | None = None) -> Any:
        """An argument that may be a list, of the type that is wanted."""
        value = self.xp.asarray(value)
        return value if dtype is None or value.dtype.name == dtype else value.astype(dtype)

    def list(self, name: str, value: Any) -> Any:
        """Lists of ids or values, [n] or [rows, n], for the binding."""
        return self.exported(self.input(name, value))

    def address(self, x: Any) -> int:
        return x.data.ptr if self.strict else x.ctypes.data

    def empty(self, shape: tuple[int, ...], dtype: str, like: Any) -> Any:
        return self.xp.empty(shape, dtype)

    def seeds(self, count: int, like: Any, generator: Any) -> Any:
        """Random int64, of `generator` or the one that NumPy's or CuPy's own functions draw from."""
        if generator is not None:
            return self.xp.asarray(generator.integers(-(1 << 63), (1 << 63) - 1, count, "int64"))
        words = self.xp.random.randint(0, 1 << 32, (count, 2), "uint32")
        return words.view("int64").reshape(-1)

    def is_generator(self, value: Any) -> bool:
        return isinstance(value, self.xp.random.Generator)

    def code_of(self, name: str, x: Any) -> int:
        code = DTYPES.get(x.dtype.name)
        if code is None:
            raise DTypeError(f"{name}.dtype = {x.dtype}: {DTYPE_RULE}")
        return code

    def raw(self, x: Any) -> Any:
        """Bytes of a type that DLPack does not know from this framework, under an integer's name."""
        name = x.dtype.name
        if name.startswith("float8"):
            return x.view(self.xp.uint8)
        return x.view(self.xp.uint16) if name == "bfloat16" else x

    def input(self, name: str, x: Any) -> Any:
        if not x.dtype.isnative:
            x = x.astype(x.dtype.newbyteorder("="))
        step = x.dtype.itemsize
        if any(s < 0 or s % step for s in x.strides) or not getattr(x.flags, "aligned", True):
            x = self.xp.array(x, order="C")  # a copy even where one element makes any stride contiguous
        x = self.raw(x)
        if not getattr(x.flags, "writeable", True):
            x = self.xp.asarray(_Writable(x))
        return x

    def output(self, name: str, x: Any) -> Any:
        if not isinstance(x, self.xp.ndarray):
            raise ArgumentError(f"{name} = {type(x).__name__}: must be a {self.xp.__name__}.ndarray, as x is")
        if not getattr(x.flags, "writeable", True):
            raise ArgumentError(f"{name}: must be writeable")
        return self.raw(x)

    def rows(self, name: str, x: Any) -> Any:
        """[rows, cols], the elements of a row neighbours in memory: x itself where its strides say so."""
        x = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])
        packed = x.shape[1] < 2 or x.strides[1] == x.dtype.itemsize
        return self.exported(self.input(name, x if packed else self.xp.ascontiguousarray(x)))

    def per_row(self, name: str, value: Any, batch: tuple[int, ...], like: Any, dtype: str | None = None) -> Any:
        """One number a row, in a [rows] array or in the shape of `batch`."""
        if value is None:
            return None
        value = self.array(name, value, like, dtype)
        return self.exported(self.input(name, flat_rows(name, value, batch)))

    def ids(self, value: Any, x: Any, axis: int) -> Any:
        if value is None:
            return None
        value = self.array("ids", value, x)
        return self.exported(self.input("ids", flat_ids(value, x, axis, self.xp.moveaxis)))

    def topk(self, x: Any, call: Call) -> TopK:
        xp = self.xp
        x = xp.asarray(x)
        code = self.code_of("x", x)
        axis = normal_axis(call.dim, x.ndim)
        check_k(call.k, x.shape[axis], call.ragged)
        batch = x.shape[:axis] + x.shape[axis + 1 :]
        rows = (
            *(self.per_row(name, getattr(call, name), batch, x) for name in ("lengths", "starts", "row_k")),
            self.ids(call.ids, x, axis),
        )
        dtype, source, moved = x.dtype, self.input("x", x), False
        if self.strict and not collapses(source.shape, source.strides, axis, source.dtype.itemsize):
            source, moved = xp.ascontiguousarray(xp.moveaxis(source, axis, -1)), axis != x.ndim - 1
        elif self.strict and axis != x.ndim - 1:
            source, moved = xp.moveaxis(source, axis, -1), True
        where = x.ndim - 1 if moved else axis
        shape = source.shape[:where] + (call.k,) + source.shape[where + 1 :]
        if call.out is not None:
            given = two_outputs(call.out)
            values, indices = (self.output(name, array) for name, array in zip(("out[0]", "out[1]"), given))
            if self.strict:
                return self._into_any_layout(x, call, given)
            self._check_out(given, dtype, tuple(shape))
        else:
            values = self.raw(xp.empty(shape, dtype.newbyteorder("=")))
            indices = xp.empty(shape, xp.int32 if call.index_bits == 32 else xp.int64)
        self.call(
            source,
            _native.topk_into,
            self.exported(source),
            call.k,
            where,
            call.mode,
            code,
            self.exported(values),
            self.exported(indices),
            *rows,
            fill_bits(call.fill, dtype),
            call.algorithm,
            call.threads,
        )
        if call.out is not None:
            return TopK(*given)
        values = values.view(dtype.newbyteorder("=")) if values.dtype != dtype.newbyteorder("=") else values
        return TopK(*(xp.moveaxis(array, -1, axis) if moved else array for array in (values, indices)))

    def _check_out(self, given: tuple[Any, Any], dtype: Any, shape: tuple[int, ...]) -> None:
        for name, array in zip(("out[0]", "out[1]"), given):
            if array.shape != shape:
                raise ArgumentError(f"{name}.shape = {array.shape}: must be {shape}")
        if given[0].dtype != dtype:
            raise DTypeError(f"out[0].dtype = {given[0].dtype}: must be the type of x, {dtype}")
        if given[1].dtype.name not in ("int32", "int64"):
            raise DTypeError(f"out[1].dtype = {given[1].dtype}: must be int32 or int64")

    def _into_any_layout(self, x: Any, call: Call, given: tuple[Any, Any]) -> TopK:
        axis = normal_axis(call.dim, x.ndim)
        self._check_out(given, x.dtype, x.shape[:axis] + (call.k,) + x.shape[axis + 1 :])
        call.out, call.mode = None, call.mode & ~16 | (16 if given[1].dtype.itemsize == 4 else 0)
        call.index_bits = 8 * given[1].dtype.itemsize
        for target, result in zip(given, self.topk(x, call)):
            target[...] = result
        return TopK(*given)

    def merge(self, values: Any, ids: Any, k: int, mode: int, fill: Any, threads: int, out: Any) -> TopK:
        values, ids = self.xp.asarray(values), self.array("ids", ids, values)
        code = self.code_of("values", values)
        if values.ndim != 3 or ids.shape != values.shape:
            raise ArgumentError(
                f"values.shape = {values.shape}, ids.shape = {ids.shape}: must be the same, [parts, rows, width]"
            )
        check_k_of_parts(k, values.shape)
        if out is None:
            shape = (values.shape[1], k)
            best = self.xp.empty(shape, values.dtype.newbyteorder("=")), self.xp.empty(shape, ids.dtype)
        else:
            best = two_outputs(out)
        self.call(
            values,
            _native.merge_into,
            self.exported(self.input("values", values)),
            self.exported(self.input("ids", ids)),
            k,
            mode,
            code,
            *(self.exported(self.output(name, array)) for name, array in zip(("out[0]", "out[1]"), best)),
            fill_bits(fill, values.dtype),
            threads,
        )
        return TopK(*best)


class CudaArrays(Arrays):
    """CuPy: its current stream, workspace from its allocator (ordered by that stream, so freeing at return is safe)."""

    def __init__(self, cupy: Any):
        super().__init__(cupy, strict=True)

    def call(self, x: Any, function: Callable, *arguments: Any) -> None:
        size = function(*arguments, None, -1)
        workspace = self.exported(self.xp.empty(size, self.xp.uint8)) if size else None
        function(*arguments, workspace, self.xp.cuda.get_current_stream().ptr)

    def exported(self, x: Any) -> Any:
        return _Unsynchronised(x)
