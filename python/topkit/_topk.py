"""topk and its kin. One road for every array: look the type up, hand over to its framework's kit."""

from typing import Any, Callable

from ._call import NANS, ORDERS, choice, index_bits, integer, make_call, mode_of
from ._errors import ArgumentError
from ._kits import kit_of

# The call without options (x, k, dim, largest, sorted, bits of an index) of array types whose framework has a shorter road for it.
_plain: dict[type, Callable] = {}


def topk(
    x,
    k,
    dim=-1,
    largest=True,
    sorted=True,
    *,
    order=None,
    nan=None,
    lengths=None,
    starts=None,
    row_k=None,
    ids=None,
    fill=None,
    index_dtype=None,
    algorithm=None,
    threads=0,
    backend=None,
    out=None,
):
    """The `k` best of every row of `x`, exactly. Equal keys: the lower index wins, everywhere.

    x : torch.Tensor, numpy.ndarray, cupy.ndarray, jax.Array, or anything with `__dlpack__`; any shape, strides and device
        of [.., n, ..]; float32 float16 bfloat16 float64 float8_e4m3fn float8_e5m2, int8..int64, uint8..uint64.
    k : int, 0..n; with `lengths` or `starts` it may exceed a row, which is then padded: index -1, value `fill`.
    dim : the axis that is selected along.
    largest : False selects the smallest.
    sorted : True: best first, equal keys by ascending index. False: in any order, the fastest.
    order : "value", "index" (ascending index) or "any"; in place of `sorted`. Which items win does not depend on it.
    nan : "largest" (default, as torch: NaN ranks above +inf) or "last" (as NumPy: never before a number).
    lengths, starts : integers, one a row: row r is `x[r, starts[r] : starts[r] + lengths[r]]`; indices stay positions in
        the whole row. On a GPU they may live there; nothing is read back.
    row_k : integers, one a row: how many of row r, 0..k; the rest is padded.
    ids : integers [n] or of x's shape, of the type of the indices: returned in place of the column.
    fill : the value of padded places, a number that x's type has; default: the worst value of the type.
    index_dtype : int64 (default) or int32, as a dtype of any framework or a name.
    algorithm : the name of one of `algorithms()`; on the CPU "NAME/ISA" or "/ISA" forces one of `info()["isas"]`, too. Default:
        the plan chooses (see `explain`). The answer does not depend on it.
    threads : CPU threads at most; 0: as many as pay.
    backend : None or "auto": topkit. Another name of `topkit.backends` runs that implementation instead, by its rules.
    out : a pair (values, indices) to write into; returned.

    Returns TopK(values, indices), arrays of x's kind on x's device with k in place of n; on CUDA queued on the framework's
    current stream. torch tensors: differentiable, compilable, and through vmap (`torch.ops.topkit.topk`).

    Raises topkit.ArgumentError (a ValueError and a RuntimeError), topkit.AxisError (an IndexError), topkit.DTypeError (a
    TypeError), topkit.UnsupportedError (a NotImplementedError): each names the argument, its value and the rule.

    Source: src/topkit.cpp; the kernels are in src/cpu and src/cuda.

    >>> import numpy, topkit
    >>> topkit.topk(numpy.array([1.0, 9.0, 3.0, 9.0, 5.0]), 2)
    TopK(values=array([9., 9.]), indices=array([1, 3]))
    """
    cls = type(x)
    plain = _plain.get(cls)
    if plain is None:
        kit_of("x", x)  # which may be the first of its framework, and bring the shorter road
        plain = _plain.get(cls)
    if (
        order is nan is lengths is starts is row_k is ids is fill is algorithm is backend is out is None
        and threads == 0
    ):
        if plain is not None:
            return plain(x, k, dim, largest, sorted, 64 if index_dtype is None else index_bits(index_dtype))
    elif backend is not None and backend != "auto":
        from . import backends

        others = (order, nan, lengths, starts, row_k, ids, fill, index_dtype, algorithm, out)
        if any(option is not None for option in others) or threads != 0:
            raise ArgumentError(f"backend = {backend!r}: takes x, k, dim, largest and sorted only")
        return backends.get(backend).topk(x, k, dim, largest, sorted)
    if ids is not None and index_dtype is None:
        index_dtype = "int32" if str(getattr(ids, "dtype", "")).endswith("int32") else None
    call = make_call(
        k, dim, largest, sorted, order=order, nan=nan, lengths=lengths, starts=starts, row_k=row_k, ids=ids, fill=fill,
        index_dtype=index_dtype, algorithm=algorithm, threads=threads, out=out,
    )  # fmt: skip
    return kit_of("x", x).topk(x, call)


