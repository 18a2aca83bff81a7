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

# Sources are known to ccache by their place in the tree, so that every clone of it shares what one has compiled.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

# configure PRESET: makes build/PRESET (CMakePresets.json).
configure() {
  local preset=$1 nvcc log
  nvcc=$(cuda_compiler)
  if [[ -n $nvcc ]]; then export CUDACXX=${CUDACXX:-$nvcc}; fi
  mkdir -p build
  log=build/configure-$preset.log
  cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; die "cmake --preset $preset failed"; }
}

# compile PRESET [TARGET...]: configures build/PRESET and builds the targets, or everything.
compile() {
  local preset=$1
  shift
  configure "$preset"
  cmake --build "build/$preset" -j "$(nproc)" ${1:+--target "$@"}
}

# Every fuzz target, $1 seconds each, as many at a time as there are cores.
fuzz() {
  local targets
  [[ $1 =~ ^[1-9][0-9]*$ ]] || die "fuzz: SECONDS = $1: must be a whole number above 0" 2
  compile asan fuzzers
  targets=(build/asan/bin/fuzz_*)
  [[ -x ${targets[0]} ]] || die "fuzz: no target was built"
  printf '%s\n' "${targets[@]##*/fuzz_}" | xargs -n 1 -P "$(nproc)" bash tools/dev/fuzz_one.sh build/asan/bin "$1"
}
