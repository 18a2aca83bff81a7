"""topk under torch.func: grad, vjp, jacrev and vmap, in any nesting.

A gradient registered with torch.library does not work under torch.func.grad; an autograd.Function with setup_context does.
"""

import torch

from .._call import TopK
from .._errors import ArgumentError


def gradient(grad, indices, shape, axis, padded):
    """Winners are distinct, so adding is placing; padded places, of index -1, add nothing to column 0."""
    indices = indices.long()
    if not shape:
        return grad.clone()
    if padded:
        grad, indices = torch.where(indices < 0, torch.zeros_like(grad), grad), indices.clamp_min(0)
    return grad.new_zeros(shape).scatter_add(axis, indices, grad)


def mapped(call, in_dim, x, dim, row_arguments):
    """Leading axes are rows already: the mapped one goes to the front."""
    if any(row is not None for row in row_arguments):
        raise ArgumentError("lengths, starts, row_k and ids are not mapped: pass the batched tensor to topkit.topk itself")
    x = x.movedim(in_dim, 0)
    scalar = x.ndim == 1
    if scalar:
        x = x.unsqueeze(-1)
    axis = dim % max(x.ndim - 1, 1) + 1
    result = call(x, axis)
    return tuple(part.squeeze(-1) if scalar else part for part in result), (0, 0)


class Select(torch.autograd.Function):
    """(x, dim, row arguments, select): select(x, dim) is topkit.topk with everything else bound."""

    @staticmethod
    def forward(x, dim, rows, select):
        return tuple(select(x, dim))

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, dim, rows, _ = inputs
        lengths, starts, row_k, ids = rows
        if ids is not None:
            raise ArgumentError("x requires grad and ids is given: the gradient needs the columns; gather the ids afterwards")
        _, indices = output
        ctx.mark_non_differentiable(indices)
        ctx.save_for_backward(indices)
        ctx.padded = any(row is not None for row in (lengths, starts, row_k))
        ctx.shape, ctx.axis = x.shape, dim % max(x.ndim, 1)

    @staticmethod
    def backward(ctx, grad, _):
        (indices,) = ctx.saved_tensors
        return gradient(grad, indices, ctx.shape, ctx.axis, ctx.padded), None, None, None

    @staticmethod
    def vmap(info, in_dims, x, dim, rows, select):
        if in_dims[0] is None:
            return tuple(select(x, dim)), (None, None)
        return mapped(select, in_dims[0], x, dim, rows)


def topk(x, dim, rows, select) -> TopK:
    return TopK(*Select.apply(x, dim, rows, select))
