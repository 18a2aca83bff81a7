#!/usr/bin/env bash
# fuzz_one.sh BIN SECONDS NAME: runs BIN/fuzz_NAME from its committed corpus. What it finds more goes to build/corpus.
set -euo pipefail
bin=$1 seconds=$2 name=$3
folders=("build/corpus/$name")
mkdir -p "${folders[0]}"
if [[ -d tests/fuzz/corpus/$name ]]; then folders+=("tests/fuzz/corpus/$name"); fi
echo "fuzz $name: $seconds s"
"$bin/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="build/corpus/$name-" "${folders[@]}" >"build/corpus/$name.log" 2>&1 ||
  { tail -n 40 "build/corpus/$name.log"; echo "fuzz $name: failed"; exit 1; }
grep -E '^stat::number_of_executed_units|^stat::average' "build/corpus/$name.log" | sed "s/^stat::/fuzz $name: /"
