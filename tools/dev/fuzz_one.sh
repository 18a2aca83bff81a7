#!/usr/bin/env bash
# fuzz_one.sh BIN SECONDS NAME: runs BIN/fuzz_NAME from its committed corpus for SECONDS of processor time, so that it tries as
# much on a machine that does other things too. What it finds more goes to build/corpus.
set -euo pipefail
bin=$1 seconds=$2 name=$3
folders=("build/corpus/$name")
mkdir -p "${folders[0]}"
if [[ -d tests/fuzz/corpus/$name ]]; then folders+=("tests/fuzz/corpus/$name"); fi
echo "fuzz $name: $seconds s"
"$bin/fuzz_$name" -max_total_time="$((10 * seconds))" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="build/corpus/$name-" "${folders[@]}" >"build/corpus/$name.log" 2>&1 &
fuzzer=$!
ticks=$((seconds * $(getconf CLK_TCK)))
while read -ra stat 2>/dev/null <"/proc/$fuzzer/stat" && ((stat[13] + stat[14] < ticks)) && [[ ${stat[2]} != Z ]]; do sleep 0.5; done
kill -USR1 "$fuzzer" 2>/dev/null || true  # ends after the input that it tries
wait "$fuzzer" || { tail -n 40 "build/corpus/$name.log"; echo "fuzz $name: failed"; exit 1; }
grep -E '^stat::number_of_executed_units|^stat::average' "build/corpus/$name.log" | sed "s/^stat::/fuzz $name: /"
