"""topk under torch.func: grad, vjp, jacrev and vmap, in any nesting.

A gradient registered with torch.library does not work under torch.func.grad; an autograd.Function with setup_context does.
"""

import math

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


def mapped(call, size, dims, x, dim, rows):
    """call(x, dim, *rows) of `size` samples. Leading axes are rows already: the mapped one goes to the front, and what is not
    mapped is repeated along it. rows: lengths, starts, row_k and ids; dims: the mapped axis of x and of each of them, or None."""

    def spread(tensor, at):
        return tensor.expand(size, *tensor.shape) if at is None else tensor.movedim(at, 0)

    sample = _shape_of_sample(x, dims[0])
    x = spread(x, dims[0])
    scalar = x.ndim == 1
    if scalar:
        x = x.unsqueeze(-1)
    axis = dim % max(x.ndim - 1, 1)
    batch = (*sample[:axis], *sample[axis + 1 :])
    given = [
        None if row is None else _flat(name, spread(row, at), batch)
        for name, row, at in zip(("lengths", "starts", "row_k"), rows, dims[1:])
    ]
    ids, at = rows[3], dims[4]
    if ids is not None and (at is not None or ids.ndim != 1 or len(sample) == 1):
        ids = _ids_like(x, spread(ids, at), axis + 1)
    result = call(x, axis + 1, *given, ids)
    return tuple(part.squeeze(-1) if scalar else part for part in result), (0, 0)


def _shape_of_sample(x, at):
    return tuple(x.shape) if at is None else tuple(x.shape[:at]) + tuple(x.shape[at:][1:])


def _flat(name, row, batch):
    """One number a row of every sample; row: [size, ..]."""
    shape = tuple(row.shape[1:])
    if shape not in (batch, (math.prod(batch),)):
        raise ArgumentError(f"{name}.shape = {shape}: must be {batch}, one entry a row")
    return row.reshape(-1)


def _ids_like(x, ids, axis):
    """Of x's shape; ids: [size, cols] or like x."""
    shape, cols = tuple(ids.shape[1:]), x.shape[axis]
    if shape == tuple(x.shape[1:]):
        return ids
    if shape != (cols,):
        raise ArgumentError(f"ids.shape = {shape}: must be {(cols,)} or {tuple(x.shape[1:])}")
    return ids.reshape(ids.shape[0], *(cols if i == axis else 1 for i in range(1, x.ndim))).expand(x.shape)


class Select(torch.autograd.Function):
    """select(x, dim, lengths, starts, row_k, ids) is topkit.topk with everything else bound."""

    @staticmethod
    def forward(select, x, dim, *rows):
        return tuple(select(x, dim, *rows))

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, x, dim, *rows = inputs
        _, indices = output
        ctx.mark_non_differentiable(indices)
        ctx.save_for_backward(indices)
        ctx.by_id = rows[3] is not None
        ctx.padded = any(row is not None for row in rows[:3])
        ctx.shape, ctx.axis = x.shape, dim % max(x.ndim, 1)

    @staticmethod
    def backward(ctx, grad, _):
        if ctx.by_id:
            raise ArgumentError("x requires grad and ids is given: the gradient needs the columns; gather the ids afterwards")
        (indices,) = ctx.saved_tensors
        return None, gradient(grad, indices, ctx.shape, ctx.axis, ctx.padded), *(None,) * 5

    @staticmethod
    def vmap(info, in_dims, select, x, dim, *rows):
        if all(at is None for at in (in_dims[1], *in_dims[3:])):
            return tuple(select(x, dim, *rows)), (None, None)
        return mapped(select, info.batch_size, (in_dims[1], *in_dims[3:]), x, dim, rows)


def topk(x, dim, rows, select) -> TopK:
    return TopK(*Select.apply(select, x, dim, *rows))
