#!/usr/bin/env bash
# All published numbers of a GPU in one run, on the machine that has it: topkit beside the floor and the native peers, then
# Python's libraries, joined to one file, and the summary of it. bench/gpu.sh build/release bench/results/h200.json
set -euo pipefail
build=${1:?the build folder, for example build/release}
output=${2:?the file of results, for example bench/results/h200.json}
here=$(dirname "${BASH_SOURCE[0]}")
commit=$(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo unknown)
native=${output%.json}.native.jsonl
failed=0  # a result that was not exact is in the file, with its complaint: the rest is still measured

# Resumable: a run that was stopped goes on where it was.
"$build/bin/topkit" bench --device cuda --commit "$commit" --resume "$native" --minutes "${MINUTES:-4}" || failed=1
if python3 -c 'import torch' 2>/dev/null; then
  python3 "$here/peers/gpu_python_peers.py" --lib "$build/lib/libtopkit.so" --join "$native" --minutes "${MINUTES:-4}" -o "$output" || failed=1
  rm -f "$native"
else
  echo "no torch for this python3: only the native peers" >&2
  mv "$native" "$output"
fi
python3 "$here/../tools/gpu_summary.py" "$output"
exit "$failed"
