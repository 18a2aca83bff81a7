# shellcheck shell=bash
# Sourced by ./dev: what a fresh Debian 12 or Ubuntu 22.04/24.04 lacks is installed with apt. a|b: the first that apt knows.

packages_of() {
  case $1 in
    base) echo "git ca-certificates python3 cmake ninja-build ccache pkg-config g++ libc6-dev libfmt-dev libcli11-dev
      nlohmann-json3-dev libdlpack-dev libtbb-dev libgtest-dev libgmock-dev librapidcheck-dev" ;;
    demo) echo wordnet-base ;;
    check) echo "clang-14 libclang-rt-14-dev|libclang-common-14-dev llvm-14 clang-format-14 clang-tidy-14 shellcheck" ;;
    python) echo "python3-venv python3-dev" ;;
    aarch64) echo "qemu-user g++-aarch64-linux-gnu googletest" ;;
  esac
}

installed() { [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }

# need GROUP...: installs what is missing of the groups, and says what.
need() {
  local group choice missing=()
  if ! command -v dpkg-query >/dev/null; then
    command -v cmake >/dev/null && command -v ninja >/dev/null && return
    die "not a Debian or Ubuntu: install what these Debian packages hold: $(for group in "$@"; do packages_of "$group"; done | xargs)"
  fi
  for group in "$@"; do
    for choice in $(packages_of "$group"); do
      [[ " ${missing[*]} " == *" $choice "* ]] || one_of_is_installed "$choice" || missing+=("$choice")
    done
  done
  if ((${#missing[@]} > 0)); then install_packages "${missing[@]}"; fi
  modern_tools
}

one_of_is_installed() {
  local name
  for name in ${1//|/ }; do
    if installed "$name"; then return 0; fi
  done
  return 1
}

install_packages() {
  local choice name known root=() names=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "missing packages ($*): run as root or install sudo"
    root=(sudo)
  fi
  say "apt-get update"
  "${root[@]}" apt-get update -qq
  # One question for all: in a container image, where apt keeps no cache, each takes seconds.
  known=$(printf '%s\n' "$@" | tr '|' '\n' | xargs apt-cache madison 2>/dev/null | awk '{ print $1 }')
  for choice in "$@"; do
    for name in ${choice//|/ }; do
      if grep -qxF -- "$name" <<<"$known"; then names+=("$name"); break; fi
    done
    [[ ${names[*]: -1} == "$name" ]] || die "apt knows none of: $choice"
  done
  say "installing with apt: ${names[*]}"
  mkdir -p build
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=600 "${names[@]}" </dev/null >build/apt.log 2>&1 ||
    { tail -n 30 build/apt.log >&2; die "apt-get install failed: build/apt.log"; }
}

version_below() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1) != "$2" ]]; }

# Ubuntu 22.04 has CMake 3.22 and g++ 11: g++-12 comes from apt, CMake from pip into .cache.
modern_tools() {
  if [[ -z ${CXX:-} ]] && version_below "$(g++ -dumpversion)" 12; then
    installed g++-12 || install_packages g++-12
    export CC=gcc-12 CXX=g++-12
  fi
  if [[ -x .cache/cmake/bin/cmake ]]; then export PATH=$PWD/.cache/cmake/bin:$PATH; fi
  if version_below "$(cmake --version | sed -n 's/^cmake version //p')" 3.25; then
    installed python3-venv || install_packages python3-venv
    say "installing CMake with pip into .cache/cmake"
    python3 -m venv .cache/cmake
    .cache/cmake/bin/pip install -q 'cmake>=3.25,<4'
    export PATH=$PWD/.cache/cmake/bin:$PATH
  fi
}
