"""topkit for JAX: eager, jit, vmap, grad; on the CPU here, on CUDA by the same tests where JAX has a GPU."""

import numpy as np
import pytest

jax = pytest.importorskip("jax")
pytest.importorskip("jax_tvm_ffi")

import jax.numpy as jnp  # noqa: E402

import oracle  # noqa: E402
import topkit  # noqa: E402
from numpy_test import some  # noqa: E402


def assert_winners(result, x, k, axis=-1, largest=True, nan="largest"):
    values, indices = result
    assert isinstance(values, jax.Array) and indices.dtype == ("int64" if jax.config.jax_enable_x64 else "int32")
    if x.dtype == jnp.bfloat16:
        values, x = values.astype(jnp.float32), x.astype(jnp.float32)
    oracle.assert_winners((np.asarray(values), np.asarray(indices)), np.asarray(x), k, axis, largest, nan)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8", "int32", "uint8", "uint32"])
def test_winners_of_every_type(dtype):
    x = jnp.asarray(np.abs(some("i1", (3, 200))) if dtype.startswith(("u", "i")) else some("f4", (3, 200)), dtype)
    for largest in (True, False):
        assert_winners(topkit.topk(x, 7, largest=largest), x, 7, largest=largest)


def test_any_axis_and_every_option():
    x = jnp.asarray(some("f4", (4, 5, 6)))
    for dim in (0, 1, -1):
        assert_winners(topkit.topk(x, 3, dim), x, 3, dim)
    assert_winners(topkit.top_k(x, 3, axis=0, mode="smallest"), x, 3, 0, False, "last")
    by_index = topkit.topk(x, 3, order="index").indices
    np.testing.assert_array_equal(by_index, np.sort(topkit.topk(x, 3).indices))


def test_ragged_rows_ids_and_fill_eager_and_traced():
    x = jnp.asarray(some("f4", (4, 50)))
    rows = dict(lengths=np.array([50, 3, 0, 7]), starts=np.array([0, 10, 5, 43]), row_k=np.array([5, 5, 2, 1]))
    wanted = topkit.topk(np.asarray(x), 5, fill=-9, **rows)
    for call in (topkit.topk, jax.jit(topkit.topk, static_argnums=1, static_argnames="fill")):
        values, indices = call(x, 5, fill=-9, **{name: jnp.asarray(value) for name, value in rows.items()})
        np.testing.assert_array_equal(indices, wanted.indices)
        np.testing.assert_array_equal(oracle.bits(np.asarray(values)), oracle.bits(wanted.values))
    names = np.random.default_rng(0).integers(0, 999, (4, 50))
    for ids in (names, names[0]):
        wanted = topkit.topk(np.asarray(x), 5, ids=ids).indices
        np.testing.assert_array_equal(topkit.topk(x, 5, ids=jnp.asarray(ids)).indices, wanted)
    along_rows = topkit.topk(x, 2, 0, ids=jnp.asarray(names)).indices
    np.testing.assert_array_equal(along_rows, topkit.topk(np.asarray(x), 2, 0, ids=names).indices)
    if jax.default_backend() != "cpu":
        return  # there they are clamped: nothing is read back
    with pytest.raises(Exception, match=r"lengths\[1\] = 51: must be in 0..50"):
        jax.block_until_ready(topkit.topk(x, 5, lengths=jnp.asarray([1, 51, 1, 1])))


@pytest.mark.parametrize("name", topkit.algorithms("cpu"))
def test_an_algorithm_by_name(name):
    if jax.default_backend() != "cpu":
        pytest.skip("XLA compiles the call for the GPU too, which has other algorithms: gpu_test.py names those")
    x = jnp.asarray(some("f4", (4, 3000)))
    k = 1 if name == "argmax" else 17
    assert_winners(topkit.topk(x, k, algorithm=name), x, k)


@pytest.mark.parametrize("in_x, in_lengths, in_ids", [(0, 0, 0), (1, None, None), (None, 0, None), (0, None, 1), (None, None, 0)])
def test_vmap_maps_any_of_the_operands(in_x, in_lengths, in_ids):
    mapped = 3
    random = np.random.default_rng(0)
    x, lengths, ids = some("f4", (mapped, 4, 20)), random.integers(0, 21, (mapped, 4)), random.integers(0, 99, (mapped, 20))

    def operand(value, axis):
        return jnp.asarray(value[0] if axis is None else np.moveaxis(value, 0, axis))

    mine = jax.vmap(
        lambda x, lengths, ids: topkit.topk(x, 5, lengths=lengths, ids=ids).indices, in_axes=(in_x, in_lengths, in_ids)
    )(operand(x, in_x), operand(lengths, in_lengths), operand(ids, in_ids))
    for i in range(mapped):
        pick = [value[0 if axis is None else i] for value, axis in [(x, in_x), (lengths, in_lengths), (ids, in_ids)]]
        np.testing.assert_array_equal(mine[i], topkit.topk(pick[0], 5, lengths=pick[1], ids=pick[2]).indices)


def test_under_jit_and_vmap_in_any_nesting():
    x = jnp.asarray(some("f4", (4, 5, 60)))
    assert_winners(jax.jit(lambda t: topkit.topk(t, 3))(x), x, 3)
    for axis in (0, 1):
        mapped = jax.vmap(lambda t: topkit.topk(t, 3), in_axes=axis)(x)
        assert_winners(mapped, jnp.moveaxis(x, axis, 0), 3)
    assert_winners(jax.jit(jax.vmap(jax.vmap(lambda t: topkit.topk(t, 3))))(x), x, 3)


