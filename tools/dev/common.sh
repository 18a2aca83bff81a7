# shellcheck shell=bash
# Sourced by ./dev: messages, the build, the list of our sources.

say() { printf 'dev: %s\n' "$1" >&2; }
die() { say "$1"; exit "${2:-1}"; }

# CUDA is found, never installed.
cuda_compiler() {
  local found
  if found=$(command -v nvcc); then echo "$found"; elif [[ -x /usr/local/cuda/bin/nvcc ]]; then echo /usr/local/cuda/bin/nvcc; fi
}

# Our sources: tracked, and new ones that git does not ignore.
sources() {
  local f
  git ls-files -co --exclude-standard -- '*.cpp' '*.hpp' '*.h' '*.c' '*.cu' '*.cuh' | while read -r f; do
    if [[ -f $f ]]; then echo "$f"; fi
  done
}

# compile PRESET [TARGET...]: configures build/PRESET (CMakePresets.json) and builds the targets, or everything.
compile() {
  local preset=$1 nvcc log
  shift
  nvcc=$(cuda_compiler)
  if [[ -n $nvcc ]]; then export CUDACXX=${CUDACXX:-$nvcc}; fi
  mkdir -p build
  log=build/configure-$preset.log
  cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; die "cmake --preset $preset failed"; }
  cmake --build "build/$preset" -j "$(nproc)" ${1:+--target "$@"}
}

# Every fuzz target, $1 seconds each, from its committed corpus. What it finds more goes to build/corpus.
fuzz() {
  local seconds=$1 target name folders
  compile asan fuzzers
  for target in build/asan/bin/fuzz_*; do
    [[ -x $target ]] || die "fuzz: no target was built"
    name=${target##*/fuzz_}
    folders=("build/corpus/$name")
    mkdir -p "${folders[0]}"
    if [[ -d tests/fuzz/corpus/$name ]]; then folders+=("tests/fuzz/corpus/$name"); fi
    say "fuzz $name: $seconds s"
    "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="build/corpus/$name-" "${folders[@]}"
  done
}
