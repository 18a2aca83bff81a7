# shellcheck shell=bash
# Sourced by ./dev: the stages of `./dev test`. Each stage prints to build/log/STAGE.txt; the output of a failed one is
# shown, and the others still run.

kStages=(release install python asan tsan aarch64 fuzz lint cuda)
kMoreStages=(asan_cuda)  # by --stage only
kQuick=(release lint)
kSkipped=77

# ctest_in STAGE PRESET [CTEST ARGS]: what it ran is counted by tools/dev/count_tests.py.
ctest_in() {
  local results=$PWD/build/results/$1 preset=$2
  shift 2
  rm -rf "$results" "$results.xml"
  mkdir -p "$results"
  GTEST_OUTPUT="json:$results/" GTEST_COLOR=no ctest --test-dir "build/$preset" -j "$(nproc)" --output-on-failure \
    --no-tests=error --timeout 900 --output-junit "$results.xml" "$@"
}

stage_release() { compile cpu-only && ctest_in release cpu-only -LE 'gpu|install'; }
stage_install() { compile cpu-only && ctest_in install cpu-only -L install; }
# The library, and the command line that reads files. The grids over all types (cpu, cuda on the stand-in) are many times slower
# here, and so is their compilation: a share of the one, and the other in a stage of its own, which runs when it is asked for.
# What replays the corpus in other stages is the stage fuzz's here.
stage_asan() {
  compile asan tests_core tests_sampling tests_cpu tests_cli tests_property tests_simt
  ctest_in asan asan -R '^(core|sampling|cli|property|simt)$'
  GTEST_TOTAL_SHARDS=5 GTEST_SHARD_INDEX=0 ctest_in asan-cpu asan -R '^cpu$'
}
stage_asan_cuda() { compile asan tests_cuda && ctest_in asan-cuda asan -R '^cuda_'; }
# Without oneTBB only a lent pool has threads: the test of the library's own would run on one.
stage_tsan() {
  compile tsan tests_threads
  GTEST_FILTER='-Threads.of_any_number*' ctest_in tsan tsan -R '^threads$'
}
stage_aarch64() {
  compile aarch64 tests_core tests_cpu
  GTEST_TOTAL_SHARDS=5 GTEST_SHARD_INDEX=0 ctest_in aarch64 aarch64 -R '^(core|cpu)$'
}
stage_fuzz() { fuzz 20; }
stage_lint() { configure lint && bash tools/lint/run.sh; }
stage_cuda() {
  if [[ -z $(cuda_compiler) ]]; then echo "no nvcc on PATH nor in /usr/local/cuda/bin"; return $kSkipped; fi
  compile cuda topkit_cuda topkit_bench topkit_gpu_test && python3 tools/ptxas_budget.py build/cuda
}

packages_for() {
  case $1 in
    asan | asan_cuda | fuzz | lint) echo check ;;
    aarch64) echo aarch64 ;;
    python) python_packages ;;
    *) echo base ;;
  esac
}

# In a subshell with errexit: `stage || ...` would switch errexit off inside the stage.
run_stage() {
  local stage=$1 log=build/log/$1.txt start=$SECONDS rc=0 cpu
  say "$stage ..."
  set +e
  (set -euo pipefail; trap 'times >build/log/times' EXIT; "stage_$stage") >"$log" 2>&1 </dev/null
  rc=$?
  set -e
  cpu=$(tail -n 1 build/log/times | awk -F'[ms ]+' '{ printf "%.0f", $1 * 60 + $2 + $3 * 60 + $4 }')
  case $rc in
    0) verdict=ok ;;
    "$kSkipped") verdict="skipped: $(tail -1 "$log")" ;;
    *) verdict="FAILED ($rc): build/log/$stage.txt"; failed_stages+=("$stage"); tail -n 80 "$log" >&2 ;;
  esac
  summary+=("$(printf '%-10s %5d s  %5d s cpu  %s' "$stage" $((SECONDS - start)) "$cpu" "$verdict")")
  say "${summary[-1]}"
}

run_test() {
  local stages=() summary=() failed_stages=() verdict stage groups=(base) begin=$SECONDS
  while [[ $# -gt 0 ]]; do
    case $1 in
      --quick) stages+=("${kQuick[@]}") ;;
      --frameworks) export python_frameworks=1 ;;
      --stage)
        [[ $# -gt 1 ]] || die "test: --stage needs a name; there are: ${kStages[*]} ${kMoreStages[*]}" 2
        stages+=("$2")
        shift
        ;;
      *) die "test: unknown argument $1" 2 ;;
    esac
    shift
  done
  if ((${#stages[@]} == 0)); then stages=("${kStages[@]}"); fi
  for stage in "${stages[@]}"; do
    [[ $(type -t "stage_$stage") == function ]] || die "test: no stage $stage; there are: ${kStages[*]} ${kMoreStages[*]}" 2
    groups+=("$(packages_for "$stage")")
  done
  need "${groups[@]}"
  rm -rf build/results build/log
  mkdir -p build/log build/results
  for stage in "${stages[@]}"; do run_stage "$stage"; done
  printf '\n%s\n%-10s %5d s\n\n' "$(printf '%s\n' "${summary[@]}")" total $((SECONDS - begin))
  local counted=0
  if [[ -n $(find build/results -name '*.xml') ]]; then python3 tools/dev/count_tests.py build/results || counted=1; fi
  ((${#failed_stages[@]} == 0)) || die "failed: ${failed_stages[*]}"
  return $counted
}
