"""What every framework's path shares: the options of one call, and how they are packed for the binding."""

import math
import operator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ._errors import ArgumentError, DTypeError


class TopK(NamedTuple):
    """The winners: `values[.., j]` is bitwise `x[.., indices[.., j]]`. Arrays of the caller's own kind."""

    values: Any
    indices: Any


ORDERS = {"value": 0, "index": 1, "any": 2}
NANS = {"largest": 0, "last": 1}

# DLPack's element types: code * 256 + bits. Names as NumPy, ml_dtypes and torch spell them.
DTYPES = {
    "float32": 2 * 256 + 32,
    "float16": 2 * 256 + 16,
    "bfloat16": 4 * 256 + 16,
    "float64": 2 * 256 + 64,
    "float8_e4m3fn": 10 * 256 + 8,
    "float8_e5m2": 12 * 256 + 8,
    **{f"int{bits}": bits for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": 256 + bits for bits in (8, 16, 32, 64)},
}
_SHORT = {"f": "float", "i": "int", "u": "uint", "bf": "bfloat"}
DTYPE_RULE = "must be one of " + ", ".join(DTYPES)


def dtype_name(dtype: Any) -> str:
    """'float32' of any framework's dtype object, of a NumPy scalar class, of 'f32' and of 'float32'."""
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    name = name.removeprefix("torch.")
    if name in DTYPES:
        return name
    head = name.rstrip("0123456789")
    long = {"f8e4m3": "float8_e4m3fn", "f8e5m2": "float8_e5m2"}.get(name, _SHORT.get(head, head) + name[len(head) :])
    return long if long in DTYPES else name


def dtype_code(dtype: Any, argument: str = "x.dtype") -> int:
    name = dtype_name(dtype)
    if name not in DTYPES:
        raise DTypeError(f"{argument} = {name}: {DTYPE_RULE}")
    return DTYPES[name]


# What a finite number must be below to be one of the type, not infinite, when it is rounded.
_BOUNDS = {
    "float16": (65520.0, "65504"),
    "bfloat16": ((2 - 2.0**-8) * 2.0**127, "3.39e+38"),
    "float32": ((2 - 2.0**-24) * 2.0**127, "3.40e+38"),
    "float64": (2**1024 - 2**970, "1.80e+308"),
    "float8_e4m3fn": (464.0, "448"),
    "float8_e5m2": (61440.0, "57344"),
}


def fill_number(fill: Any, dtype: Any) -> int | float:
    """`fill` as a number that `dtype` has, of floats the nearest."""
    name = dtype_name(dtype)
    try:
        if isinstance(fill, (bool, str)):
            raise TypeError
        try:
            number = operator.index(fill)
        except TypeError:
            number = float(fill)
    except (TypeError, ValueError):
        raise TypeError(f"fill = {fill!r}: must be a number, not {type(fill).__name__}") from None
    if name in _BOUNDS:
        bound, shown = _BOUNDS[name]
        if abs(number) >= bound and not (isinstance(number, float) and math.isinf(number) and name != "float8_e4m3fn"):
            more = "" if name == "float8_e4m3fn" else " or infinite"
            raise ArgumentError(f"fill = {fill}: must be in -{shown}..{shown}{more}, what {name} has")
        return number
    bits = int(name.lstrip("uint"))
    low, high = (0, (1 << bits) - 1) if name.startswith("u") else (-(1 << bits - 1), (1 << bits - 1) - 1)
    if isinstance(number, float) and not number.is_integer() or not low <= number <= high:
        raise ArgumentError(f"fill = {fill}: must be an integer in {low}..{high}, what {name} has")
    return int(number)


def integer(name: str, value: Any) -> int:
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        raise TypeError(f"{name} = {value}: must be an int, not a bool")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} = {value!r}: must be an int, not {type(value).__name__}") from None


def choice(name: str, value: Any, table: dict[str, int]) -> int:
    try:
        return table[value]
    except (KeyError, TypeError):
        raise ArgumentError(f"{name} = {value!r}: must be one of {', '.join(map(repr, table))}") from None


def index_bits(index_dtype: Any) -> int:
    if index_dtype is None:
        return 64
    name = dtype_name(index_dtype)
    if name not in ("int32", "int64"):
        raise DTypeError(f"index_dtype = {name}: must be int32 or int64")
    return int(name[3:])


def mode_of(largest: bool, order: int, nan: int, bits: int) -> int:
    """As struct Mode of python/src/call.hpp reads it."""
    return (1 if largest else 0) | order << 1 | nan << 3 | (16 if bits == 32 else 0)


@dataclass(slots=True)
class Call:
    """One call of topk, its scalars checked."""

    k: int
    dim: int
    mode: int
    index_bits: int
    lengths: Any = None
    starts: Any = None
    row_k: Any = None
    ids: Any = None
    fill: Any = None
    algorithm: str | None = None
    threads: int = 0
    out: Any = None
    # As they were given, for the paths that hand them on to a framework's own operator.
    largest: bool = True
    order: str = "value"
    nan: str = "largest"

    @property
    def ragged(self) -> bool:
        return self.lengths is not None or self.starts is not None

    def run(self, kit: Any, x: Any) -> "TopK":
        return kit.topk(x, self)


def make_call(
    k, dim=-1, largest=True, sorted=True, *, order=None, nan=None, lengths=None, starts=None, row_k=None, ids=None, fill=None,
    index_dtype=None, algorithm=None, threads=0, out=None,
) -> Call:  # fmt: skip
    """The arguments of topkit.topk after x, checked."""
    if order is None:
        order = "value" if sorted else "any"
    if nan is None:
        nan = "largest"
    if algorithm is not None and not isinstance(algorithm, str):
        raise TypeError(f"algorithm = {algorithm!r}: must be a str (topkit.algorithms() lists them)")
    bits = index_bits(index_dtype)
    return Call(
        k=integer("k", k),
        dim=integer("dim", dim),
        mode=mode_of(largest, choice("order", order, ORDERS), choice("nan", nan, NANS), bits),
        index_bits=bits,
        lengths=lengths,
        starts=starts,
        row_k=row_k,
        ids=ids,
        fill=fill,
        algorithm=algorithm,
        threads=integer("threads", threads),
        out=out,
        largest=bool(largest),
        order=order,
        nan=nan,
    )


def two_outputs(out: Any) -> tuple[Any, Any]:
    try:
        values, indices = out
    except (TypeError, ValueError):
        raise ArgumentError(f"out = {type(out).__name__}: must be a pair (values, indices)") from None
    return values, indices
