"""topkit.backends: those that are here answer rightly, those that are not say why, and decisions come from measurements."""

import json
import pathlib
import types

import numpy as np
import pytest

import topkit
from topkit import backends

FIELD = {"topkit", "torch", "triton", "cute", "cudnn", "flashinfer", "raft", "cupy", "jax", "numpy"}


def different(shape, dtype="f4"):
    """No two equal: then every implementation has the same answer."""
    return np.random.default_rng(0).permutation(int(np.prod(shape))).reshape(shape).astype(dtype)


def test_the_whole_field_is_listed():
    assert FIELD <= set(backends.names())
    assert {f"topkit:{name}" for name in topkit.algorithms()} <= set(backends.names())
    assert len(backends.table().splitlines()) == len(backends.names())


@pytest.mark.parametrize("name", [name for name in backends.names() if name != "triton"])
def test_a_backend_answers_rightly_or_says_why_not_in_one_line(name):
    backend = backends.get(name)
    why = backend.missing()
    if why is not None or "cpu" not in backend.devices:
        reason = why or backend.why_not(different((2, 4)), 1)
        assert reason and "\n" not in reason
        with pytest.raises(NotImplementedError, match="backend " + name):
            backend.topk(different((2, 4)), 1)
        assert why is None or why in backends.table()
        return
    assert backend in backends.available("cpu")
    x = different((3, 4, 50))
    for dim in (0, 2, -1):
        for k in (1, 3):
            for largest in (True, False):
                if backend.why_not(x, k, dim, largest):
                    continue
                values, indices = backend.topk(x, k, dim, largest)
                order = np.argsort(-x if largest else x, axis=dim, kind="stable")
                wanted = np.take(order, np.arange(k), axis=dim)
                assert type(values) is np.ndarray
                np.testing.assert_array_equal(indices, wanted)
                np.testing.assert_array_equal(values, np.take_along_axis(x, wanted, dim))


def test_backends_take_and_give_the_callers_arrays():
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(different((2, 30)))
    for name in ("numpy", "torch", "topkit", "topkit:split"):
        values, indices = backends.get(name).topk(x, 4)
        assert type(values) is torch.Tensor
        assert torch.equal(indices, torch.topk(x, 4).indices)
    assert torch.equal(topkit.topk(x, 4, backend="torch").values, topkit.topk(x, 4, backend="auto").values)
    assert "NumPy has no such type" in backends.get("numpy").why_not(x.bfloat16(), 1)


def test_limits_of_others_are_said_before_they_run():
    x = different((2, 30))
    for name, k, sentence in [("cute", 3, "cols = 30: must be a power of two"), ("raft", 3, "")]:
        assert sentence in (backends.get(name).refuses(x, k, -1, True, True) or "")
    assert "k = 3: must be a power of two" in backends.get("cute").refuses(different((2, 64)), 3, -1, True, True)
    half = types.SimpleNamespace(dtype="bfloat16")
    assert backends.get("cupy").refuses(half, 3, -1, True, True) == "x.dtype = bfloat16: CuPy sorts no such type"
    assert backends.get("cupy").refuses(x, 3, -1, True, True) is None
    assert "no top-k primitive" in backends.get("cudnn").what


def test_a_rule_is_what_does_not_change_from_call_to_call():
    assert backends.rule_of("cols = 30: must be a power of two") == "must be a power of two"
    assert backends.rule_of("torch is not installed") == "torch is not installed"


def test_who_is_not_here_says_why():
    assert backends.get("topkit").absent("cpu") is None
    assert backends.get("numpy").absent("cuda") == "runs on cpu only"


def test_one_row_is_given_to_cupy_as_one_axis(monkeypatch):
    cupy = backends.get("cupy")
    monkeypatch.setattr(cupy, "kind", "numpy")  # it has the same functions
    seen = []
    real = backends._arrays.partition

    def partition(xp, x, *rest):
        seen.append(x.shape)
        return real(xp, x, *rest)

    monkeypatch.setattr(backends._arrays, "partition", partition)
    for shape, dim in [((1, 60), -1), ((60, 1, 1), 0), ((2, 60), -1)]:
        x = different(shape)
        values, indices = cupy.run(x, 5, dim, True, True)
        np.testing.assert_array_equal(indices, np.argsort(-x, axis=dim).take(range(5), axis=dim))
        np.testing.assert_array_equal(values, np.take_along_axis(x, indices, dim))
    assert seen == [(60,), (60,), (2, 60)]


def test_jax_compiles_once_a_shape():
    jax = pytest.importorskip("jax")
    backend, x = backends.get("jax"), jax.numpy.asarray(different((3, 41)))
    compiled = backends._arrays.jitted()._cache_size
    before = compiled()
    for _ in range(3):
        backend.wait(backend.run(x, 4, -1, False, True))
    assert compiled() == before + 1


def test_decisions_are_read_from_what_was_measured():
    results = pathlib.Path(backends._decide.RESULTS)
    lines = json.loads((results / "cpu.json").read_text())
    decision = backends.decide((32, 50304), "float32", 50, device="cpu")
    assert decision.measured_here and decision.case == "cpu-f32-32x50304-50"
    ours = next(line for line in lines if line.get("case") == decision.case and line["peer"] == "topkit")
    assert decision.times["topkit"] == ours["hot_us"] and decision.name == min(decision.times, key=decision.times.get)
    nearest = backends.decide((31, 50000), "bf16", 40, device="cpu")
    assert not nearest.measured_here and nearest.case == "cpu-bf16-32x50304-50"
    assert "nearest case" in str(nearest)


def test_what_was_not_measured_is_not_guessed(tmp_path):
    with pytest.raises(LookupError, match="nothing of float64 on cpu was measured"):
        backends.decide((1, 100), "float64", 1, device="cpu")
    wrong = dict(case="a", device="cpu", dtype="f32", rows=1, cols=9, k=1, peer="numpy", hot_us=1.0, verified=False)
    (tmp_path / "x.json").write_text(json.dumps([wrong, {**wrong, "peer": "topkit", "hot_us": 2.0, "verified": True}]))
    with pytest.raises(LookupError):  # one of the two was wrong, so nothing was compared
        backends.decide((1, 9), "f32", 1, device="cpu", results=tmp_path)


def test_decide_compares_nobody_across_machines(tmp_path):
    def line(machine, peer, us):
        shape = dict(case="a", rows=1, cols=9, k=1, dtype="f32", device="cuda", order="value", verified=True)
        return dict(shape, machine=f"{machine}, driver 1", peer=peer, hot_us=us, cold_us=us)

    old = [line("old", "topkit", 9.0), line("old", "torch 1", 8.0)]
    new = [line("new", "topkit", 5.0), line("new", "torch 1", 6.0)]
    (tmp_path / "a.json").write_text(json.dumps(new))
    (tmp_path / "b.json").write_text(json.dumps(old))
    decision = backends.decide((1, 9), "f32", 1, results=tmp_path)
    assert decision.name == "topkit" and decision.times == {"topkit": 5.0, "torch": 6.0} and "new" in decision.machine


def test_names_that_are_none_are_refused():
    with pytest.raises(ValueError, match="backend = 'cublas': must be one of topkit"):
        backends.get("cublas")
