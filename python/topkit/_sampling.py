"""sample, filter and topn_logprobs of `import topkit`: from logits to tokens, in one launch where the engine can."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from ._call import choice, dtype_name, index_bits, integer
from ._errors import ArgumentError, DTypeError
from ._kits import kit_of
from ._rules import Rules, id_lists, rules_of


class Sampled(NamedTuple):
    """What `sample` drew; None for what was not asked for."""

    tokens: Any
    logprobs: Any = None
    kept: Any = None
    valid: Any = None
    candidates: Any = None
    candidate_logprobs: Any = None


class LogProbs(NamedTuple):
    """What `topn_logprobs` found; None for what was not asked for."""

    ids: Any
    logprobs: Any
    logsumexp: Any
    token_logprobs: Any = None
    token_ranks: Any = None
    probe_logprobs: Any = None


FORMS = {"logits": 0, "probabilities": 1}


def _check(kit: Any, logits: Any) -> int:
    """The element type's code for the binding."""
    if len(logits.shape) == 0 or logits.shape[-1] == 0:
        raise ArgumentError(f"logits.shape = {tuple(logits.shape)}: the last axis must have at least one token")
    if dtype_name(logits.dtype) not in ("float32", "float16", "bfloat16"):
        raise DTypeError(f"logits.dtype = {dtype_name(logits.dtype)}: must be float32, float16 or bfloat16")
    return kit.code_of("logits", logits)


def _count(name: str, value: Any) -> int:
    if (value := integer(name, value)) < 0:
        raise ArgumentError(f"{name} = {value}: must not be negative")
    return value


@dataclass(slots=True)
class Sample:
    rules: Rules
    draws: int | None
    logprobs: bool
    kept: bool
    valid: bool
    candidates: int
    index_dtype: str

    def outputs(self, kit: Any, x: Any) -> Sampled:
        batch = self.rules.batch(x)
        shape = batch if self.draws is None else (*batch, self.draws)
        listed = (*batch, self.candidates)
        return Sampled(
            kit.empty(shape, self.index_dtype, x),
            kit.empty(shape, "float32", x) if self.logprobs else None,
            kit.empty(batch, "int32", x) if self.kept else None,
            kit.empty(batch, "bool", x) if self.valid else None,
            kit.empty(listed, self.index_dtype, x) if self.candidates else None,
            kit.empty(listed, "float32", x) if self.candidates else None,
        )

    def run(self, kit: Any, x: Any) -> Sampled:
        from . import _native

        code, rows = _check(kit, x), math.prod(self.rules.batch(x))
        self.rules.settle_seed(kit, x)
        out = self.outputs(kit, x)
        widths = (self.draws, self.draws, None, None, self.candidates, self.candidates)
        flat = [_flat(kit, array, rows, width) for array, width in zip(out, widths)]
        if rows and self.draws != 0:
            kit.call(x, _native.sample, kit.rows("logits", x), code, *self.rules.pack(kit, x), *flat)
        return out


@dataclass(slots=True)
class Filter:
    rules: Rules
    form: int
    out: Any

    def run(self, kit: Any, x: Any) -> Any:
        from . import _native

        code, batch = _check(kit, x), self.rules.batch(x)
        shape = (*batch, x.shape[-1])
        out = kit.empty(shape, "float32", x) if self.out is None else self.out
        if tuple(out.shape) != shape or dtype_name(out.dtype) != "float32":
            raise ArgumentError(f"out = {dtype_name(out.dtype)} {tuple(out.shape)}: must be float32 {shape}")
        flat = out.reshape(math.prod(batch), shape[-1])
        if kit.address(flat) != kit.address(out):  # a copy
            raise ArgumentError("out.strides: the last axis must have stride 1, and the others one stride")
        if flat.shape[0]:
            kit.call(x, _native.filter, kit.rows("logits", x), code, *self.rules.pack(kit, x), self.form, kit.exported(flat))
        return out


