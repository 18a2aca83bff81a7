#!/usr/bin/env bash
# tidy.sh BUILD: clang-tidy (.clang-tidy) over our translation units of src, cli and bench in BUILD/compile_commands.json.
set -euo pipefail
build=$1
mapfile -t files < <(git ls-files 'src/*.cpp' 'cli/*.cpp' 'bench/*.cpp')
python3 - "$build/compile_commands.json" "${files[@]}" <<'PY' | xargs -r -n 1 -P "$(nproc)" clang-tidy-14 --quiet -p "$build" 2>/dev/null
import json, os, sys
known = {os.path.relpath(c["file"]) for c in json.load(open(sys.argv[1]))}
print("\n".join(f for f in sys.argv[2:] if f in known))
PY
