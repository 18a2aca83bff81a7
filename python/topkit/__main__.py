"""`python -m topkit ...` is the command line `topkit ...` (docs/cli.md)."""

import os
import pathlib
import sys


def main() -> int:
    program = pathlib.Path(__file__).parent / "native" / "topkit"
    if not program.exists():
        print(f"topkit: {program} is missing: this installation was built without the command line", file=sys.stderr)
        return 1
    os.execv(program, ["topkit", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
