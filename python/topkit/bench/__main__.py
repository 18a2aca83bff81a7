"""python -m topkit.bench: times topkit and every peer that is here, by turns, and verifies each.

The lines are those of `topkit bench --json`; what is not measured, and why, is said on standard error. A peer that raises
leaves that case, and the run goes on.

Exit code: 0 done; 1 topkit failed, a case could not be measured, or an answer was wrong of somebody who says he is exact;
2 wrong usage; 130 interrupted. Whatever the end, the file of -o or --resume holds what was measured.
"""

import argparse
import json
import pathlib
import sys
import time

from .. import backends
from .._call import DTYPES, dtype_name
from .._progress import Progress
from ._cases import SUITES, Case, cases
from ._measure import DeviceLost, measure
from ._notes import Notes
from ._output import Output


def parse(arguments: list[str]) -> argparse.Namespace:
    about, _, more = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m topkit.bench", description=about, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda where torch has one")
    help_of_case = "of bench/cases.json; a trailing * takes all that begin so"
    parser.add_argument("--case", action="append", metavar="NAME", help=help_of_case)
    parser.add_argument("--suite", choices=SUITES, default="all", help="of the cases those of a suite")
    parser.add_argument("--shape", metavar="ROWSxCOLS", help="in place of cases: one shape, with --dtype and -k")
    parser.add_argument("--dtype", default="f32")
    parser.add_argument("-k", type=int, default=50)
    parser.add_argument("--backend", action="append", metavar="NAME", choices=backends.names(), help="only these (default: all)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--minutes", type=float, help="begin no case after so long")
    parser.add_argument("--json", action="store_true", help="one JSON line a result in place of the table")
    file = parser.add_mutually_exclusive_group()
    help_of_resume = "as -o, and what the file holds is not repeated"
    file.add_argument("-o", "--output", type=pathlib.Path, metavar="FILE", help="a JSON array of all results, kept after every case")
    file.add_argument("--resume", type=pathlib.Path, metavar="FILE", help=help_of_resume)
    parser.add_argument("--commit", default="", help="recorded in the results")
    chosen = parser.parse_args(arguments)
    chosen.device = chosen.device or ("cuda" if backends._base.cuda_missing() is None else "cpu")
    if chosen.device == "cuda" and (why := backends._base.cuda_missing()) is not None:
        parser.error(f"--device cuda: {why}")
    if chosen.rounds < 1:
        parser.error(f"--rounds {chosen.rounds}: must be at least 1")
    if chosen.minutes is not None and not chosen.minutes > 0:
        parser.error(f"--minutes {chosen.minutes}: must be above 0")
    if chosen.shape:
        rows, _, cols = chosen.shape.partition("x")
        if not (rows.isdecimal() and cols.isdecimal()):
            parser.error(f"--shape {chosen.shape}: must be ROWSxCOLS")
        if dtype_name(chosen.dtype) not in DTYPES:
            parser.error(f"--dtype {chosen.dtype}: must be one of {', '.join(DTYPES)}, or short as f32")
        if not 1 <= chosen.k <= int(cols):
            parser.error(f"-k {chosen.k}: must be in 1..{cols}, the columns")
        name = f"{chosen.device}-{chosen.dtype}-{chosen.shape}-{chosen.k}"
        chosen.cases = [Case(name, chosen.device, chosen.dtype, int(rows), int(cols), chosen.k)]
    else:
        try:
            chosen.cases = cases(chosen.device, chosen.case, chosen.suite)
        except LookupError as problem:
            parser.error(str(problem))
    path = chosen.output or chosen.resume
    try:
        chosen.output = Output(path)
        if chosen.resume:
            chosen.output.resume(origin_of(chosen))
    except (OSError, ValueError) as problem:
        parser.error(f"{'--resume' if chosen.resume else '-o'} {path}: {getattr(problem, 'strerror', None) or problem}")
    return chosen


def origin_of(chosen: argparse.Namespace) -> dict:
    if chosen.device == "cuda":
        from ._cuda_timer import machine
    else:
        from ._cpu_timer import machine
    return {"machine": machine(), "date": time.strftime("%Y-%m-%d"), "commit": chosen.commit}


def table_line(line: dict, ours: dict) -> str:
    cold = f"{line['cold_us']:>10.2f}" if line["cold_us"] is not None else f"{'-':>10}"
    ratio = f"{line['hot_us'] / ours['hot_us']:>7.2f}x" if ours else f"{'-':>8}"
    who = line["peer"] + (":" + line["algorithm"] if line["algorithm"] else "")
    return f"{line['case']:<30} {who:<28} {line['hot_us']:>10.2f} {cold} {ratio} {'yes' if line['verified'] else 'NO'}"


def promised_but_wrong(line: dict) -> bool:
    name = line["peer"].partition(" ")[0]
    return not line["verified"] and (name not in backends.names() or backends.get(name).exact)


def measure_all(chosen: argparse.Namespace, progress: Progress, notes: Notes) -> None:
    if chosen.device == "cuda":
        from ._cuda_timer import CudaTimer as Timer
    else:
        from ._cpu_timer import CpuTimer as Timer
    names = list(dict.fromkeys(chosen.backend or [name for name in backends.names() if ":" not in name]))
    timer, output, origin, begin = Timer(), chosen.output, origin_of(chosen), time.monotonic()
    left = [case for case in chosen.cases if not output.has(case.name)]
    if len(left) < len(chosen.cases):
        notes.say(f"{output.path} has {len(chosen.cases) - len(left)} of these cases; whoever was measured then, they are not repeated")
        notes.broken += [f"{line['case']}: {line['peer']} is wrong" for line in output.results if promised_but_wrong(line)]
    if not chosen.json:
        print(f"{'case':<30} {'who':<28} {'hot us':>10} {'cold us':>10} {'/topkit':>8} exact")
    for i, case in enumerate(left):
        if chosen.minutes is not None and time.monotonic() - begin > 60 * chosen.minutes:
            notes.say(f"{chosen.minutes:g} minutes are over: {len(left) - i} cases were not measured")
            return
        ours: dict = {}

        def tick(round: int) -> None:
            progress.show(i * chosen.rounds + round, len(left) * chosen.rounds, case.name)

        for line in measure(case, names, timer, chosen.rounds, origin, notes, tick):
            progress.clear()
            output.results.append(line)
            ours = ours or (line if line["peer"] == "topkit" else {})
            print(json.dumps(line) if chosen.json else table_line(line, ours), flush=True)
        output.keep()


def main(arguments: list[str]) -> int:
    chosen = parse(arguments)
    progress = Progress()

    def say(line: str) -> None:
        progress.clear()
        print(line, file=sys.stderr, flush=True)

    notes, complete = Notes(say), False
    try:
        measure_all(chosen, progress, notes)
        complete = True
    except KeyboardInterrupt:
        say("interrupted: what was measured is kept")
        return 130
    except DeviceLost as problem:
        say(str(problem))
        return 1
    finally:  # whatever else comes, too
        chosen.output.close(complete)
    if notes.broken:
        say("; ".join(notes.broken))
    return int(bool(notes.broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
