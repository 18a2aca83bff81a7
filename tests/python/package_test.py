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
