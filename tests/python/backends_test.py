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


LINE = dict(case="a", device="cuda", dtype="f32", rows=1, cols=9, k=1, order="value", verified=True, machine="m", cold_us=None)


def lines_of(**us):
    return [dict(LINE, peer=peer.replace("_", "::", 1), hot_us=time) for peer, time in us.items()]


def test_decide_reads_arrays_and_lines_files_and_folders(tmp_path):
    lines = lines_of(topkit=2.0, numpy=1.0)
    header = {"header": "topkit bench", "device": "cuda"}
    refusal = {"refused": "invalid argument", "case": LINE["case"], "distribution": "normal", "peer": "flashinfer", "algorithm": ""}
    (tmp_path / "array.json").write_text(json.dumps([header, *lines, refusal], indent=1))
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [header, refusal, *lines]))
    (tmp_path / "lines" / "notes.txt").write_text("not read")
    for where in (tmp_path, tmp_path / "array.json", tmp_path / "lines", tmp_path / "lines" / "a.jsonl"):
        for given in (where, str(where)):
            assert backends.decide((1, 9), "f32", 1, results=given).times == {"topkit": 2.0, "numpy": 1.0}


def test_decide_names_only_backends(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(lines_of(topkit=2.0, cub=1.0, std_partial_sort=1.5)))
    decision = backends.decide((1, 9), "f32", 1, results=path)
    assert decision.name == "topkit" and decision.times == {"topkit": 2.0}
    assert decision.native == {"cub": 1.0, "std::partial_sort": 1.5} and "cub (C++ only) 1.0 us" in str(decision)
    for name in backends.decide((32, 50304), "float32", 50).times:
        assert backends.get(name).name == name


BROKEN = [
    ('[\n{"case": "a"},', "line 2, field 'device': is missing"),
    ("[1]", "line 1: is 1: must be an object"),
    ("[{]", "line 1: is no JSON: "),
    ("{}\nnonsense", "line 1, field 'case': is missing"),
    ("\n\nnonsense", "line 3: is no JSON: "),
    ("[LINE", "must end with ']'"),
    ("[LINE LINE]", "',' or ']' is missing"),
    ("[LINE] more", "must end with ']' and nothing after it"),
    ("[LINE,]", "is no JSON"),
    (dict(verified="yes"), "line 1, field 'verified': is \"yes\": must be true or false"),
    (dict(rows=1.5), "field 'rows': is 1.5: must be a whole number"),
    (dict(rows=True), "field 'rows': is true: must be a whole number"),
    (dict(cols=0), "field 'cols': is 0: must be at least 1"),
    (dict(hot_us="fast"), "field 'hot_us': is \"fast\": must be a number or null"),
    (dict(hot_us=float("nan")), "field 'hot_us': is NaN"),
    (dict(dtype="f31"), "field 'dtype': is 'f31': must be one of float32"),
    (dict(ratio="1"), "field 'ratio': is \"1\""),
]


@pytest.mark.parametrize("text, words", BROKEN)
def test_broken_results_are_named_by_file_line_and_field(tmp_path, text, words):
    good = lines_of(topkit=1.0)[0]
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{**good, **text}]) if isinstance(text, dict) else text.replace("LINE", json.dumps(good)))
    with pytest.raises(topkit.ArgumentError) as problem:
        backends.decide((1, 9), "f32", 1, results=tmp_path)
    assert str(problem.value).startswith(f"results = {path}, line") and words in str(problem.value)


def test_results_that_are_not_there_are_named(tmp_path):
    with pytest.raises(ValueError, match="results = .*none: there is no such file or folder"):
        backends.decide((1, 9), "f32", 1, results=tmp_path / "none")
    with pytest.raises(TypeError, match="results = 3: must be the path of a file or a folder"):
        backends.decide((1, 9), "f32", 1, results=3)


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


WRONG = [
    (dict(k=-1), ValueError, "k = -1: must be in 0..30"),
    (dict(k=31), ValueError, "k = 31: must be in 0..30"),
    (dict(k=1.0), TypeError, "k = 1.0: must be an int"),
    (dict(k=1, dim=2), IndexError, "dim = 2: must be in -2..1, x has 2 axes"),
    (dict(k=3, dim=0), ValueError, "k = 3: must be in 0..2"),
]


@pytest.mark.parametrize("arguments, kind, sentence", WRONG)
@pytest.mark.parametrize("name", ["numpy", "torch", "jax", "topkit", "topkit:split"])
def test_wrong_calls_are_refused_by_the_same_sentences(name, arguments, kind, sentence):
    backend = backends.get(name)
    if backend.missing():
        pytest.skip(backend.missing())
    with pytest.raises(kind, match=sentence) as problem:
        backend.topk(different((2, 30)), **arguments)
    assert isinstance(problem.value, (topkit.Error, TypeError))
    with pytest.raises(TypeError, match="x = list: must be a torch.Tensor"):
        backend.topk([1.0, 2.0], 1)


def test_numbers_have_an_axis_for_torch_alone():
    with pytest.raises(IndexError, match="x has no axis"):
        backends.get("numpy").topk(np.zeros(()), 1)
    torch = pytest.importorskip("torch")
    assert backends.get("torch").topk(torch.tensor(3.0), 1).values == 3


def test_cudnn_says_which_devices_its_kernel_is_for(monkeypatch):
    half = types.SimpleNamespace(dtype="float16")
    monkeypatch.setattr(backends._cudnn, "capability", lambda x: (8, 0))
    assert backends.get("cudnn").refuses(half, 3, -1, True, True) == "the device is sm_80: the indexer top-k needs sm_90 or newer"
    monkeypatch.setattr(backends._cudnn, "capability", lambda x: (10, 0))
    assert backends.get("cudnn").refuses(half, 3, -1, True, True) is None


def test_names_that_are_none_are_refused():
    with pytest.raises(ValueError, match="backend = 'cublas': must be one of topkit"):
        backends.get("cublas")


def test_a_row_for_which_flashinfers_blocks_would_wait_for_ever_is_refused(monkeypatch):
    torch = pytest.importorskip("torch")
    h200 = types.SimpleNamespace(multi_processor_count=132, shared_memory_per_block_optin=232448)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: h200)
    flashinfer = backends.get("flashinfer")
    for dtype, most in ((torch.float32, 7130112), (torch.bfloat16, 14260224)):
        row = torch.empty(1, dtype=dtype).expand(1, most)
        assert flashinfer.refuses(row, 5, -1, True, True) is None
        longer = torch.empty(1, dtype=dtype).expand(1, most + 1)
        assert f"cols = {most + 1}: must be at most {most}" in flashinfer.refuses(longer, 5, -1, True, True)
