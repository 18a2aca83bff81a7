"""torch tensors outside of any transformation: straight to the binding, without torch's dispatcher.

The dispatcher costs more than everything else together (docs/python.md has the numbers), so it is asked only where it has
something to say: autograd, vmap and the other function transforms, tracing, subclasses, devices that are not ours.
"""

from dataclasses import replace

import torch

from .. import _native
from .. import _kits
from .. import _topk as _front
from .._call import ORDERS, Call, TopK, fill_number, integer, mode_of, two_outputs
from .._errors import ArgumentError, AxisError, DTypeError, UnsupportedError
from .._shapes import check_k_of_parts, collapses, flat_ids
from ._kit import CODES, Services

_new = tuple.__new__
_grad_enabled = torch.is_grad_enabled
_transforming = torch._C._are_functorch_transforms_active
_modes = torch._C._len_torch_dispatch_stack
_compiling = torch.compiler.is_compiling

_ROWS = ("lengths", "starts", "row_k", "ids")
_INDEX_DTYPES = {32: torch.int32, 64: torch.int64}
direct = _native.eager(torch.Tensor) or (lambda *_: None)


def dispatched(x):
    """True when this call is not for us alone."""
    return (
        _compiling()
        or (x.requires_grad and _grad_enabled())
        or _transforming()
        or _modes() > 0
        or x.is_neg()
        or type(x) not in PLAIN
        or not (x.is_cpu or x.is_cuda)
    )


def plain(x, k, dim, largest, sorted, bits=64):
    """topk without options."""
    if _compiling() or (x.requires_grad and _grad_enabled()) or _transforming() or _modes() > 0 or x.is_neg():
        if _transforming() and not _compiling():
            k, dim = integer("k", k), normal_axis(integer("dim", dim), x.ndim)
            return _transforms.topk(x, dim, (None,) * 4, lambda x, dim, *_: plain(x, k, dim, largest, sorted, bits))
        return TopK(*torch.ops.topkit.topk(x, k, dim, largest, sorted, index_dtype=_INDEX_DTYPES[bits]))
    pair = direct(x, k, dim, largest, sorted, bits)
    if pair is not None:
        return _new(TopK, pair)
    k, dim = integer("k", k), integer("dim", dim)
    if not (x.is_cpu or x.is_cuda):
        return TopK(*torch.ops.topkit.topk(x, k, dim, largest, sorted, index_dtype=_INDEX_DTYPES[bits]))
    order = "value" if sorted else "any"
    return run(x, Call(k, dim, mode_of(largest, ORDERS[order], 0, bits), bits, order=order, largest=largest))


def full(x, call: Call) -> TopK:
    """topk with any of its options."""
    if not dispatched(x):
        return run(x, call)
    given = [(name, getattr(call, name)) for name in _ROWS]
    rows = [None if value is None else KIT.array(name, value, x) for name, value in given]
    if _transforming() and not _compiling() and call.out is None:
        dim = normal_axis(call.dim, x.ndim)

        def select(x, dim, *rows):
            return full(x, replace(call, dim=dim, **dict(zip(_ROWS, rows))))

        return _transforms.topk(x, dim, rows, select)
    arguments = (x, call.k, call.dim, call.largest, True, *rows)
    options = dict(order=call.order, nan=call.nan, fill=call.fill, algorithm=call.algorithm)
    if call.out is None:
        return TopK(*torch.ops.topkit.topk(*arguments, index_dtype=_INDEX_DTYPES[call.index_bits], **options))
    values, indices = _outputs(x, call)
    return TopK(*torch.ops.topkit.topk.out(*arguments, **options, values=values, indices=indices))


def _outputs(x, call):
    values, indices = two_outputs(call.out)
    for name, tensor in (("out[0]", values), ("out[1]", indices)):
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"{name} = {type(tensor).__name__}: must be a torch.Tensor, as x is")
        if tensor.device != x.device:
            raise ArgumentError(f"{name} is on {tensor.device}: all tensors must be on the device of x, {x.device}")
        if _grad_enabled() and (tensor.requires_grad or x.requires_grad):
            raise ArgumentError(f"{name}: out= does not support automatic differentiation, but an argument requires grad")
    if values.dtype != x.dtype:
        raise DTypeError(f"out[0].dtype = {values.dtype}: must be the type of x, {x.dtype}")
    if indices.dtype not in (torch.int32, torch.int64):
        raise DTypeError(f"out[1].dtype = {indices.dtype}: must be torch.int32 or torch.int64")
    return values, indices


def result_shape(shape, k, axis):
    return (*shape[:axis], k, *shape[axis + 1 :])


def normal_axis(dim: int, ndim: int) -> int:
    """As torch: a tensor without axes has one for this purpose."""
    count = max(ndim, 1)
    if not -count <= dim < count:
        raise AxisError(f"dim = {dim}: must be in {-count}..{count - 1}, x has {ndim} axes")
    return dim % count