@dataclass(slots=True)
class TopnLogprobs:
    rules: Rules
    n: int
    tokens: Any
    probes: Any
    row_n: Any
    index_dtype: str

    def outputs(self, kit: Any, x: Any) -> LogProbs:
        batch = self.rules.batch(x)
        listed, looked_up = (*batch, self.n), self.tokens is not None
        probed = None if self.probes is None else (*batch, kit.array("probes", self.probes, x).shape[-1])
        return LogProbs(
            kit.empty(listed, self.index_dtype, x) if self.n else None,
            kit.empty(listed, "float32", x) if self.n else None,
            kit.empty(batch, "float32", x),
            kit.empty(batch, "float32", x) if looked_up else None,
            kit.empty(batch, "int32", x) if looked_up else None,
            kit.empty(probed, "float32", x) if probed is not None else None,
        )

    def run(self, kit: Any, x: Any) -> LogProbs:
        from . import _native

        code, batch = _check(kit, x), self.rules.batch(x)
        rows = math.prod(batch)
        tokens = kit.per_row("tokens", self.tokens, batch, x)
        row_n = kit.per_row("row_n", self.row_n, batch, x)
        probes = None if self.probes is None else id_lists(kit, "probes", kit.array("probes", self.probes, x), batch)
        out = self.outputs(kit, x)
        ids, logprobs = _flat(kit, out.ids, rows, self.n), _flat(kit, out.logprobs, rows, self.n)
        by_token = [_flat(kit, array, rows, None) for array in (out.token_logprobs, out.token_ranks)]
        width = None if probes is None else probes.shape[-1]
        given = (tokens, probes if width else None, row_n if self.n else None)
        found = (ids, logprobs, *by_token, _flat(kit, out.probe_logprobs, rows, width) if width else None)
        logsumexp = _flat(kit, out.logsumexp, rows, None)
        if rows:
            asked = (*self.rules.pack(kit, x), *given, *found, logsumexp)
            kit.call(x, _native.topn_logprobs, kit.rows("logits", x), code, *asked)
        return out


def _flat(kit: Any, array: Any, rows: int, width: int | None) -> Any:
    """[rows] or [rows, width] over the memory of a result, which is packed."""
    return None if array is None else kit.exported(array.reshape((rows,) if width is None else (rows, width)))


def sample(
    logits,
    *,
    temperature=1.0,
    top_k=0,
    top_p=1.0,
    min_p=0.0,
    seed=None,
    position=0,
    draws=None,
    draw=0,
    softcap=0.0,
    bias=None,
    mask=None,
    mask_map=None,
    row_map=None,
    lengths=None,
    preset=None,
    top_p_of=None,
    top_p_inclusive=None,
    temperature_last=None,
    logprobs=None,
    kept=False,
    valid=False,
    candidates=0,
    index_dtype=None,
    algorithm=None,
    threads=0,
):
    """Draws a token of every row of logits. The same parameters give the same token on every device and in every batch.

    logits : [.., tokens], float32, float16 or bfloat16, of any framework that topkit.topk takes.
    temperature, top_k, top_p, min_p : a number, or an array of one a row; None or the default: off. Temperature <= 1e-5 and
        top_k = 1 are greedy: the first of the highest logits.
    seed : an int for all rows, or an int64 array of one a row; None (default): one a row from the framework's own generator;
        a torch.Generator or numpy.random.Generator: one a row from that. Rows of equal seed and position have the same noise.
    position : int or an array of one a row: of the token in its sequence; another one gives independent noise.
    draws : how many tokens of each row; default None: one, without an axis of its own. `draw` is the number of the first.
    softcap : cap * tanh(logits / cap) takes the place of the logits; 0: off.
    bias : {token: bias}, or a pair of arrays (ids, values) of shape [n] or [.., n]; id -1 is an unused place.
    mask : int32 [.., tokens / 32 rounded up]: bit i % 32 of word i // 32 is 1 where token i is allowed.
    mask_map, row_map : integers [rows]: the row of the mask (-1: none) and of the logits that each row of the result uses.
    lengths : integers, one a row: how many tokens the row has.
    preset : "hf", "vllm", "sglang", "trtllm", "flashinfer", "flashinfer_joint", "llamacpp" or "nanochat": another engine's
        rules for the three that follow. top_p_of : "kept" (default: of what top-k and min-p keep), "top_k" (min-p comes
        last) or "all". top_p_inclusive : keep while the mass before is <= top_p. temperature_last : filters see temperature 1.
    logprobs : "raw" (log-softmax of the soft-capped logits) or "processed" (of what was drawn from); None: not wanted.
    kept, valid : True: also how many tokens were drawn from; whether the row had any (without one the token is 0).
    candidates : n: also the first n that were drawn from, best first, padded with -1, and their processed logprobs.
    index_dtype : of the tokens, int64 (default) or int32.

    Returns Sampled(tokens, logprobs, kept, valid, candidates, candidate_logprobs). No gradient passes.

    Raises what topkit.topk raises. Row arrays on a GPU are clamped instead: nothing is read back.

    Source: src/sampling/args.hpp says what it means, step by step.

    >>> import numpy, topkit
    >>> logits = numpy.log(numpy.array([0.1, 0.2, 0.3, 0.4], "float32"))
    >>> drawn = topkit.sample(logits, top_k=2, seed=7, draws=8, kept=True)
    >>> drawn.tokens, drawn.kept
    (array([3, 3, 3, 3, 3, 2, 3, 2]), array(2, dtype=int32))
    """
    rules = Rules(
        temperature, top_k, top_p, min_p, seed, position, draw, softcap, bias, mask, mask_map, row_map, lengths,
        rules_of(preset, top_p_of, top_p_inclusive, temperature_last, logprobs), algorithm, threads,
    )  # fmt: skip
    draws = None if draws is None else _count("draws", draws)
    asked = Sample(
        rules, draws, logprobs is not None, bool(kept), bool(valid), _count("candidates", candidates), f"int{index_bits(index_dtype)}"
    )  # fmt: skip
    return kit_of("logits", logits).through(logits, asked)


