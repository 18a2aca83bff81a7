# shellcheck shell=bash
# Sourced by ./dev: the Python package in an environment of its own, never in the user's.

python_frameworks=0  # 1: with torch, JAX and Triton (`./dev test --frameworks`)

python_folder() { if ((python_frameworks)); then echo build/venv-frameworks; else echo build/venv; fi; }

# python_environment: there is one. `./dev test` asks for it before its stages run, since what pip fetches and unpacks leaves
# a core idle; who asks meanwhile waits.
python_environment() {
  mkdir -p build
  (flock 9 && install_python_environment) 9>build/python-environment.lock
}

# Creates it, and installs what its list names when the list has changed. Of torch and the others a test imports a part: only
# that is compiled, by who imports it.
install_python_environment() {
  local folder list=(tests/python/requirements.txt) wanted
  folder=$(python_folder)
  if ((python_frameworks)); then list+=(tests/python/requirements-frameworks.txt); fi
  wanted=$(cat "${list[@]}")
  if [[ -x $folder/bin/python && $(cat "$folder/installed" 2>/dev/null) == "$wanted" ]]; then return; fi
  say "installing with pip into $folder: $(grep -hv '^#' "${list[@]}" | xargs)"
  [[ -x $folder/bin/python ]] || python3 -m venv "$folder"
  "$folder/bin/python" -m pip install -q --no-compile --disable-pip-version-check "${list[@]/#/-r}"
  echo "$wanted" >"$folder/installed"
}

# python_tree: build/python-tree, which PYTHONPATH makes importable: what a wheel holds, without building one.
python_tree() {
  python_environment
  ln -sfn "$PWD/$(python_folder)" build/python-environment
  compile python topkit_python
  rm -rf build/python-tree
  cmake --install build/python --component python --prefix build/python-tree >build/install-python.log
}

# On a machine without python3's venv or headers they come from apt; a python3 of another kind has its own.
python_packages() {
  python3 -c 'import ensurepip, os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null || echo python
}

stage_python() {
  python_tree
  PYTHONPATH=build/python-tree "$(python_folder)/bin/python" -m pytest -n "$(nproc)" --junitxml build/results/python.xml
  "$(python_folder)/bin/python" tests/python/installed_wheel.py
}

# build/python-gpu-tree: what is carried to a machine with a GPU and no network. The package with its CUDA engine, and what
# its tests need beside torch, JAX and CuPy, for the Python that is there.
python_gpu_tree() {
  local version=${1:-3.12} carried
  mapfile -t carried < <(grep -hE '^(apache-tvm-ffi|jax-tvm-ffi|expecttest)==' tests/python/requirements*.txt)
  [[ -n $(cuda_compiler) ]] || die "build --python: no nvcc on PATH nor in /usr/local/cuda/bin, and the CUDA engine needs it"
  python_environment
  ln -sfn "$PWD/$(python_folder)" build/python-environment
  compile python-gpu topkit_python
  rm -rf build/python-gpu-tree
  cmake --install build/python-gpu --component python --prefix build/python-gpu-tree >build/install-python.log
  "$(python_folder)/bin/python" -m pip install -q --disable-pip-version-check --no-deps --target build/python-gpu-tree \
    --python-version "$version" --only-binary=:all: "${carried[@]}"
  say "made: build/python-gpu-tree, for Python $version"
}
