"""topk, top_k and merge_topk of NumPy arrays."""

import numpy as np
import pytest

import oracle
import topkit

DTYPES = ["f4", "f2", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]


def some(dtype, shape, seed=0):
    """Many equal elements; floats with every special value."""
    random = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        x = random.integers(-20, 20, shape).astype(dtype)
        special = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0], dtype)
        return np.where(random.random(shape) < 0.2, special[random.integers(0, 6, shape)], x)
    limits = np.iinfo(dtype)
    x = random.integers(max(limits.min, -20), 20, shape).astype(dtype)
    return np.where(random.random(shape) < 0.1, dtype.type(limits.max), x)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
def test_winners_of_every_type_are_those_of_a_stable_sort(dtype, largest):
    for shape, k in [((7,), 3), ((3, 50), 50), ((2, 3, 400), 5), ((5, 1000), 0)]:
        x = some(dtype, shape)
        oracle.assert_winners(topkit.topk(x, k, largest=largest), x, k, largest=largest)


@pytest.mark.parametrize("name", topkit.algorithms("cpu"))
def test_every_algorithm_gives_the_same_answer(name):
    x = some("f4", (4, 3000))
    k = 1 if name == "argmax" else 17
    oracle.assert_winners(topkit.topk(x, k, algorithm=name), x, k)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_any_axis_is_selected_along(axis):
    x = some("f4", (4, 5, 6))
    oracle.assert_winners(topkit.topk(x, 3, axis), x, 3, axis)


def layouts():
    x = some("f4", (40, 60))
    yield "transposed", x.T
    yield "every second column", x[:, ::2]
    yield "reversed", x[::-1, ::-1]
    yield "Fortran", np.asfortranarray(x)
    yield "one row for all", np.broadcast_to(x[0], (9, 60))
    yield "unaligned", np.frombuffer(b"?" + x.tobytes(), np.float32, offset=1).reshape(x.shape)
    yield "big-endian", x.astype(">f4")
    frozen = x.copy()
    frozen.setflags(write=False)
    yield "read-only", frozen


@pytest.mark.parametrize("name, x", list(layouts()))
def test_any_layout_is_read(name, x):
    values, indices = topkit.topk(x, 4)
    native = x.astype(x.dtype.newbyteorder("="))
    oracle.assert_winners((values, indices), native, 4)


def test_order_decides_how_winners_are_written_not_which():
    x = some("f4", (6, 300))
    by_value = topkit.topk(x, 9)
    by_index = topkit.topk(x, 9, order="index")
    in_any = topkit.topk(x, 9, sorted=False)
    np.testing.assert_array_equal(by_index.indices, np.sort(by_value.indices))
    np.testing.assert_array_equal(np.sort(in_any.indices), np.sort(by_value.indices))
    np.testing.assert_array_equal(oracle.bits(in_any.values), oracle.bits(np.take_along_axis(x, in_any.indices, 1)))


@pytest.mark.parametrize("mode", ["largest", "smallest"])
def test_top_k_takes_nan_only_when_no_number_is_left(mode):
    x = some("f4", (5, 40))
    for k in (3, 40):
        oracle.assert_winners(topkit.top_k(x, k, mode=mode), x, k, largest=mode == "largest", nan="last")
    oracle.assert_winners(topkit.top_k(x, 2, axis=0), x, 2, 0, nan="last")


def test_short_rows_are_padded():
    x = np.arange(20, dtype=np.float32).reshape(2, 10)
    values, indices = topkit.topk(x, 4, lengths=[3, 10], starts=np.array([2, 0]), fill=-7)
    np.testing.assert_array_equal(indices, [[4, 3, 2, -1], [9, 8, 7, 6]])
    np.testing.assert_array_equal(values, [[4, 3, 2, -7], [19, 18, 17, 16]])
    values, indices = topkit.topk(x, 3, row_k=[1, 3])
    np.testing.assert_array_equal(indices, [[9, -1, -1], [9, 8, 7]])
    assert values[0, 1] == -np.inf
    assert topkit.topk(x, 12, lengths=np.array([10, 10])).values.shape == (2, 12)


def test_fill_of_every_type_is_the_number_given():
    for dtype, fill in [("u8", 2**64 - 1), ("i8", -(2**63)), ("u1", 200), ("f2", 1.5), ("f8", -1e300)]:
        x = np.ones((1, 3), dtype)
        assert topkit.topk(x, 2, lengths=[1], fill=fill).values[0, 1] == np.dtype(dtype).type(fill)


