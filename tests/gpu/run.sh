#!/usr/bin/env bash
# Runs topkit_gpu_test and, where compute-sanitizer is, its four tools over the reduced grid, all on this machine's GPU.
# racecheck is some hundred times slower than the kernels: it takes a part of the grid.
# Ends with one line. `tests/gpu/run.sh build/gpu/bin/topkit_gpu_test`: the program needs nothing beside it.
set -uo pipefail
program=${1:?path of topkit_gpu_test}
shift
logs=${OUT:-$(dirname "$program")}
"$program" "$@"
main=$?
[[ $main == 77 ]] && exit 77
verdicts=""
failed=$((main != 0))
if command -v compute-sanitizer >/dev/null; then
  declare -A jobs
  for tool in memcheck racecheck synccheck initcheck; do
    part=()
    [[ $tool == racecheck ]] && part=(--only grid --every 4)
    timeout 240 compute-sanitizer --tool "$tool" --error-exitcode 9 --print-limit 20 "$program" --reduced "${part[@]}" \
      >"$logs/$tool.txt" 2>&1 &
    jobs[$tool]=$!
  done
  for tool in memcheck racecheck synccheck initcheck; do
    wait "${jobs[$tool]}"
    code=$?
    if [[ $code == 0 ]]; then
      verdicts+=" $tool clean"
    else
      verdicts+=" $tool FAILED($code)"
      failed=1
      tail -n 40 "$logs/$tool.txt"
    fi
  done
else
  verdicts=" no compute-sanitizer here"
fi
if [[ $failed == 0 ]]; then echo "gpu-test PASSED;$verdicts"; else echo "gpu-test FAILED (program $main);$verdicts"; fi
exit "$failed"
