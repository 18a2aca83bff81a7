"""NumPy and CuPy arrays. One implementation: CuPy differs by its stream, its allocator and the layouts CUDA takes."""

import math
from typing import Any

import numpy

from . import _native
from ._call import Call, DTYPES, DTYPE_RULE, TopK, two_outputs
from ._errors import ArgumentError, AxisError, DTypeError


def normal_axis(dim: int, ndim: int) -> int:
    if not -ndim <= dim < ndim:
        axes = f"must be in {-ndim}..{ndim - 1}, x has {ndim} axes" if ndim else "x has no axis"
        raise AxisError(f"dim = {dim}: {axes}")
    return dim % ndim


def check_k(k: int, cols: int, padded: bool) -> None:
    if k < 0 or (k > cols and not padded):
        raise ArgumentError(f"k = {k}: must be in 0..{cols}, the length of the selected axis of x")


def collapses(shape: tuple[int, ...], strides: tuple[int, ...], axis: int, step: int) -> bool:
    """True when the rows along `axis` are packed and one stride leads from each to the next: what CUDA takes."""
    if shape[axis] > 1 and strides[axis] != step:
        return False
    reach = None  # the stride that the next outer axis must have
    for i in reversed(range(len(shape))):
        if i == axis or shape[i] == 1:
            continue
        if reach is not None and strides[i] != reach:
            return False
        reach = strides[i] * shape[i]
    return True


def fill_bits(fill: Any, dtype: Any) -> int | None:
    """The bits of a padded value as the binding takes them: a signed number."""
    if fill is None:
        return None
    bits = int.from_bytes(numpy.asarray(fill).astype(dtype).tobytes(), "little")  # on the host: CuPy would wait
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

    def stream(self) -> int | None:
        return None

    def workspace(self, x: Any, call: Call, axis: int, code: int, rows: tuple) -> Any:
        return None

    def exported(self, x: Any) -> Any:
        return x

    def like(self, value: Any, x: Any) -> Any:
        """A row argument that may be a list."""
        return self.xp.asarray(value)

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

    def per_row(self, name: str, value: Any, x: Any, axis: int) -> Any:
        """lengths, starts, row_k: one number a row, in a [rows] array or in the shape that x has without `axis`."""
        if value is None:
            return None
        value = self.like(value, x)
        batch = x.shape[:axis] + x.shape[axis + 1 :]
        if value.shape == batch:
            value = value.reshape(-1)
        if value.shape != (math.prod(batch),):
            raise ArgumentError(f"{name}.shape = {tuple(value.shape)}: must be {batch}, one entry a row")
        return self.exported(self.input(name, value))

    def ids(self, value: Any, x: Any, axis: int) -> Any:
        if value is None:
            return None
        value = self.like(value, x)
        cols = x.shape[axis]
        if value.shape == tuple(x.shape):
            value = self.xp.moveaxis(value, axis, -1).reshape(-1, cols)
        elif value.shape != (cols,):
            raise ArgumentError(f"ids.shape = {tuple(value.shape)}: must be {(cols,)} or {tuple(x.shape)}")
        return self.exported(self.input("ids", value))

    def topk(self, x: Any, call: Call) -> TopK:
        xp, code = self.xp, self.code_of("x", x)
        axis = normal_axis(call.dim, x.ndim)
        check_k(call.k, x.shape[axis], call.ragged)
        rows = (
            self.per_row("lengths", call.lengths, x, axis),
            self.per_row("starts", call.starts, x, axis),
            self.per_row("row_k", call.row_k, x, axis),
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
        _native.topk_into(
            self.exported(source),
            call.k,
            where,
            call.mode,
            code,
            self.exported(values),
            self.exported(indices),
            self.workspace(source, call, where, code, rows),
            self.stream(),
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
        ids = self.like(ids, values)
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
        _native.merge_into(
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


def check_k_of_parts(k: int, shape: tuple[int, ...]) -> None:
    if not 0 <= k <= shape[0] * shape[2]:
        raise ArgumentError(f"k = {k}: must be in 0..{shape[0] * shape[2]}, the candidates of a row (parts * width)")


class CudaArrays(Arrays):
    """CuPy: its current stream, workspace from its allocator (ordered by that stream, so freeing at return is safe)."""

    def __init__(self, cupy: Any):
        super().__init__(cupy, strict=True)

    def stream(self) -> int | None:
        return self.xp.cuda.get_current_stream().ptr

    def workspace(self, x: Any, call: Call, axis: int, code: int, rows: tuple) -> Any:
        size = _native.topk_workspace(self.exported(x), call.k, axis, call.mode, code, *rows, call.algorithm)
        return self.exported(self.xp.empty(size, self.xp.uint8)) if size else None

    def exported(self, x: Any) -> Any:
        return _Unsynchronised(x)