def run(x, call: Call) -> TopK:
    """On a real tensor of the CPU or CUDA, all of the options."""
    KIT.code_of("x", x)
    axis = normal_axis(call.dim, x.ndim)
    cols = x.shape[axis] if x.ndim else 1
    if call.k < 0 or (call.k > cols and not call.ragged):
        raise ArgumentError(f"k = {call.k}: must be in 0..{cols}, the length of the selected axis of x")
    targets = None if call.out is None else _outputs(x, call)
    source = x.detach() if x.requires_grad else x
    if x.ndim == 0:
        source = source.reshape(1)
    on_cuda = x.is_cuda
    batch = source.shape[:axis] + source.shape[axis + 1 :]
    rows = (
        *(KIT.per_row(name, getattr(call, name), batch, source) for name in ("lengths", "starts", "row_k")),
        None if call.ids is None else flat_ids(KIT.array("ids", call.ids, source), source, axis, torch.movedim),
    )
    last = source.ndim - 1
    moved = on_cuda and axis != last  # CUDA selects along packed rows
    if moved:
        source = source.movedim(axis, -1)
    if on_cuda and not source.is_contiguous() and not collapses(source.shape, source.stride(), last, 1):
        source = source.contiguous()
    where = last if moved else axis
    shape = result_shape(source.shape, call.k, where)
    values, indices = _fitting(targets, shape, moved, on_cuda)
    if values is None:
        values = torch.empty(shape, dtype=x.dtype, device=x.device)
        indices = torch.empty(shape, dtype=_INDEX_DTYPES[call.index_bits], device=x.device)
    KIT.call(
        source,
        _native.topk_into,
        source,
        call.k,
        where,
        call.mode,
        0,
        values,
        indices,
        *rows,
        _fill_bits(call.fill, x),
        call.algorithm,
        call.threads,
    )
    if moved:
        values, indices = values.movedim(-1, axis), indices.movedim(-1, axis)
    if x.ndim == 0:  # torch gives k = 0 of a number as the number, too
        values, indices = (values.reshape(()), indices.reshape(())) if call.k else (x.detach().clone(), indices.new_zeros(()))
    if targets is None:
        return TopK(values, indices)
    for target, result in zip(targets, (values, indices)):
        if target is not result:
            _give(target, result)
    return TopK(*targets)


def _fitting(targets, shape, moved, on_cuda):
    """The targets themselves when the library can write into them, else nothing."""
    if targets is None or moved or any(tuple(t.shape) != tuple(shape) for t in targets):
        return None, None
    if on_cuda and not all(t.is_contiguous() for t in targets):
        return None, None
    return targets


def _give(target, result):
    if target.shape != result.shape:
        if target.numel() != 0:
            raise ArgumentError(f"out.shape = {tuple(target.shape)}: must be {tuple(result.shape)}, or empty to be resized")
        target.resize_(result.shape)
    target.copy_(result)


def _fill_bits(fill, x):
    if fill is None:
        return None
    value = torch.tensor(fill_number(fill, x.dtype), dtype=x.dtype).reshape(1)  # of the host: read at once
    bits = int.from_bytes(bytes(value.view(torch.uint8).tolist()), "little")
    return bits - (1 << 64) if bits >> 63 else bits


def merge(values, ids, k, mode, fill, threads, out) -> TopK:
    if _transforming():
        raise UnsupportedError(f"values = {type(values).__name__} of a transform: merge_topk runs outside of vmap and torch.func only")
    ids = KIT.array("ids", ids, values)
    KIT.code_of("values", values)
    if values.ndim != 3 or ids.shape != values.shape:
        raise ArgumentError(
            f"values.shape = {tuple(values.shape)}, ids.shape = {tuple(ids.shape)}: must be the same, [parts, rows, width]"
        )
    check_k_of_parts(k, tuple(values.shape))
    tracked = values.requires_grad and _grad_enabled()
    given = None if out is None else two_outputs(out)
    if given is not None and (tracked or (_grad_enabled() and given[0].requires_grad)):
        raise ArgumentError("out[0]: out= does not support automatic differentiation, but an argument requires grad")
    if tracked and ids.dtype in _INDEX_DTYPES.values():
        return _gathered(values, ids, k, mode, fill, threads)
    best = given or (values.new_empty((values.shape[1], k)), ids.new_empty((values.shape[1], k)))
    source = values.detach()
    KIT.call(source, _native.merge_into, source, ids, k, mode, 0, *best, _fill_bits(fill, values), threads)
    return TopK(*best)


def _gathered(values, ids, k, mode, fill, threads) -> TopK:
    """Merges by ranks in place of ids, which order alike and say where a winner lies: the values are then a gather."""
    parts, rows, width = values.shape
    candidates = values.movedim(1, 0).reshape(rows, parts * width)
    names = ids.movedim(1, 0).reshape(rows, parts * width)
    by_rank = names.sort(dim=1, stable=True).indices
    ranks = by_rank.argsort(dim=1).masked_fill(names < 0, -1).reshape(rows, parts, width).movedim(1, 0)
    best, won = merge(values.detach(), ranks, k, mode, fill, threads, None)
    if candidates.numel() == 0:
        return TopK(best, won.to(ids.dtype))
    found = by_rank.gather(1, won.clamp_min(0))
    missing = won < 0
    return TopK(torch.where(missing, best, candidates.gather(1, found)), names.gather(1, found).masked_fill(missing, -1))


class Torch(Services):
    """The kit of _kits.py."""

    topk = staticmethod(full)
    merge = staticmethod(merge)

    def through(self, x, asked):
        """Sampling passes no gradient, so one that is asked for changes nothing."""
        if _compiling() or _transforming() or _modes() > 0 or type(x) not in PLAIN or not (x.is_cpu or x.is_cuda):
            return _sampling.dispatched(asked, x)
        return asked.run(self, x.detach() if x.requires_grad else x)


KIT = Torch()

from . import _ops, _sampling, _transforms  # noqa: E402  (defines torch.ops.topkit by what is above)

PLAIN = {torch.Tensor: plain, torch.nn.Parameter: plain}
# Here and not at the first call: torch.compile may be tracing that one.
_front._plain.update(PLAIN)
_kits._kits.update(dict.fromkeys(PLAIN, KIT))
__all__ = ["CODES", "KIT", "PLAIN", "plain", "run", "_ops"]
