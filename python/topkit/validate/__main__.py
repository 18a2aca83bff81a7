"""python -m topkit.validate: every implementation that is here against a stable sort, as a table.

topkit is there as a whole, by each algorithm, and on the CPU by each instruction set. Who refused every case is "untested".

Exit code: 0 all that ran keep what they promise, 1 one does not, 2 wrong usage, 130 interrupted.
"""

import argparse
import sys

from .. import backends
from .._progress import Progress
from ._run import CASES, QUICK, Summary, run


NAME = 24  # columns of a name


def yes(value: bool) -> str:
    return "yes" if value else "no"


def line(summary: Summary) -> str:
    if summary.missing is not None:
        return f"{summary.name:<{NAME}} not here: {summary.missing}"
    verdict = "untested" if not summary.judged else "pass" if summary.promised else "FAIL"
    found = [yes(summary.exact), yes(summary.sorted), "lowest" if summary.lowest else "any", "/".join(sorted(summary.nan)) or "-"]
    exact, ordered, ties, nan = found if summary.judged else "-" * 4
    return (
        f"{summary.name:<{NAME}} {verdict:<8} {summary.passed:>6} {len(summary.failed):>6} {sum(summary.refused.values()):>7} "
        f"{exact:<6} {ordered:<7} {ties:<7} {nan:<8}"
    ).rstrip()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m topkit.validate", description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda where torch has one")
    parser.add_argument("--backend", action="append", choices=backends.names(), metavar="NAME", help="only these")
    parser.add_argument("--quick", action="store_true", help="a sixth of the cases")
    chosen = parser.parse_args(arguments)
    device = chosen.device or ("cuda" if backends._base.cuda_missing() is None else "cpu")
    cases = QUICK if chosen.quick else CASES
    head = f"{'':<{NAME}} {'':<8} {'passed':>6} {'failed':>6} {'refused':>7} {'exact':<6} {'sorted':<7} {'ties':<7} NaN"
    print(f"{head}   ({device}, {len(cases)} cases)")
    broken = False
    progress = Progress()
    try:
        for summary in run(chosen.backend or backends.names(), device, cases, progress.show):
            progress.clear()
            print(line(summary), flush=True)
            for why, count in summary.refused.items():
                print(f"{'':<{NAME}} refused {count}: {why}")
            for words in summary.failed[:3]:
                print(f"{'':<{NAME}} {words}")
            broken |= summary.missing is None and not summary.promised
    except KeyboardInterrupt:
        progress.clear()
        return 130
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
