"""topkit for JAX: topk under jit, vmap, grad and jvp, on CPU and CUDA, through XLA's typed FFI.

jax-tvm-ffi (`pip install topkit[jax]`) is the bridge: it makes an XLA handler of a function of apache-tvm-ffi, and passes
XLA's stream. The handler has no state, so it may become part of a CUDA graph.
"""

import math
from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy

from . import _native, _topk
from ._arrays import fill_bits
from ._call import Call, TopK, dtype_code, make_call
from ._errors import ArgumentError, DTypeError, UnsupportedError
from ._foreign import Foreign
from ._shapes import check_k, flat_ids, flat_rows, normal_axis

_TARGET = "topkit_topk"
_MOST_THREADS = 1 << 31
_ROWS = ("lengths", "starts", "row_k", "ids")  # bits 0..3 of Static.given, and the order of the operands


class Static(NamedTuple):
    """What is compiled into a call."""

    k: int
    mode: int
    index_dtype: str
    given: int  # struct Given of python/src/xla.cpp
    fill: int


@cache
def _registered() -> bool:
    """False without the bridge."""
    try:
        import jax_tvm_ffi
    except ImportError:
        return False
    arguments = ["attrs.k", "attrs.mode", "attrs.type", "attrs.given", "attrs.fill", "args", "rets"]
    for platform in ("cpu", "gpu"):
        jax_tvm_ffi.register_ffi_target(_TARGET, _native.topk_xla, arguments, platform=platform, allow_cuda_graph=True)
    return True


@cache
def _workspace_bytes(rows: int, cols: int, code: int, static: Static) -> int:
    bits = 8 * numpy.dtype(static.index_dtype).itemsize
    return _native.xla_workspace(rows, cols, code, static.k, static.mode, static.given, bits)


def _platforms() -> set[str]:
    return {device.platform for device in jax.devices()} | {"cpu"}


@partial(jax.jit, static_argnums=0)
def _select(static: Static, x, *by_row):
    """Along the last axis: every leading axis is rows. `by_row`: lengths, starts, row_k and ids, [0] where not given."""
    batch, cols = x.shape[:-1], x.shape[-1]
    rows, code = math.prod(batch), dtype_code(x.dtype)
    shape = (rows, static.k)
    results = [jax.ShapeDtypeStruct(shape, x.dtype), jax.ShapeDtypeStruct(shape, static.index_dtype)]
    flat = [value.reshape(-1, cols) if name == "ids" and value.ndim > 1 else value.reshape(-1) for name, value in zip(_ROWS, by_row)]

    def on(size, x, *by_row):
        call = jax.ffi.ffi_call(_TARGET, [*results, jax.ShapeDtypeStruct((max(size, 1),), jnp.uint8)])
        return tuple(call(x, *by_row, k=static.k, mode=static.mode, type=code, given=static.given, fill=static.fill)[:2])

    branches = {"cpu": partial(on, 0)}
    if "gpu" in _platforms():
        branches["cuda"] = partial(on, _workspace_bytes(rows, cols, code, static))
    values, indices = jax.lax.platform_dependent(x.reshape(rows, cols), *flat, **branches)
    return values.reshape(*batch, static.k), indices.reshape(*batch, static.k)


@cache
def _batched(static: Static):
    """`_select`, of which vmap knows that one more leading axis is more rows."""

    @jax.custom_batching.custom_vmap
    def select(x, *by_row):
        return _select(static, x, *by_row)

    @select.def_vmap
    def rule(axis_size, in_batched, x, *by_row):
        def spread(i, value, mapped):
            """Over the mapped axis, except what all rows share: one list of ids, and what is not given."""
            shared = not static.given >> i & 1 or (_ROWS[i] == "ids" and value.ndim == 1)
            return value if mapped or shared else jnp.broadcast_to(value, (axis_size, *value.shape))

        x = x if in_batched[0] else jnp.broadcast_to(x, (axis_size, *x.shape))
        ids, mapped = by_row[3], in_batched[4]
        if mapped and ids.ndim == 2:  # one list for each place of the mapped axis
            ids = jnp.broadcast_to(ids.reshape(axis_size, *(1,) * (x.ndim - 2), -1), x.shape)
        by_row = [spread(i, value, in_batched[i + 1]) for i, value in enumerate((*by_row[:3], ids))]
        return select(x, *by_row), (True, True)

    return select


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _differentiable(static: Static, x, *by_row):
    return _batched(static)(x, *by_row)


