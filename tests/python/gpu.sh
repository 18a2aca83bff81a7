#!/usr/bin/env bash
# gpu.sh TREE [PYTEST ARGS]: the Python tests on this machine's GPU, then the validation of every implementation that is
# here. TREE holds the package (and what pip would install, when there is no network): `./dev build --python` makes it.
set -euo pipefail
tree=$1
shift
export PYTHONPATH=$tree${PYTHONPATH:+:$PYTHONPATH} XLA_PYTHON_CLIENT_PREALLOCATE=false
python=${PYTHON:-python3}
"$python" -m pytest -rs "$@"
"$python" -m topkit.validate --device cuda --quick
