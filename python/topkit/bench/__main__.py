"""python -m topkit.bench: times topkit and every peer that is here, by turns, and verifies each.

The lines are those of `topkit bench --json`. Exit code: 0 done, 1 an answer was wrong, 2 wrong usage, 130 interrupted
(what was measured is kept).
"""

import argparse
import json
import pathlib
import sys
import time

from .. import backends
from .._progress import Progress
from ._measure import Case, cases, measure


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m topkit.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda where torch has one")
    help_of_case = "of bench/cases.json; a trailing * takes all that begin so"
    parser.add_argument("--case", action="append", metavar="NAME", help=help_of_case)
    parser.add_argument("--shape", metavar="ROWSxCOLS", help="in place of cases: one shape, with --dtype and -k")
    parser.add_argument("--dtype", default="f32")
    parser.add_argument("-k", type=int, default=50)
    parser.add_argument("--backend", action="append", metavar="NAME", choices=backends.names(), help="only these (default: all)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="one JSON line a result in place of the table")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="a JSON array of all results, also after Ctrl-C")
    parser.add_argument("--commit", default="", help="recorded in the results")
    chosen = parser.parse_args(arguments)
    chosen.device = chosen.device or ("cuda" if backends._base.cuda_missing() is None else "cpu")
    if chosen.rounds < 1:
        parser.error(f"--rounds {chosen.rounds}: must be at least 1")
    if chosen.shape:
        rows, _, cols = chosen.shape.partition("x")
        if not (rows.isdigit() and cols.isdigit()):
            parser.error(f"--shape {chosen.shape}: must be ROWSxCOLS")
        name = f"{chosen.device}-{chosen.dtype}-{chosen.shape}-{chosen.k}"
        chosen.cases = [Case(name, chosen.device, chosen.dtype, int(rows), int(cols), chosen.k)]
    else:
        try:
            chosen.cases = cases(chosen.device, chosen.case)
        except LookupError as problem:
            parser.error(str(problem))
    return chosen


def table_line(line: dict, ours: dict) -> str:
    cold = f"{line['cold_us']:>10.2f}" if line["cold_us"] is not None else f"{'-':>10}"
    ratio = f"{line['hot_us'] / ours['hot_us']:>7.2f}x" if ours else f"{'-':>8}"
    who = line["peer"] + (":" + line["algorithm"] if line["algorithm"] else "")
    return f"{line['case']:<30} {who:<28} {line['hot_us']:>10.2f} {cold} {ratio} {'yes' if line['verified'] else 'NO'}"


def main(arguments: list[str]) -> int:
    chosen = parse(arguments)
    if chosen.device == "cuda":
        from ._cuda_timer import CudaTimer as Timer, machine
    else:
        from ._cpu_timer import CpuTimer as Timer, machine
    names = chosen.backend or [name for name in backends.names() if ":" not in name]
    origin = {"machine": machine(), "date": time.strftime("%Y-%m-%d"), "commit": chosen.commit}
    timer, progress, results, code = Timer(), Progress(), [], 0
    if not chosen.json:
        print(f"{'case':<30} {'who':<28} {'hot us':>10} {'cold us':>10} {'/topkit':>8} exact")
    try:
        for i, case in enumerate(chosen.cases):
            lines: list[dict] = []

            def tick(round: int) -> None:
                progress.show(i * chosen.rounds + round, len(chosen.cases) * chosen.rounds, case.name)

            for line in measure(case, names, timer, chosen.rounds, origin, tick):
                progress.clear()
                lines.append(line)
                results.append(line)
                ours = next((line for line in lines if line["peer"] == "topkit"), {})
                print(json.dumps(line) if chosen.json else table_line(line, ours), flush=True)
    except KeyboardInterrupt:
        progress.clear()
        print("interrupted: what was measured is kept", file=sys.stderr)
        code = 130
    if chosen.output is not None:
        chosen.output.write_text("[\n" + ",\n".join(json.dumps(line) for line in results) + "\n]\n")
    return code or int(not all(line["verified"] for line in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
