"""The package as an installation: what importing costs, what it loads, the command line inside it."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import topkit


def fresh(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_takes_under_100_ms():
    code = "import time; t = time.process_time(); import topkit; print((time.process_time() - t) * 1000)"
    assert min(float(fresh(code)) for _ in range(5)) < 100


def test_importing_loads_no_framework_and_no_library():
    loaded = json.loads(fresh("import sys, json, topkit; print(json.dumps(sorted(sys.modules)))"))
    assert not {"numpy", "torch", "jax", "tvm_ffi", "triton", "ctypes"} & set(loaded)
    maps = fresh("import topkit; print(open('/proc/self/maps').read())")
    assert "binding.so" not in maps and "libcuda" not in maps


def test_selecting_on_the_cpu_touches_no_driver():
    code = "import numpy, topkit; topkit.topk(numpy.ones(3), 1); print(open('/proc/self/maps').read())"
    maps = fresh(code)
    assert "binding.so" in maps and "libtopkit_cuda" not in maps
    if "torch" not in sys.modules:  # tvm_ffi imports torch where it is, and a CUDA build of torch loads the driver
        assert "libcuda.so" not in maps


def test_info_says_what_is_here():
    info = topkit.info()
    assert info["version"] == topkit.__version__
    assert "scalar" in info["isas"] and "sampled" in info["algorithms"]["cpu"]
    assert set(info["algorithms"]["cuda"]) == set(topkit.algorithms("cuda"))
    assert pathlib.Path(info["program"]).exists()


def test_explain_names_problem_and_plan():
    lines = dict(line.split(": ", 1) for line in topkit.explain((32, 50304), 50, dtype="bf16", largest=False).splitlines())
    assert lines["problem"] == "32x50304 bf16 k=50 smallest order=value"
    assert lines["algorithm"] in topkit.algorithms()
    assert "float64" not in topkit.explain(np.zeros((3, 4)), 2) and "f64" in topkit.explain(np.zeros((3, 4)), 2)


def test_explain_is_json_too():
    told = json.loads(topkit.explain((3, 1000), 5, largest=False, order="any", nan="last", json=True, results=False))
    problem = dict(rows=3, cols=1000, dtype="f32", k=5, largest=False, order="any", nan="last", device="cpu")
    assert told["problem"] == problem and told["algorithm"] in topkit.algorithms() and told["why"]
    assert told["threads"] == 1 and told["isa"] in topkit.info()["isas"] and "measured" not in told


def test_explain_says_what_was_measured(tmp_path):
    shape = dict(device="cpu", dtype="f32", order="value", distribution="normal", case="a", machine="a machine")
    time = dict(peer="topkit", verified=True, algorithm="split/avx2", hot_us=7.25, cold_us=9.5)
    lines = [
        dict(shape, rows=8, cols=5000, k=50, **time),
        dict(shape, rows=8, cols=4096, k=50, **{**time, "hot_us": 3.0, "cold_us": None}),
        dict(shape, rows=8, cols=4097, k=50, **{**time, "verified": False}),
        dict(shape, rows=8, cols=4097, k=50, **time, forced=True),
        dict(shape, rows=8, cols=4097, k=50, **{**time, "peer": "numpy"}),
        dict(shape, rows=8, cols=4097, k=50, **time) | dict(device="cuda"),
    ]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(lines))
    same = topkit.explain((8, 5000), 50, results=path).splitlines()[-1]
    assert same == "measured: 7.2 us hot, 9.5 us cold on a machine"
    nearest = topkit.explain((8, 4097), 50, results=str(tmp_path)).splitlines()[-1]
    assert nearest == "measured: 3.0 us hot for 8 x 4096, k = 50, the nearest case, on a machine"
    told = json.loads(topkit.explain((8, 5000), 50, results=path, json=True))["measured"]
    wanted = dict(case="8 x 5000, k = 50", same=True, hot_us=7.25, cold_us=9.5, machine="a machine", algorithm="split/avx2")
    assert told == wanted
    assert "measured" not in topkit.explain((8, 5000), 50, dtype="f64", results=path)
    assert "us hot" in topkit.explain((32, 50304), 50) and "measured" not in topkit.explain((32, 50304), 50, results=False)
    with pytest.raises(ValueError, match="results = nowhere: there is no such file"):
        topkit.explain((8, 5000), 50, results="nowhere")


def test_explain_agrees_with_the_command_line():
    program, results = topkit.info()["program"], str(topkit._results.SHIPPED / "cpu.json")
    command = [program, "explain", "32x50304", "-k", "50", "--device", "cpu", "--results", results, "--json"]
    theirs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    ours = json.loads(topkit.explain((32, 50304), 50, results=results, json=True))
    assert ours == {key: value for key, value in theirs.items() if key != "passes"}


DEVICES = [
    ("TFRT_CPU_0", ("cpu", 0)),
    ("cpu", ("cpu", 0)),
    ("cuda:1", ("cuda", 1)),
    ("gpu", ("cuda", 0)),
    ("<CUDA Device 2>", ("cuda", 2)),
]


@pytest.mark.parametrize("text, wanted", DEVICES)
def test_devices_are_read_as_the_frameworks_write_them(text, wanted):
    from topkit._explain import device_of

    assert device_of(None, text) == wanted
    topkit.explain((3, 4), 1, device="TFRT_CPU_0")


def test_an_instruction_set_is_forced_beside_the_algorithm_or_alone():
    x = np.random.default_rng(0).standard_normal((3, 1000)).astype(np.float32)
    wanted = topkit.topk(x, 9).indices
    for isa in topkit.info()["isas"]:
        for name in ("/" + isa, "split/" + isa):
            assert f"isa: {isa}" in topkit.explain((3, 1000), 9, algorithm=name)
            np.testing.assert_array_equal(topkit.topk(x, 9, algorithm=name).indices, wanted)
    with pytest.raises(ValueError, match="isa = sse9: must be one of"):
        topkit.topk(x, 9, algorithm="split/sse9")


@pytest.mark.parametrize("how", [["-m", "topkit"]])
def test_the_command_line_is_in_the_package(how, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[1, 9, 3, 9]], np.float32))
    command = [sys.executable, *how, "topk", str(tmp_path / "x.npy"), "-k", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["indices"] == [[1, 3]]
    assert subprocess.run([sys.executable, *how, "topk"], capture_output=True).returncode == 2


def test_objects_that_only_speak_dlpack_are_arrays():
    class Foreign:
        def __init__(self, x):
            self.x = x

        def __dlpack__(self, **keywords):
            return self.x.__dlpack__(**keywords)

        def __dlpack_device__(self):
            return self.x.__dlpack_device__()

    values, indices = topkit.topk(Foreign(np.array([1.0, 9.0, 3.0])), 2)
    assert list(values) == [9, 3] and list(indices) == [1, 2]


def test_threads_call_at_the_same_time():
    from concurrent.futures import ThreadPoolExecutor

    x = np.random.default_rng(0).standard_normal((8, 20000)).astype(np.float32)
    wanted = topkit.topk(x, 50).indices
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: topkit.topk(x, 50, threads=1).indices, range(32)):
            np.testing.assert_array_equal(result, wanted)
