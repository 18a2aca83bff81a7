"""Builds the wheel that `pip install .` makes, without the CUDA engine, installs it where nothing else is, and uses it.

The build's requirements must be in the environment that runs this; run it from the source folder, where build/python is.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import venv

MOST_BYTES = 30 << 20
# As what the rest of the stage compiled, the compiler's name too, so that ccache has the wheel's objects.
CACHE = pathlib.Path("build/python/CMakeCache.txt").read_text()
COMPILERS = ["".join(pair) for pair in re.findall(r"^(CMAKE_C(?:XX)?_COMPILER):\w+(=.*)$", CACHE, re.M)]
SAME = ["TOPKIT_CUDA=OFF", "CMAKE_UNITY_BUILD=ON", "CMAKE_UNITY_BUILD_BATCH_SIZE=0", *COMPILERS]

USE = """
import json, pathlib, subprocess, sys, time
start = time.process_time()
import topkit
cost = (time.process_time() - start) * 1000
assert "numpy" not in sys.modules
import numpy
folder = pathlib.Path(topkit.__file__).parent
assert folder.is_relative_to(sys.prefix), folder
for name in ("py.typed", "__init__.pyi", "_native.pyi", "data/cases.json", "data/results/cpu.json", "compat/flashinfer.py",
             "backends/__init__.pyi", "torch/__init__.pyi", "hf.pyi"):
    assert (folder / name).exists(), name
values, indices = topkit.topk(numpy.array([1.0, 9.0, 3.0, 9.0]), 2)
assert list(values) == [9, 9] and list(indices) == [1, 3]
assert topkit.sample(numpy.array([[0, 9]], "f4"), temperature=0).tokens == 1
from topkit import backends
assert backends.decide((32, 50304), "float32", 50, device="cpu").name
try:
    topkit.explain((1, 1000), 5, device="cuda")
except topkit.UnsupportedError as problem:
    assert "libtopkit_cuda.so" in str(problem), problem
numpy.save("x.npy", numpy.array([[1, 9, 3, 9]], "f4"))
for program in ([sys.executable, "-m", "topkit"], [str(pathlib.Path(sys.executable).parent / "topkit")]):
    done = subprocess.run([*program, "topk", "x.npy", "-k", "2", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["indices"] == [[1, 3]]
print(f"imported in {cost:.0f} ms")
assert cost < 100
"""


def main() -> None:
    wheels, home = pathlib.Path("build/wheels"), pathlib.Path("build/venv-wheel").resolve()
    for folder in (wheels, home):
        shutil.rmtree(folder, ignore_errors=True)
    defines = [f"--config-settings=cmake.define.{define}" for define in SAME]
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", str(wheels), *defines, "."], check=True)
    (wheel,) = wheels.glob("topkit-*.whl")
    size = wheel.stat().st_size
    print(f"{wheel.name}: {size / (1 << 20):.1f} MiB")
    assert size <= MOST_BYTES, f"{size} bytes: at most {MOST_BYTES}"
    venv.create(home, with_pip=True)
    python = str(home / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel)], check=True)
    subprocess.run([python, "-c", USE], cwd=home, check=True)


if __name__ == "__main__":
    main()
