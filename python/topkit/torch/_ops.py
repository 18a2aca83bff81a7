"""torch.ops.topkit: for torch.compile, autograd, vmap and everything else that goes through torch's dispatcher.

Low-level define and impl: torch.library.custom_op costs about twice as much a call.
"""

import torch

from .._call import fill_number, make_call
from .._errors import ArgumentError, DTypeError
from . import _eager, _transforms

_LIBRARY = torch.library.Library("topkit", "DEF")
# Tensors are positional: autograd cannot be registered for an operator with keyword-only tensors.
_ARGUMENTS = (
    "Tensor x, SymInt k, int dim=-1, bool largest=True, bool sorted=True, Tensor? lengths=None, Tensor? starts=None, "
    "Tensor? row_k=None, Tensor? ids=None, *, str? order=None, str? nan=None, Scalar? fill=None, str? algorithm=None"
)
_LIBRARY.define(
    f"topk({_ARGUMENTS}, ScalarType? index_dtype=None) -> (Tensor values, Tensor indices)",
    tags=(torch.Tag.pt2_compliant_tag,),
)
_LIBRARY.define(
    f"topk.out({_ARGUMENTS}, Tensor(a!) values, Tensor(b!) indices) -> (Tensor(a!), Tensor(b!))"
)


def _options(order, nan, lengths, starts, row_k, ids, fill, algorithm):
    return dict(
        order=order, nan=nan, lengths=lengths, starts=starts, row_k=row_k, ids=ids, fill=fill, algorithm=algorithm
    )  # fmt: skip


def _index_dtype(index_dtype, ids):
    if index_dtype is None:
        return torch.int32 if ids is not None and ids.dtype == torch.int32 else torch.int64
    return index_dtype


def _topk(
    x, k, dim=-1, largest=True, sorted=True, lengths=None, starts=None, row_k=None, ids=None, *, order=None, nan=None,
    fill=None, algorithm=None, index_dtype=None,
):  # fmt: skip
    if order is nan is lengths is starts is row_k is ids is fill is algorithm is None and index_dtype in (None, torch.int64):
        pair = _eager.direct(x, k, dim, largest, sorted, 64)
        if pair is not None:
            return pair
    options = _options(order, nan, lengths, starts, row_k, ids, fill, algorithm)
    return tuple(_eager.run(x, make_call(int(k), dim, largest, sorted, index_dtype=_index_dtype(index_dtype, ids), **options)))


def _topk_out(
    x, k, dim=-1, largest=True, sorted=True, lengths=None, starts=None, row_k=None, ids=None, *, order=None, nan=None,
    fill=None, algorithm=None, values, indices,
):  # fmt: skip
    options = _options(order, nan, lengths, starts, row_k, ids, fill, algorithm)
    return tuple(_eager.run(x, make_call(int(k), dim, largest, sorted, index_dtype=indices.dtype, out=(values, indices), **options)))


for _key in ("CPU", "CUDA"):
    _LIBRARY.impl("topk", _topk, _key)
    _LIBRARY.impl("topk.out", _topk_out, _key)


@torch.library.register_fake("topkit::topk", lib=_LIBRARY)
def _topk_fake(
    x, k, dim=-1, largest=True, sorted=True, lengths=None, starts=None, row_k=None, ids=None, *, order=None, nan=None,
    fill=None, algorithm=None, index_dtype=None,
):  # fmt: skip
    if x.dtype not in _eager.CODES:
        raise DTypeError(f"x.dtype = {x.dtype}: must be one of {', '.join(map(str, _eager.CODES))}")
    axis = _eager.normal_axis(dim, x.ndim)
    if isinstance(fill, (int, float)):
        fill_number(fill, x.dtype)
    kind = _index_dtype(index_dtype, ids)
    if x.ndim == 0:
        return x.new_empty(()), x.new_empty((), dtype=kind)
    torch._check(k >= 0, lambda: f"k = {k}: must not be negative")
    if lengths is None and starts is None:
        torch._check(k <= x.shape[axis], lambda: f"k = {k}: must be in 0..{x.shape[axis]}, the length of the selected axis of x")
    shape = _eager.result_shape(x.shape, k, axis)
    if x.is_cuda and axis != x.ndim - 1:  # rows are packed there, and the axis is moved back
        packed = _eager.result_shape(x.movedim(axis, -1).shape, k, x.ndim - 1)
        return x.new_empty(packed).movedim(-1, axis), x.new_empty(packed, dtype=kind).movedim(-1, axis)
    return x.new_empty(shape), x.new_empty(shape, dtype=kind)


@torch.library.register_fake("topkit::topk.out", lib=_LIBRARY)
def _topk_out_fake(x, k, *args, values, indices, **options):
    return values, indices


def _save(ctx, inputs, keyword_only_inputs, output):
    x, _, dim, _, _, lengths, starts, row_k, ids = inputs
    _, indices = output
    ctx.mark_non_differentiable(indices)
    if ids is not None:
        raise ArgumentError("x requires grad and ids is given: the gradient needs the columns; gather the ids afterwards")
    ctx.save_for_backward(indices)
    ctx.padded = any(row is not None for row in (lengths, starts, row_k))
    ctx.shape, ctx.axis = x.shape, _eager.normal_axis(dim, x.ndim)


def _backward(ctx, grad, _):
    (indices,) = ctx.saved_tensors
    return _transforms.gradient(grad, indices, ctx.shape, ctx.axis, ctx.padded), *(None,) * 8


torch.library.register_autograd("topkit::topk", _backward, setup_context=_save, lib=_LIBRARY)


@torch.library.register_vmap("topkit::topk", lib=_LIBRARY)
def _topk_vmap(
    info, in_dims, x, k, dim=-1, largest=True, sorted=True, lengths=None, starts=None, row_k=None, ids=None, *, order=None,
    nan=None, fill=None, algorithm=None, index_dtype=None,
):  # fmt: skip
    options = dict(order=order, nan=nan, fill=fill, algorithm=algorithm, index_dtype=index_dtype)
    dims = (*in_dims, *(None,) * (9 - len(in_dims)))  # of the positional arguments, tensors or not
    dims = (dims[0], *dims[5:])
    axis = _eager.normal_axis(dim, x.ndim - (dims[0] is not None))

    def select(x, axis, *rows):
        return torch.ops.topkit.topk(x, k, axis, largest, sorted, *rows, **options)

    return _transforms.mapped(select, info.batch_size, dims, x, axis, (lengths, starts, row_k, ids))