def test_gradients_are_placed_where_the_winners_were():
    x = jnp.asarray(np.random.default_rng(0).permutation(24).reshape(4, 6).astype(np.float32))
    weights = jnp.arange(8.0).reshape(4, 2)
    grad = jax.jit(jax.grad(lambda t: (topkit.topk(t, 2).values * weights).sum()))(x)
    wanted = jax.grad(lambda t: (jax.lax.top_k(t, 2)[0] * weights).sum())(x)
    np.testing.assert_array_equal(grad, wanted)
    per_row = jax.vmap(jax.grad(lambda row: topkit.topk(row, 2).values.sum()))(x)
    np.testing.assert_array_equal(per_row.sum(1), [2] * 4)
    ragged = jax.grad(lambda t: topkit.topk(t, 3, lengths=jnp.asarray([6, 1, 0, 2]), fill=0).values.sum())(x)
    np.testing.assert_array_equal(ragged.sum(1), [3, 1, 0, 2])


def test_tangents_go_both_ways_to_any_order():
    from jax.test_util import check_grads

    x = jnp.asarray(np.random.default_rng(0).permutation(24).reshape(4, 6).astype(np.float32))
    check_grads(lambda t: topkit.topk(t, 2, 0).values ** 2, (x,), order=2, modes=["fwd", "rev"], atol=1e-2, rtol=1e-2, eps=1e-2)
    jacobian = jax.jacfwd(lambda t: topkit.topk(t, 2).values)(x)
    assert jacobian.shape == (4, 2, 4, 6) and jacobian.sum() == 8
    whole = jnp.arange(6)
    assert jax.grad(lambda t: t * topkit.topk(whole, 2).values.sum())(2.0) == 9
    with pytest.raises(ValueError, match="x is differentiated and ids is given"):
        jax.grad(lambda t: topkit.topk(t, 2, ids=jnp.arange(6)).values.sum())(x)


def test_mistakes_are_named():
    x = jnp.ones((3, 4))
    for call, kind, sentence in [
        (lambda: topkit.topk(x, 5), ValueError, "k = 5: must be in 0..4"),
        (lambda: topkit.topk(x, 1, 2), IndexError, "dim = 2"),
        (lambda: topkit.topk(x > 0, 1), TypeError, "x.dtype = bool"),
        (lambda: topkit.topk(x, 1, lengths=[1, 1]), ValueError, r"lengths.shape = \(2,\): must be \(3,\), one entry a row"),
        (lambda: topkit.topk(x, 1, lengths=[1.0, 1, 1]), TypeError, "lengths.dtype = float32: must be int32 or int64"),
        (lambda: topkit.topk(x, 1, ids=[1, 1]), ValueError, r"ids.shape = \(2,\): must be \(4,\) or \(3, 4\)"),
        (lambda: topkit.topk(x, 1, out=(x, x)), NotImplementedError, "out = tuple: must be None, JAX arrays are immutable"),
        (lambda: topkit.topk(x, 1, algorithm="magic"), ValueError, "algorithm = 'magic': must be one of"),
        (lambda: jax.jit(lambda t: topkit.topk(t, 5))(x), ValueError, "k = 5"),
    ]:
        with pytest.raises(kind, match=sentence):
            call()


def test_empty_arrays():
    assert topkit.topk(jnp.ones((0, 4)), 2).values.shape == (0, 2)
    assert topkit.topk(jnp.ones((3, 4)), 0).indices.shape == (3, 0)


def test_explain_reads_an_array():
    text = topkit.explain(jnp.zeros((3, 1000)), 5, results=False)
    device = "cuda" if jax.default_backend() == "gpu" else "cpu"
    assert text == topkit.explain((3, 1000), 5, device=device, results=False)


def test_threads_and_instruction_sets_are_honoured():
    x = jnp.asarray(some("f4", (64, 5000)))
    wanted = topkit.topk(x, 9)
    with pytest.raises(ValueError, match="threads = -1: must be in 0.."):
        topkit.topk(x, 9, threads=-1)
    for options in [dict(threads=1), dict(threads=3)] + [dict(algorithm="/" + isa) for isa in topkit.info()["isas"]]:
        if jax.default_backend() == "cpu" or "threads" in options:
            np.testing.assert_array_equal(topkit.topk(x, 9, **options).indices, wanted.indices)
    with pytest.raises(ValueError, match="isa = 'sse9': must be one of"):
        topkit.topk(x, 9, algorithm="/sse9")


def test_sorted_parts_are_merged():
    host = some("f4", (2, 30))
    parts = [topkit.topk(jnp.asarray(host[:, at : at + 10]), 6) for at in (0, 10, 20)]
    values = jnp.stack([part.values for part in parts])
    ids = jnp.stack([part.indices + at for part, at in zip(parts, (0, 10, 20))])
    assert_winners(topkit.merge_topk(values, ids, 6), host, 6)
    with pytest.raises(NotImplementedError, match="values = .*Tracer: merge_topk runs outside of jit, vmap and grad only"):
        jax.jit(lambda v: topkit.merge_topk(v, ids, 6))(values)
