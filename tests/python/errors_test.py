"""Wrong input: the exception of the framework's own convention, and a sentence that names argument, value and rule."""

import importlib.util

import numpy as np
import pytest

import topkit

X = np.arange(12, dtype=np.float32).reshape(3, 4)

WRONG = [
    (dict(k=5), ValueError, "k = 5: must be in 0..4"),
    (dict(k=-1), ValueError, "k = -1: must be in 0..4"),
    (dict(k=2**70), ValueError, "must be in 0..4"),
    (dict(k=1.5), TypeError, "k = 1.5: must be an int, not float"),
    (dict(k=True), TypeError, "k = True: must be an int, not a bool"),
    (dict(k="2"), TypeError, "k = '2'"),
    (dict(k=1, dim=2), IndexError, "dim = 2: must be in -2..1, x has 2 axes"),
    (dict(k=1, dim=-3), IndexError, "dim = -3"),
    (dict(k=1, order="best"), ValueError, "order = 'best': must be one of 'value', 'index', 'any'"),
    (dict(k=1, nan="first"), ValueError, "nan = 'first'"),
    (dict(k=1, index_dtype="int16"), TypeError, "index_dtype = int16: must be int32 or int64"),
    (dict(k=1, algorithm="magic"), ValueError, "algorithm = magic: on cpu it must be one of"),
    (dict(k=2, algorithm="argmax"), NotImplementedError, "algorithm = argmax: needs k <= 1"),
    (dict(k=1, algorithm=3), TypeError, "algorithm = 3: must be a str"),
    (dict(k=1, threads=-1), ValueError, "threads = -1"),
    (dict(k=1, lengths=[1, 2]), ValueError, r"lengths.shape = \(2,\): must be \(3,\), one entry a row"),
    (dict(k=1, lengths=[1, 2, 5]), ValueError, r"lengths\[2\] = 5: must be in 0..4"),
    (dict(k=1, starts=[0, -1, 0]), ValueError, r"starts\[1\] = -1"),
    (dict(k=1, lengths=[1.0, 2.0, 3.0]), TypeError, "lengths.dtype"),
    (dict(k=1, row_k=[2, 0, 0]), ValueError, r"row_k\[0\] = 2: must be in 0..1"),
    (dict(k=1, ids=np.arange(3)), ValueError, r"ids.shape = \(3,\): must be \(4,\) or \(3, 4\)"),
    (dict(k=1, out=np.empty(3)), ValueError, "out = ndarray: must be a pair"),
    (dict(k=1, out=(np.empty((3, 2), "f4"), np.empty((3, 1), "i8"))), ValueError, r"out\[0\].shape = \(3, 2\): must be \(3, 1\)"),
    (dict(k=1, out=(np.empty((3, 1), "f8"), np.empty((3, 1), "i8"))), TypeError, r"out\[0\].dtype = float64"),
    (dict(k=1, out=(np.empty((3, 1), "f4"), np.empty((3, 1), "i2"))), TypeError, r"out\[1\].dtype = int16"),
    (dict(k=1, out=([0], [0])), ValueError, r"out\[0\] = list"),
    (dict(k=1, backend="magic"), ValueError, "backend = 'magic'"),
    (dict(k=1, backend="numpy", nan="last"), ValueError, "backend = 'numpy': takes x, k, dim, largest and sorted only"),
]


@pytest.mark.parametrize("options, kind, sentence", WRONG)
def test_wrong_options_are_named(options, kind, sentence):
    with pytest.raises(kind, match=sentence):
        topkit.topk(X, **options)


@pytest.mark.parametrize("x", [X > 1, X.astype(complex), X.astype(object), X.astype("M8[s]"), X.astype(np.longdouble)])
def test_types_without_an_order_are_refused(x):
    with pytest.raises(TypeError, match="x.dtype = .*: must be one of float32"):
        topkit.topk(x, 1)


def test_what_is_no_array_is_refused():
    for x in ([1.0, 2.0], 3, "abc", None):
        with pytest.raises(TypeError, match="x = "):
            topkit.topk(x, 1)


def test_a_number_has_no_axis():
    with pytest.raises(IndexError, match="x has no axis"):
        topkit.topk(np.zeros(()), 1)


def test_every_error_is_a_topkit_error_and_a_torch_and_a_numpy_one():
    with pytest.raises(topkit.Error):
        topkit.topk(X, 5)
    for kind in (ValueError, RuntimeError):
        assert issubclass(topkit.ArgumentError, kind)
    assert issubclass(topkit.AxisError, IndexError) and issubclass(topkit.DTypeError, TypeError)
    assert issubclass(topkit.UnsupportedError, NotImplementedError)


