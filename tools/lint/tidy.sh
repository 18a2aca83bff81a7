#!/usr/bin/env bash
# tidy.sh BUILD [FILE...]: clang-tidy (.clang-tidy) over FILEs, or over the units of src, cli and bench that
# BUILD/compile_commands.json has. Over all of them the path-sensitive analyzer is left out (it takes most of the time),
# and so are the instruction sets but the first, which compile the same code, and the stand-in, which must use CUDA's
# reserved names.
set -euo pipefail
build=$1
shift
more=()
if (($# == 0)); then
  more=(--checks=-clang-analyzer-*)
  mapfile -t known < <(python3 -c 'import json, os, sys
for entry in json.load(open(sys.argv[1])): print(os.path.relpath(entry["file"]))' "$build/compile_commands.json")
  mapfile -t files < <(git ls-files 'src/*.cpp' 'cli/*.cpp' 'bench/*.cpp' | grep -vE 'isa_(avx2|neon|scalar)|src/cuda/simt/' |
    grep -Fxf <(printf '%s\n' "${known[@]}"))
  set -- "${files[@]}"
fi
printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p "$build" "${more[@]}" 2>/dev/null
