# shellcheck shell=bash
# Sourced by ./dev: the stages of `./dev test`, two at a time. Each stage prints to build/log/STAGE.txt; the output of a
# failed one is shown, and the others still run.

kStages=(release install python asan tsan aarch64 fuzz lint cuda)
kMoreStages=(asan_cuda)  # by --stage only
kQuick=(release lint)
kAtOnce=2
# What a stage takes from ccache is another's, or both work in one folder.
declare -A kAfter=([install]=release [python]=release [cuda]=release [fuzz]=asan [asan_cuda]='asan fuzz')
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
  local stage=$1 log=build/log/$1 start=$SECONDS rc=0
  set +e
  (set -euo pipefail; trap 'times >"$log.times"' EXIT; "stage_$stage") >"$log.txt" 2>&1 </dev/null
  rc=$?
  set -e
  echo "$rc $((SECONDS - start))" >"$log.done"
}

# report STAGE: one line of what it ended with and took.
report() {
  local stage=$1 log=build/log/$1 rc took cpu verdict
  read -r rc took <"$log.done"
  cpu=$(tail -n 1 "$log.times" | awk -F'[ms ]+' '{ printf "%.0f", $1 * 60 + $2 + $3 * 60 + $4 }')
  case $rc in
    0) verdict=ok ;;
    "$kSkipped") verdict="skipped: $(tail -1 "$log.txt")" ;;
    *) verdict="FAILED ($rc): $log.txt"; failed_stages+=("$stage"); tail -n 80 "$log.txt" >&2 ;;
  esac
  summary+=("$(printf '%-10s %5d s  %5d s cpu  %s' "$stage" "$took" "$cpu" "$verdict")")
  say "${summary[-1]}"
}

# may_start STAGE: no stage is under way whose objects it takes from ccache, or that works in the same folder.
may_start() {
  local other
  for other in ${kAfter[$1]:-}; do
    if [[ " ${waiting[*]} ${running[*]} " == *" $other "* ]]; then return 1; fi
  done
}

# run_stages STAGE...: kAtOnce at a time, in this order: what ends in one link or one long test leaves no core idle.
run_stages() {
  local -a waiting=("$@")
  local -A running=()
  local stage pid
  while ((${#waiting[@]} + ${#running[@]} > 0)); do
    for stage in "${waiting[@]}"; do
      if ((${#running[@]} == kAtOnce)) || ! may_start "$stage"; then continue; fi
      say "$stage ..."
      run_stage "$stage" &
      running[$!]=$stage
      mapfile -t waiting < <(printf '%s\n' "${waiting[@]}" | grep -vxF "$stage")
    done
    wait -n -p pid "${!running[@]}"
    report "${running[$pid]}"
    unset "running[$pid]"
  done
}

run_test() {
  local stages=() summary=() failed_stages=() stage groups=(base) begin=$SECONDS
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
  if [[ " ${stages[*]} " == *' python '* ]]; then python_environment >build/log/python-environment.txt 2>&1 & fi
  run_stages "${stages[@]}"
  printf '\n%s\n%-10s %5d s\n\n' "$(printf '%s\n' "${summary[@]}")" total $((SECONDS - begin))
  local counted=0
  if [[ -n $(find build/results -name '*.xml') ]]; then python3 tools/dev/count_tests.py build/results || counted=1; fi
  ((${#failed_stages[@]} == 0)) || die "failed: ${failed_stages[*]}"
  return $counted
}
