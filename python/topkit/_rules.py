"""The parameters that sample, filter and topn_logprobs share: checked, and packed as python/src/sampling.cpp reads them."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ._call import choice, integer
from ._errors import ArgumentError

TOP_P_OF = {"kept": 0, "top_k": 1, "all": 2}
LOGPROB_OF = {"raw": 0, "processed": 1}
_OFF = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}  # what None means
_MOST = (1 << 31) - 1


@dataclass(slots=True)
class Rules:
    """As they were given: each of the first six one value, or an array of one a row."""

    temperature: Any = 1.0
    top_k: Any = 0
    top_p: Any = 1.0
    min_p: Any = 0.0
    seed: Any = 0
    position: Any = 0
    draw: int = 0
    softcap: float = 0.0
    bias: Any = None
    mask: Any = None
    mask_map: Any = None
    row_map: Any = None
    lengths: Any = None
    packed: int = 0  # of the rules of top-p, and which logprob is wanted: rules_of
    algorithm: str | None = None
    threads: int = 0

    def batch(self, x: Any) -> tuple[int, ...]:
        """The shape of what has one entry a row."""
        return tuple(x.shape[:-1]) if self.row_map is None else (len(self.row_map),)

    def pack(self, kit: Any, x: Any) -> list:
        """For the binding. x: the logits."""
        batch = self.batch(x)
        values, arrays = [], []
        for name in ("temperature", "top_k", "top_p", "min_p", "seed", "position"):
            value, array = _split(kit, name, getattr(self, name), batch, x)
            values.append(value)
            arrays.append(array)
        mask = None if self.mask is None else kit.rows("mask", kit.array("mask", self.mask, x))
        return [
            *values,
            integer("draw", self.draw),
            real("softcap", 0.0 if self.softcap is None else self.softcap),
            *arrays,
            *_bias(kit, self.bias, batch, x),
            mask,
            kit.per_row("mask_map", self.mask_map, batch, x),
            kit.per_row("row_map", self.row_map, batch, x),
            kit.per_row("lengths", self.lengths, batch, x),
            self.packed,
            self.algorithm,
            integer("threads", self.threads),
        ]

    def settle_seed(self, kit: Any, x: Any) -> None:
        """None and a generator become one seed a row."""
        if self.seed is None or kit.is_generator(self.seed):
            self.seed = kit.seeds(math.prod(self.batch(x)), x, self.seed)


def real(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} = {value!r}: must be a number, not {type(value).__name__}")
    return float(value)


def _split(kit: Any, name: str, value: Any, batch: tuple[int, ...], x: Any) -> tuple[Any, Any]:
    """(the value, None), or (unused, the array)."""
    whole = name in ("top_k", "seed", "position")
    if value is None and name in _OFF:
        value = _OFF[name]
    if isinstance(value, numbers.Real) and not whole:
        return real(name, value), None
    if isinstance(value, numbers.Integral):
        value = integer(name, value)
        if name == "top_k":
            return min(value, _MOST), None
        if not -(1 << 63) <= value < 1 << 64:
            raise ArgumentError(f"{name} = {value}: must have 64 bits")
        return value - (1 << 64 if value >> 63 > 0 else 0), None
    if value is None or isinstance(value, (str, numbers.Number)):
        raise TypeError(f"{name} = {value!r}: must be {'an int' if whole else 'a number'}, or an array of one a row")
    return 0 if whole else 0.0, kit.per_row(name, value, batch, x, None if whole else "float32")


def _bias(kit: Any, bias: Any, batch: tuple[int, ...], x: Any) -> tuple[Any, Any]:
    if bias is None:
        return None, None
    if isinstance(bias, Mapping):
        bias = list(bias), list(bias.values())
    try:
        ids, values = bias
    except (TypeError, ValueError):
        raise ArgumentError(f"bias = {type(bias).__name__}: must be {{token: bias}}, or a pair (ids, values)") from None
    ids, values = kit.array("bias ids", ids, x, "int64"), kit.array("bias", values, x, "float32")
    return id_lists(kit, "bias ids", ids, batch), id_lists(kit, "bias", values, batch)


def id_lists(kit: Any, name: str, value: Any, batch: tuple[int, ...]) -> Any:
    """[n] for all rows, or [rows, n] of an array [.., n] with one list a row."""
    shape = tuple(value.shape)
    if len(shape) != 1 and shape[:-1] not in (batch, (math.prod(batch),)):
        raise ArgumentError(f"{name}.shape = {shape}: must be [n], or {batch} and n")
    return kit.list(name, value if len(shape) == 1 else value.reshape(math.prod(batch), shape[-1]))


@cache
def _preset(name: str) -> int:
    from . import _native

    try:
        return _native.sampling_rules(name)
    except ArgumentError as problem:
        raise ArgumentError("preset" + str(problem).removeprefix("name")) from None


def rules_of(preset: Any, top_p_of: Any, top_p_inclusive: Any, temperature_last: Any, logprobs: Any = None) -> int:
    """As python/src/sampling.cpp unpacks them."""
    if preset is not None and not isinstance(preset, str):
        raise TypeError(f"preset = {preset!r}: must be a str")
    packed = 0 if preset is None else _preset(preset)
    if top_p_of is not None:
        packed = packed & ~3 | choice("top_p_of", top_p_of, TOP_P_OF)
    if top_p_inclusive is not None:
        packed = packed & ~4 | (4 if top_p_inclusive else 0)
    if temperature_last is not None:
        packed = packed & ~8 | (8 if temperature_last else 0)
    return packed if logprobs is None else packed | choice("logprobs", logprobs, LOGPROB_OF) << 4