def test_outputs_that_overlap_or_cannot_be_written_are_refused():
    frozen = np.empty((3, 1), np.float32)
    frozen.setflags(write=False)
    with pytest.raises(ValueError, match=r"out\[0\]: must be writeable"):
        topkit.topk(X, 1, out=(frozen, np.empty((3, 1), "i8")))
    x = X.copy()
    with pytest.raises(ValueError, match="values overlaps x"):
        topkit.topk(x, 4, out=(x, np.empty((3, 4), "i8")))


def test_merge_names_its_mistakes():
    values, ids = np.zeros((2, 3, 4), "f4"), np.zeros((2, 3, 4), "i8")
    for arguments, sentence in [
        ((values, ids, 9), "k = 9: must be in 0..8"),
        ((values, ids[0], 1), r"must be the same, \[parts, rows, width\]"),
        ((values, ids.astype("i2"), 1), "ids.dtype"),
    ]:
        with pytest.raises((ValueError, TypeError), match=sentence):
            topkit.merge_topk(*arguments)


FILLS = [
    ("uint8", 300, "fill = 300: must be an integer in 0..255, what uint8 has"),
    ("uint8", -1, "fill = -1: must be an integer in 0..255"),
    ("int8", 2.5, "fill = 2.5: must be an integer in -128..127"),
    ("int32", float("nan"), "fill = nan: must be an integer in"),
    ("int64", float("-inf"), "fill = -inf: must be an integer in"),
    ("int64", 2**63, "fill = 9223372036854775808: must be an integer in"),
    ("uint64", 2**64, "must be an integer in 0..18446744073709551615"),
    ("float16", 65520, "fill = 65520: must be in -65504..65504 or infinite, what float16 has"),
    ("float16", -1e6, "fill = -1000000.0: must be in"),
    ("float32", 1e39, "fill = 1e[+]39: must be in -3.40e[+]38..3.40e[+]38 or infinite"),
    ("float64", 10**400, "must be in -1.80e[+]308"),
    ("bfloat16", 3.4e38, "fill = 3.4e[+]38: must be in"),
    ("float8_e4m3fn", float("inf"), "fill = inf: must be in -448..448, what float8_e4m3fn has"),
    ("float8_e5m2", 70000, "fill = 70000: must be in -57344..57344 or infinite"),
]


@pytest.mark.parametrize("dtype, fill, sentence", FILLS)
def test_a_fill_that_the_type_has_not_is_refused_on_every_path(dtype, fill, sentence):
    def refused(call):
        with pytest.raises(ValueError, match=sentence):
            call()

    if dtype not in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        x = np.ones((1, 4), dtype)
        refused(lambda: topkit.topk(x, 2, lengths=[1], fill=fill))
        refused(lambda: topkit.merge_topk(x[None], np.zeros((1, 1, 4), "i8"), 2, fill=fill))
    if importlib.util.find_spec("torch"):
        import torch

        t = torch.ones(1, 4).to(getattr(torch, dtype))
        refused(lambda: topkit.topk(t, 2, lengths=[1], fill=fill))
        if -(2**63) <= fill < 2**63 or fill != fill:  # what an operator's Scalar holds
            refused(lambda: torch.ops.topkit.topk(t, 2, lengths=torch.tensor([1]), fill=fill))
            lengths = torch.empty(1, dtype=torch.int64, device="meta")
            refused(lambda: torch.ops.topkit.topk(t.to("meta"), 2, lengths=lengths, fill=fill))
    if importlib.util.find_spec("jax") and not dtype.endswith("64"):
        import jax.numpy

        refused(lambda: topkit.topk(jax.numpy.ones((1, 4), dtype), 2, lengths=[1], fill=fill))


def test_a_fill_that_the_type_has_is_taken():
    good = [("uint8", 255), ("int64", -(2**63)), ("uint64", 2**64 - 1), ("float16", 65504), ("float32", 0.1), ("int8", 3.0)]
    for dtype, fill in good:
        x = np.ones((1, 4), dtype)
        assert topkit.topk(x, 2, lengths=[1], fill=fill).values[0, 1] == x.dtype.type(fill)
    for fill in (float("inf"), float("-inf"), np.float32(2), np.array(2.0)):
        assert topkit.topk(X, 2, lengths=[1] * 3, fill=fill).values[0, 1] == fill
    assert np.isnan(topkit.topk(X, 2, lengths=[1] * 3, fill=float("nan")).values[0, 1])
    for fill in ("2", True, [1.0, 2.0], 1j):
        with pytest.raises(TypeError, match="fill = .*: must be a number, not"):
            topkit.topk(X, 2, lengths=[1] * 3, fill=fill)


def test_a_device_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="device = tpu"):
        topkit.explain((3, 4), 1, device="tpu")
    with pytest.raises(ValueError, match="k = 9"):
        topkit.explain((3, 4), 9)
