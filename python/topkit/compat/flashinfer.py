"""FlashInfer's top-k and sampling functions by their names, on CUDA and CPU tensors.

    from topkit.compat import flashinfer

What differs: exactly k tokens are kept (ties: the lower id), `top_k` may be an int or a tensor at the same speed, a tensor of
seeds is used row by row, nothing is compiled at the first call, and every answer is deterministic whether asked for or not.
Of a scalar seed row r draws with position `offset` + (r << 32), so rows are independent and a row's token depends on r.
`check_nan` is accepted and has no effect: a NaN is never drawn, and nothing is read back to look for one.
"""

import torch

from .._errors import ArgumentError
from .._sampling import filter, sample
from .._topk import topk

__all__ = [
    "min_p_sampling_from_probs",
    "sampling_from_logits",
    "sampling_from_probs",
    "softmax",
    "top_k",
    "top_k_mask_logits",
    "top_k_renorm_probs",
    "top_k_sampling_from_probs",
    "top_k_top_p_sampling_from_logits",
    "top_k_top_p_sampling_from_probs",
    "top_p_renorm_probs",
    "top_p_sampling_from_probs",
]


def top_k(input, k, sorted=False, deterministic=False, tie_break=0, dsa_graph_safe=False):
    """(values, int64 indices) of the k largest; ties by the lower index, which is FlashInfer's tie_break = SMALL."""
    if tie_break not in (0, 1):
        raise ArgumentError(f"tie_break = {tie_break}: must be 0 (any) or 1 (the lower index)")
    return tuple(topk(input, k, sorted=sorted))


def softmax(logits, temperature=None, enable_pdl=None):
    return filter(logits, "probabilities", temperature=1.0 if temperature is None else temperature)


def _noise(logits, indices, generator, seed, offset):
    rows = logits.shape[0] if indices is None else indices.shape[0]
    if seed is None:
        return dict(seed=generator)
    if isinstance(seed, torch.Tensor):
        seed = seed if seed.numel() == rows else seed.expand(rows)
    offset = 0 if offset is None else offset
    if isinstance(offset, torch.Tensor) and offset.numel() == rows > 1:
        return dict(seed=seed, position=offset)
    apart = torch.arange(rows, device=logits.device) << 32
    return dict(seed=seed, position=apart + offset)


def _draw(logits, indices, generator, seed, offset, return_valid=False, **rules):
    drawn = sample(
        logits, row_map=indices, valid=return_valid, index_dtype=torch.int32 if indices is None else indices.dtype,
        **_noise(logits, indices, generator, seed, offset), **rules,
    )  # fmt: skip
    return (drawn.tokens, drawn.valid) if return_valid else drawn.tokens


def _order(filter_apply_order):
    presets = {"top_k_first": "flashinfer", "joint": "flashinfer_joint"}
    if filter_apply_order not in presets:
        raise ArgumentError(f"filter_apply_order = {filter_apply_order!r}: must be 'top_k_first' or 'joint'")
    return presets[filter_apply_order]


def sampling_from_logits(
    logits, indices=None, deterministic=True, generator=None, check_nan=False, seed=None, offset=None
):  # fmt: skip
    return _draw(logits, indices, generator, seed, offset)


def sampling_from_probs(
    probs, indices=None, deterministic=True, generator=None, check_nan=False, seed=None, offset=None, return_valid=False
):  # fmt: skip
    return _draw(probs.log(), indices, generator, seed, offset, return_valid)


def top_p_sampling_from_probs(
    probs, top_p, indices=None, deterministic=True, generator=None, check_nan=False, seed=None, offset=None,
    return_valid=False,
):  # fmt: skip
    return _draw(probs.log(), indices, generator, seed, offset, return_valid, top_p=top_p, preset="flashinfer")


def top_k_sampling_from_probs(
    probs, top_k, indices=None, deterministic=True, generator=None, check_nan=False, seed=None, offset=None,
    return_valid=False,
):  # fmt: skip
    return _draw(probs.log(), indices, generator, seed, offset, return_valid, top_k=top_k, preset="flashinfer")


def min_p_sampling_from_probs(
    probs, min_p, indices=None, deterministic=True, generator=None, check_nan=False, seed=None, offset=None,
    return_valid=False,
):  # fmt: skip
    return _draw(probs.log(), indices, generator, seed, offset, return_valid, min_p=min_p, preset="flashinfer")


def top_k_top_p_sampling_from_logits(
    logits, top_k, top_p, indices=None, filter_apply_order="top_k_first", deterministic=True, generator=None, check_nan=False,
    seed=None, offset=None,
):  # fmt: skip
    preset = _order(filter_apply_order)
    return _draw(logits, indices, generator, seed, offset, top_k=top_k, top_p=top_p, preset=preset)


def top_k_top_p_sampling_from_probs(
    probs, top_k, top_p, indices=None, filter_apply_order="top_k_first", deterministic=True, generator=None, check_nan=False,
    seed=None, offset=None, return_valid=False,
):  # fmt: skip
    preset = _order(filter_apply_order)
    return _draw(probs.log(), indices, generator, seed, offset, return_valid, top_k=top_k, top_p=top_p, preset=preset)


def top_p_renorm_probs(probs, top_p, is_deterministic=False):
    return filter(probs.log(), "probabilities", top_p=top_p, preset="flashinfer")


def top_k_renorm_probs(probs, top_k, is_deterministic=False):
    return filter(probs.log(), "probabilities", top_k=top_k, preset="flashinfer")


def top_k_mask_logits(logits, top_k):
    return filter(logits, top_k=top_k, preset="flashinfer").to(logits.dtype)