def filter(
    logits,
    form="logits",
    *,
    temperature=1.0,
    top_k=0,
    top_p=1.0,
    min_p=0.0,
    softcap=0.0,
    bias=None,
    mask=None,
    mask_map=None,
    row_map=None,
    lengths=None,
    preset=None,
    top_p_of=None,
    top_p_inclusive=None,
    temperature_last=None,
    algorithm=None,
    threads=0,
    out=None,
):
    """Exactly what `sample` draws from, in the shape of the logits; parameters as there.

    form : "logits" (logits / temperature, -inf for what is not kept) or "probabilities" (renormalised, 0 for what is not).
    out : float32 of that shape to write into; not the logits themselves.

    Returns float32 [.., tokens]. No gradient passes.

    Raises what topkit.topk raises. Source: src/sampling/args.hpp.

    >>> import numpy, topkit
    >>> topkit.filter(numpy.array([1.0, 3.0, 2.0, 3.0], "float32"), "probabilities", top_k=2)
    array([0. , 0.5, 0. , 0.5], dtype=float32)
    """
    rules = Rules(
        temperature, top_k, top_p, min_p, 0, 0, 0, softcap, bias, mask, mask_map, row_map, lengths,
        rules_of(preset, top_p_of, top_p_inclusive, temperature_last), algorithm, threads,
    )  # fmt: skip
    return kit_of("logits", logits).through(logits, Filter(rules, choice("form", form, FORMS), out))


def topn_logprobs(
    logits,
    n=0,
    *,
    tokens=None,
    probes=None,
    row_n=None,
    temperature=1.0,
    softcap=0.0,
    bias=None,
    mask=None,
    mask_map=None,
    row_map=None,
    lengths=None,
    index_dtype=None,
    algorithm=None,
    threads=0,
):
    """Log-probabilities of rows of logits, without a temporary of their size: log-softmax of logits / temperature.

    n : how many of the best tokens; row_n : of each row, 0..n.
    tokens : integers, one a row (the sampled one): its logprob, and its rank: 1 + the number of strictly greater logits.
    probes : integers [m] or [.., m]: more tokens to look up.
    The rest as in `sample`.

    Returns LogProbs(ids, logprobs, logsumexp, token_logprobs, token_ranks, probe_logprobs). No gradient passes.

    Raises what topkit.topk raises. Source: src/sampling/args.hpp.

    >>> import numpy, topkit
    >>> logits = numpy.log(numpy.array([0.1, 0.2, 0.3, 0.4], "float32"))
    >>> found = topkit.topn_logprobs(logits, 2, tokens=[0])
    >>> found.ids, numpy.exp(found.logprobs).round(3), found.token_ranks
    (array([3, 2]), array([0.4, 0.3], dtype=float32), array(4, dtype=int32))
    """
    rules = Rules(
        temperature, 0, 1.0, 0.0, 0, 0, 0, softcap, bias, mask, mask_map, row_map, lengths, 0, algorithm, threads
    )  # fmt: skip
    asked = TopnLogprobs(rules, _count("n", n), tokens, probes, row_n, f"int{index_bits(index_dtype)}")
    return kit_of("logits", logits).through(logits, asked)