def top_k(x, k, /, *, axis=-1, mode="largest"):
    """The array API's `top_k`: the names and the NaN rule of NumPy, the same engine.

    mode : "largest" or "smallest". NaN is chosen only where no number is left, in either mode.

    Returns TopK(values, indices), best first (the standard leaves the order open), equal values by ascending index.

    Raises topkit.ArgumentError (a ValueError), topkit.AxisError (an IndexError), topkit.DTypeError (a TypeError) as `topk` does.

    Source: https://data-apis.org/array-api/draft, `top_k`; src/topkit.cpp.

    >>> import numpy, topkit
    >>> topkit.top_k(numpy.array([2.0, numpy.nan, 1.0]), 2, mode="smallest")
    TopK(values=array([1., 2.]), indices=array([2, 0]))
    """
    if mode not in ("largest", "smallest"):
        raise ArgumentError(f"mode = {mode!r}: must be 'largest' or 'smallest'")
    return topk(x, k, axis, mode == "largest", nan="last")


def merge_topk(values, ids, k, *, largest=True, order="value", nan="largest", fill=None, threads=0, out=None):
    """The k best of each row over sorted parts: what sharding and tiling need.

    values : [parts, rows, width], every part best first as `topk` gives it (equal keys by ascending id), of any array type
        that `topk` takes. On a GPU a row has at most 2^31 - 1 candidates.
    ids : integers of the same shape, int32 or int64; -1 marks an empty place at the end of its part.
    k : 0..parts * width. A row with fewer candidates is padded: id -1, value `fill`.
    largest, order, nan, fill, threads, out : as of `topk`.

    Returns TopK(values, ids), both [rows, k]. Equal keys: the lower id wins. torch tensors: the values are differentiable.

    Raises topkit.ArgumentError (a ValueError and a RuntimeError), topkit.DTypeError (a TypeError); topkit.UnsupportedError within
    the transformations of torch and JAX, and on a GPU for rows of more candidates.

    Source: src/merge.cpp; src/cpu/merge.cpp, src/cuda/merge.cu.
    """
    k, threads = integer("k", k), integer("threads", threads)
    mode = mode_of(largest, choice("order", order, ORDERS), choice("nan", nan, NANS), 64)
    return kit_of("values", values).merge(values, ids, k, mode, fill, threads, out)


def explain(
    x, k, dim=-1, largest=True, sorted=True, *, dtype=None, device=None, order=None, nan=None, algorithm=None, threads=0,
    json=False, results=True,
):  # fmt: skip
    """How `topk` would solve this call, and why, without doing it: one "key: value" a line.

    x : an array, of which only shape, type and device are read; or a shape, with `dtype` (default float32) and `device`
        ("cpu", "cuda" or "cuda:1"; default "cpu").
    json : True: the same as one JSON object, with the names of `topkit explain --json`.
    results : where it reads what the nearest measured case took, microseconds with its input in cache (hot) and not (cold) and
        on which machine: True: from the measurements that topkit ships; the path of a file or a folder of others
        (`topkit bench --json` or `python -m topkit.bench -o` makes them); False: nowhere.

    Returns a str.

    Raises topkit.ArgumentError (a ValueError), topkit.AxisError (an IndexError), topkit.DTypeError (a TypeError) as `topk`
    does, and topkit.UnsupportedError (a NotImplementedError) where `algorithm` cannot do it.

    Source: src/plan_cpu.cpp and src/plan_cuda_pick.cpp choose; thresholds are in src/tuning, times in bench/results.

    >>> import topkit
    >>> print(topkit.explain((32, 50304), 50).splitlines()[0])
    problem: 32x50304 f32 k=50 largest order=value
    """
    from . import _explain

    options = dict(dtype=dtype, device=device, order=order, nan=nan, algorithm=algorithm, threads=threads)
    text = _explain.plan_of(x, k, dim, largest, sorted, **options)
    return _explain.full(text, _explain.device_of(x, device)[0], nan or "largest", results, bool(json))


def algorithms(device: str = "cpu") -> list[str]:
    """Names to force by `topk(algorithm=...)`, of "cpu" or "cuda".

    Raises topkit.ArgumentError (a ValueError) for another device. Source: src/algorithms.cpp.
    """
    from . import _native

    numbers = {"cpu": "1", "cuda": "2"}
    if device not in numbers:
        raise ArgumentError(f"device = {device!r}: must be 'cpu' or 'cuda'")
    return [name for name, _, number in (row.partition(" ") for row in _native.algorithms()) if number == numbers[device]]


def info() -> dict[str, Any]:
    """What this installation and this machine can do.

    Returns a dict: "version" (str), "isas" (CPU instruction sets that this machine runs, best first), "algorithms" ("cpu" and
    "cuda" -> names), "cuda_engine" (bool: whether the CUDA engine is installed), "program" (path of the command line).

    Raises ImportError where the package was not built.

    Source: src/algorithms.cpp, python/src/binding.cpp.
    """
    from . import _native

    return {
        "version": _native.version(),
        "isas": list(_native.isas()),
        "algorithms": {device: algorithms(device) for device in ("cpu", "cuda")},
        "cuda_engine": (_native.FOLDER / "libtopkit_cuda.so").exists(),
        "program": str(_native.FOLDER / "topkit"),
    }
