"""Files stay short enough to read, and none of them knows the machine it was written on."""

import pathlib
import re
import subprocess
import sys

MAX_LINES = 600
TEXT = {".cpp", ".hpp", ".h", ".c", ".cu", ".cuh", ".py", ".sh", ".md", ".txt", ".cmake", ".inc", ".in", ""}
# Folders that exist on somebody's machine only. System folders that every Debian has are fine.
FOREIGN = re.compile(r"(?<![\w.$}\])-])/(?:home|Users|root|work|mnt|workspace|data)/[\w.-]+")
GENERATED = pathlib.Path("docs/guide.md")  # grows with what is measured
DATA = ("bench/results/", "tests/data/", "tests/fuzz/corpus/", "LICENSE")


def findings(path: pathlib.Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []
    found = []
    if path.suffix in TEXT and path != GENERATED and len(lines) > MAX_LINES:
        found.append(f"{path}:1: {len(lines)} lines, {MAX_LINES} at most: one idea a file")
    for number, line in enumerate(lines, 1):
        if match := FOREIGN.search(line):
            found.append(f"{path}:{number}: path of one machine: {match.group()}")
        if path.suffix in TEXT and path.suffix != ".md" and line != line.rstrip():
            found.append(f"{path}:{number}: blanks at the end of the line")
    return found


def main() -> int:
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True)
    paths = [pathlib.Path(p) for p in listing.stdout.splitlines() if not p.startswith(DATA)]
    found = [f for p in paths if p.is_file() and p.resolve() != pathlib.Path(__file__).resolve() for f in findings(p)]
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
