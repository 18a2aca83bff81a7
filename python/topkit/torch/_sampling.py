"""torch.ops.topkit.sample, filter and topn_logprobs: for torch.compile, export and whatever else traces."""

import torch

from .._rules import Rules
from .._sampling import Filter, LogProbs, Sample, Sampled, TopnLogprobs
from ._eager import KIT
from ._ops import _LIBRARY

_EITHER = ("temperature", "top_k", "top_p", "min_p", "seed", "position")  # a number, or row_NAME
_ARRAYS = ("mask", "mask_map", "row_map", "lengths")
_SHARED = (
    "Tensor logits, "
    + "".join(f"Tensor? row_{name}=None, " for name in _EITHER)
    + "Tensor? bias_ids=None, Tensor? bias=None, Tensor? mask=None, Tensor? mask_map=None, Tensor? row_map=None, "
    "Tensor? lengths=None, {tensors}*, float temperature=1.0, int top_k=0, float top_p=1.0, float min_p=0.0, int seed=0, "
    "int position=0, int draw=0, float softcap=0.0, int rules=0, str? algorithm=None, "
)
_LIBRARY.define(
    "sample(" + _SHARED.format(tensors="") + "int? draws=None, bool logprobs=False, bool kept=False, bool valid=False, "
    "int candidates=0, ScalarType index_dtype=long) -> Tensor[]"
)  # fmt: skip
_LIBRARY.define("filter(" + _SHARED.format(tensors="") + "int form=0) -> Tensor")
_LIBRARY.define(
    "topn_logprobs("
    + _SHARED.format(tensors="Tensor? tokens=None, Tensor? probes=None, Tensor? row_n=None, ")
    + "int n=0, ScalarType index_dtype=long) -> Tensor[]"
)


def _rules(
    row_temperature, row_top_k, row_top_p, row_min_p, row_seed, row_position, bias_ids, bias, mask, mask_map, row_map, lengths,
    *, temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, seed=0, position=0, draw=0, softcap=0.0, rules=0, algorithm=None,
):  # fmt: skip
    rows = (row_temperature, row_top_k, row_top_p, row_min_p, row_seed, row_position)
    either = (temperature, top_k, top_p, min_p, seed, position)
    chosen = [number if row is None else row for row, number in zip(rows, either)]
    pair = None if bias_ids is None else (bias_ids, bias)
    return Rules(*chosen, draw, softcap, pair, mask, mask_map, row_map, lengths, rules, algorithm)


def _given(values):
    return [value for value in values if value is not None]


_TENSORS = len(_EITHER) + 2 + len(_ARRAYS)


def _parted(arguments, own):
    """The positional tensors of the rules, padded with None, and those of the operation itself."""
    padded = [*arguments, *(None,) * (_TENSORS + own - len(arguments))]
    return padded[:_TENSORS], padded[_TENSORS:]


def _asked_sample(arguments, draws=None, logprobs=False, kept=False, valid=False, candidates=0, index_dtype=torch.int64, **scalars):
    rules = _rules(*_parted(arguments, 0)[0], **scalars)
    return Sample(rules, draws, logprobs, kept, valid, candidates, str(index_dtype).removeprefix("torch."))


def _asked_logprobs(arguments, n=0, index_dtype=torch.int64, **scalars):
    tensors, own = _parted(arguments, 3)
    return TopnLogprobs(_rules(*tensors, **scalars), n, *own, str(index_dtype).removeprefix("torch."))


def _sample(x, *arguments, **options):
    return _given(_asked_sample(arguments, **options).run(KIT, x))


def _filter(x, *arguments, form=0, **scalars):
    return Filter(_rules(*_parted(arguments, 0)[0], **scalars), form, None).run(KIT, x)


def _topn_logprobs(x, *arguments, **options):
    return _given(_asked_logprobs(arguments, **options).run(KIT, x))


for _key in ("CPU", "CUDA"):
    _LIBRARY.impl("sample", _sample, _key)
    _LIBRARY.impl("filter", _filter, _key)
    _LIBRARY.impl("topn_logprobs", _topn_logprobs, _key)


@torch.library.register_fake("topkit::sample", lib=_LIBRARY)
def _sample_fake(x, *arguments, **options):
    return _given(_asked_sample(arguments, **options).outputs(KIT, x))


@torch.library.register_fake("topkit::filter", lib=_LIBRARY)
def _filter_fake(x, *arguments, form=0, **scalars):
    rules = _rules(*_parted(arguments, 0)[0], **scalars)
    return x.new_empty((*rules.batch(x), x.shape[-1]), dtype=torch.float32)


@torch.library.register_fake("topkit::topn_logprobs", lib=_LIBRARY)
def _topn_logprobs_fake(x, *arguments, **options):
    asked = _asked_logprobs(arguments, **options)
    return _given(asked.outputs(KIT, x))


def dispatched(asked, x):
    """The operation `asked` by way of its operator."""
    rules = asked.rules
    rules.settle_seed(KIT, x)
    rows = {name: getattr(rules, name) for name in _EITHER}
    row = {name: value if isinstance(value, torch.Tensor) else None for name, value in rows.items()}
    scalars = {name: value for name, value in rows.items() if row[name] is None}
    bias_ids, bias = rules.bias if rules.bias is not None else (None, None)
    arguments = [x.detach(), *row.values(), bias_ids, bias, rules.mask, rules.mask_map, rules.row_map, rules.lengths]
    options = dict(scalars, draw=rules.draw, softcap=rules.softcap, rules=rules.packed, algorithm=rules.algorithm)
    if isinstance(asked, Filter):
        return torch.ops.topkit.filter(*arguments, **options, form=asked.form)
    options["index_dtype"] = getattr(torch, asked.index_dtype)
    if isinstance(asked, Sample):
        found = iter(
            torch.ops.topkit.sample(
                *arguments, **options, draws=asked.draws, logprobs=asked.logprobs, kept=asked.kept, valid=asked.valid,
                candidates=asked.candidates,
            )
        )  # fmt: skip
        wanted = (True, asked.logprobs, asked.kept, asked.valid, asked.candidates, asked.candidates)
        return Sampled(*(next(found) if each else None for each in wanted))
    own = (asked.tokens, asked.probes, asked.row_n)
    found = iter(torch.ops.topkit.topn_logprobs(*arguments, *own, **options, n=asked.n))
    wanted = (asked.n, asked.n, True, asked.tokens is not None, asked.tokens is not None, asked.probes is not None)
    return LogProbs(*(next(found) if each else None for each in wanted))