@_differentiable.defjvp
def _tangent(static: Static, primals, tangents):
    """The winners' own tangents; padded places, of index -1, have none. Its transpose is the gradient."""
    if static.given >> _ROWS.index("ids") & 1:
        raise ArgumentError("x is differentiated and ids is given: the gradient needs the columns; gather the ids afterwards")
    values, indices = _differentiable(static, *primals)
    nothing = numpy.zeros(indices.shape, jax.dtypes.float0)
    if not jnp.issubdtype(values.dtype, jnp.inexact):
        return (values, indices), (nothing, nothing)
    taken = jnp.take_along_axis(tangents[0], jnp.maximum(indices, 0), -1)
    return (values, indices), (jnp.where(indices < 0, 0, taken), nothing)


def topk(x, k, dim=-1, largest=True, sorted=True, **options) -> TopK:
    """topkit.topk of a jax.Array or a tracer, with its options but `out`; k and all that is no array is static.

    index_dtype : int64 where JAX_ENABLE_X64 is set, int32 otherwise, as everywhere in JAX.
    """
    return Jax().topk(x, make_call(k, dim, largest, sorted, **options))


class Jax(Foreign):
    """Arrays outside of transformations go through DLPack where jax-tvm-ffi is not installed; so does sampling."""

    def through(self, x, asked):
        if isinstance(x, jax.core.Tracer):
            raise UnsupportedError(f"x = {type(x).__name__}: under a transformation of JAX only topk runs, and needs jax-tvm-ffi")
        return super().through(x, asked)

    def merge(self, values, ids, k, mode, fill, threads, out) -> TopK:
        for name, array in (("values", values), ("ids", ids)):
            if isinstance(array, jax.core.Tracer):
                raise UnsupportedError(f"{name} = {type(array).__name__}: merge_topk runs outside of jit, vmap and grad only")
        return super().merge(values, ids, k, mode, fill, threads, out)

    def topk(self, x, call: Call) -> TopK:
        if call.out is not None:
            raise UnsupportedError(f"out = {type(call.out).__name__}: must be None, JAX arrays are immutable")
        if not _registered():
            return super().topk(x, call)
        dtype_code(x.dtype)
        axis = normal_axis(call.dim, x.ndim)
        check_k(call.k, x.shape[axis], call.ragged)
        index_dtype = "int64" if call.index_bits == 64 and jax.config.jax_enable_x64 else "int32"
        by_row = [_by_row(name, getattr(call, name), x, axis, index_dtype) for name in _ROWS]
        given = sum(1 << i for i, name in enumerate(_ROWS) if getattr(call, name) is not None)
        fill = fill_bits(call.fill, x.dtype)
        if not 0 <= call.threads < _MOST_THREADS:
            raise ArgumentError(f"threads = {call.threads}: must be in 0..{_MOST_THREADS - 1}")
        given |= (16 if fill is not None else 0) | _algorithm(call.algorithm) << 5 | call.threads << 16
        static = Static(call.k, call.mode & ~16, index_dtype, given, fill or 0)
        values, indices = _differentiable(static, jnp.moveaxis(x, axis, -1), *by_row)
        return TopK(jnp.moveaxis(values, -1, axis), jnp.moveaxis(indices, -1, axis))


def _by_row(name: str, value, x, axis: int, index_dtype: str):
    """A row argument as the handler takes it: of the shape of x without `axis`, ids with it last."""
    if value is None:
        return jnp.zeros(0, "int32")
    value = jnp.asarray(value)
    if not jnp.issubdtype(value.dtype, jnp.integer):
        raise DTypeError(f"{name}.dtype = {value.dtype}: must be int32 or int64")
    if name == "ids":
        ids = flat_ids(value, x, axis, jnp.moveaxis)
        return (ids.reshape(jnp.moveaxis(x, axis, -1).shape) if ids.ndim == 2 else ids).astype(index_dtype)
    batch = x.shape[:axis] + x.shape[axis + 1 :]
    return flat_rows(name, value, batch).reshape(batch)


@cache
def _numbers() -> dict[str, int]:
    return {row.partition(" ")[0]: i + 1 for i, row in enumerate(_native.algorithms())}


def _algorithm(name: str | None) -> int:
    """Of "NAME", "NAME/ISA" or "/ISA": its number, and above 8 bits that of the instruction set."""
    if name is None:
        return 0
    algorithm, _, isa = name.partition("/")
    isas = _native.isas()
    if algorithm and algorithm not in _numbers():
        known = _topk.algorithms("cpu") + _topk.algorithms("cuda")
        raise ArgumentError(f"algorithm = {algorithm!r}: must be one of {', '.join(known)}")
    if isa and isa not in isas:
        raise ArgumentError(f"isa = {isa!r}: must be one of {', '.join(isas)}")
    return (_numbers()[algorithm] if algorithm else 0) | (list(isas).index(isa) + 1 if isa else 0) << 8
