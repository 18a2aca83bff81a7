#!/usr/bin/env bash
# All static checks; every one runs, any finding fails. `run.sh NAME...` runs only the named ones.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tools/dev/common.sh

check_format() { sources | xargs clang-format-14 --dry-run -Werror; }
check_files() { python3 tools/lint/check_files.py; }
check_links() { python3 tools/lint/check_links.py; }
check_shell() { git ls-files '*.sh' | xargs shellcheck -x dev .ci/run; }
check_tidy() { bash tools/lint/tidy.sh build/lint; }

checks=("$@")
if ((${#checks[@]} == 0)); then checks=(files links shell format tidy); fi
failed=()
for check in "${checks[@]}"; do
  start=$SECONDS
  if "check_$check"; then verdict=ok; else verdict=FAILED; failed+=("$check"); fi
  echo "lint $check: $verdict, $((SECONDS - start)) s"
done
((${#failed[@]} == 0)) || die "lint failed: ${failed[*]}"