def test_rows_of_any_shape_have_lengths_of_the_same_shape():
    x = some("f4", (2, 3, 8))
    lengths = np.array([[8, 1, 3], [2, 8, 4]])
    _, indices = topkit.topk(x, 2, lengths=lengths)
    for place in np.ndindex(2, 3):
        row = x[place][: lengths[place]]
        wanted = list(oracle.winners(row, 2)) + [-1] * (2 - min(2, len(row)))
        assert list(indices[place]) == wanted
    along_first = topkit.topk(x.transpose(2, 0, 1), 2, 0, lengths=lengths).indices
    np.testing.assert_array_equal(along_first, indices.transpose(2, 0, 1))


def test_ids_take_the_place_of_columns():
    x = np.array([[1, 5, 3], [9, 2, 9]], np.float32)
    ids = np.array([[10, 20, 30], [40, 50, 60]], np.int32)
    result = topkit.topk(x, 2, ids=ids)
    np.testing.assert_array_equal(result.indices, [[20, 30], [40, 60]])
    assert result.indices.dtype == np.int32
    np.testing.assert_array_equal(topkit.topk(x, 1, ids=np.array([7, 8, 9])).indices, [[8], [7]])
    np.testing.assert_array_equal(topkit.topk(x.T, 2, 0, ids=ids.T).indices, [[20, 40], [30, 60]])


@pytest.mark.parametrize("index_dtype", [np.int32, "int32", np.dtype("int32"), "int64", np.int64, None])
def test_the_type_of_indices_is_chosen_by_any_name(index_dtype):
    wanted = np.dtype(index_dtype or "int64")
    assert topkit.topk(np.ones(4), 2, index_dtype=index_dtype).indices.dtype == wanted


def test_out_is_written_and_returned():
    x = some("f4", (5, 30))
    values, indices = np.empty((5, 3), np.float32), np.empty((5, 3), np.int32)
    result = topkit.topk(x, 3, out=(values, indices))
    assert result.values is values and result.indices is indices
    oracle.assert_winners(result, x, 3)
    wide = np.zeros((5, 6), np.float32)
    result = topkit.topk(x, 3, out=(wide[:, ::2], indices))
    oracle.assert_winners(result, x, 3)
    assert not wide[:, 1::2].any()


def test_merging_sorted_parts_is_selecting_from_the_whole():
    x = some("f4", (3, 90))
    parts = [topkit.topk(x[:, start : start + 30], 10) for start in (0, 30, 60)]
    values = np.stack([part.values for part in parts])
    ids = np.stack([part.indices + start for part, start in zip(parts, (0, 30, 60))])
    oracle.assert_winners(topkit.merge_topk(values, ids, 10), x, 10)


def test_types_that_numpy_borrows_are_understood():
    types = pytest.importorskip("ml_dtypes")
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        dtype = np.dtype(getattr(types, name))
        x = np.random.default_rng(1).integers(-9, 9, (3, 200)).astype(np.float32).astype(dtype)
        oracle.assert_winners(topkit.topk(x, 7), x, 7)


def test_arrays_with_no_rows_or_no_winners():
    assert topkit.topk(np.empty((0, 5), np.float32), 3).values.shape == (0, 3)
    assert topkit.topk(np.empty((5, 0), np.float32), 0).indices.shape == (5, 0)
    assert topkit.topk(np.ones((2, 3)), 0).values.shape == (2, 0)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_subclasses_are_arrays_but_masks_are_refused():
    assert type(topkit.topk(np.matrix([[1.0, 2.0]]), 1).values) is np.ndarray
    with pytest.raises(TypeError, match="masks"):
        topkit.topk(np.ma.array([1.0, 2.0], mask=[0, 1]), 1)


def test_the_layouts_that_cuda_refuses_are_copied_first():
    """CuPy's path with NumPy in its place: the same code, strict about layouts."""
    from topkit._arrays import Arrays
    from topkit._call import make_call

    strict = Arrays(np, strict=True)
    for x, axis in [(some("f4", (4, 5, 6)), 0), (some("f4", (4, 5, 6)).transpose(1, 2, 0), 1), (some("f4", (8, 9))[:, ::2], 1)]:
        for out in (None, (np.empty(oracle.shape(x, 3, axis), x.dtype), np.empty(oracle.shape(x, 3, axis), np.int32))):
            call = make_call(3, axis, out=out)
            oracle.assert_winners(strict.topk(x, call), x, 3, axis)
