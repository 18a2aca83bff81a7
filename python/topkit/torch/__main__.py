"""python -m topkit.torch [--report] script.py [ARGS]: runs the script with torch.topk on topkit.

--report   prints where the calls went, on standard error, when the script ends.
-m MODULE  in place of script.py runs a module.

Exit code: the script's own; 2 when there is none to run.
"""

import importlib.util
import os
import runpy
import sys


def missing(arguments: list[str]) -> str | None:
    """Why there is nothing to run."""
    if arguments[0] == "-m":
        if len(arguments) < 2:
            return "-m: MODULE is missing"
        try:
            found = importlib.util.find_spec(arguments[1])
        except (ImportError, ValueError):  # of a package before the last dot
            found = None
        return None if found is not None else f"-m {arguments[1]}: there is no such module"
    if arguments[0].startswith("-"):
        return f"{arguments[0]}: no such option (--report, -m MODULE)"
    return None if os.path.exists(arguments[0]) else f"{arguments[0]}: there is no such file"


def main(arguments: list[str]) -> int:
    wants_report = arguments[:1] == ["--report"]
    arguments = arguments[wants_report:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__.strip(), file=sys.stderr if not arguments else sys.stdout)
        return 0 if arguments else 2
    if (why := missing(arguments)) is not None:
        print(f"python -m topkit.torch: {why}", file=sys.stderr)
        return 2
    from topkit.torch import accelerate, report

    with accelerate():
        try:
            if arguments[0] == "-m":
                sys.argv = arguments[1:]
                runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
            else:
                sys.argv = arguments
                sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
                runpy.run_path(arguments[0], run_name="__main__")
        finally:
            if wants_report:
                print(report(), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
