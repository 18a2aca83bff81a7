#!/usr/bin/env bash
# demo.sh TOPKIT [PROMPT]: the demos of the program, then the two commands of every day, each shown before it runs.
set -euo pipefail
topkit=$1
shift
PATH=$(cd "$(dirname "$topkit")" && pwd):$PATH

show() { printf '\n$ %s\n' "$1"; bash -euo pipefail -c "$1"; }

topkit demo text "$@"
show 'topkit demo words violin volcano'
show 'head -c 4096 LICENSE | topkit topk - --dtype u8 --shape 4x1024 -k 5'
show 'topkit explain 32x50304 -k 50'
