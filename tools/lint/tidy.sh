#!/usr/bin/env bash
# tidy.sh BUILD [FILE...]: clang-tidy (.clang-tidy) over FILEs, or over all units of src, cli and bench in
# BUILD/compile_commands.json. A unit there is all files of a folder, so that their headers are read once. Over all of them
# the path-sensitive analyzer is left out (it takes most of the time), and so are the instruction sets but the first, which
# compile the same code, and the CUDA engine, which must use reserved names.
set -euo pipefail
build=$1
shift
more=()
if (($# == 0)); then
  more=('--checks=-clang-analyzer-*,-bugprone-suspicious-include')  # a unit includes .cpp files
  mapfile -t units < <(python3 -c 'import json, os, sys
for entry in json.load(open(sys.argv[1])): print(os.path.relpath(entry["file"]))' "$build/compile_commands.json" |
    grep -E "^($build/)?(src|cli|bench)/" | grep -vE 'isa_(avx2|neon|scalar)|^src/cuda/')
  set -- "${units[@]}"
fi
printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p "$build" "${more[@]}" 2>/dev/null
