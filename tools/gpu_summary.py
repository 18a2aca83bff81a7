#!/usr/bin/env python3
"""How topkit stands on a GPU, losses first: each case against its targets, the best peer that sorts, the best of any order
and torch, then the geometric means. Ratios are rival / topkit: under 1 the rival is faster.

    python3 tools/gpu_summary.py bench/results/h200.json
    python3 tools/gpu_summary.py native.jsonl --heat cold
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from gpu_results import geometric_mean, read, rows  # noqa: E402

GOALS = [  # name, least geometric mean, least of a row
    ("torch", 14, 4.5),
    ("best sorted", 4.9, 1.1),
    ("best any", 2.6, None),
]


def ratios(row, heat):
    best = {"torch": row.rival("torch"), "best sorted": row.best(ordered=True, heat=heat), "best any": row.best(heat=heat)}
    return {name: (getattr(r, heat), r.name) if r and getattr(r, heat) else None for name, r in best.items()}


def cell(pair):
    return f"{pair[0]:6.2f} {pair[1][:18]:<18}" if pair else f"{'-':>6} {'':<18}"


def line(row, heat):
    own, found = row.own, ratios(row, heat)
    target = row.over_target(heat)
    floor = own.get("floor_us") if heat == "hot" else own.get("floor_cold_us")
    return (
        f"{row.case:<30} {own['algorithm']:<8} {own[f'{heat}_us'] or 0:9.2f} {floor or 0:8.2f} "
        f"{f'{target:6.2f}' if target else '     -'}  {cell(found['torch'])} {cell(found['best sorted'])} {cell(found['best any'])}"
        f"{'' if own['verified'] else '  NOT EXACT'}"
    )


def loss(row, heat):
    """Small is bad: the worst of the ratios to what it should beat."""
    found = ratios(row, heat)
    parts = [pair[0] / goal for (name, _, goal), pair in zip(GOALS, found.values()) if pair and goal]
    target = row.over_target(heat)
    return min(parts + ([1.1 / target] if target else []), default=1)


def summary(found, heat):
    lines = [f"{'case':<30} {'chosen':<8} {heat + ' us':>9} {'floor':>8} {'/tgt':>6}  {'torch':<25} {'best sorted':<25} best any order"]
    lines += [line(row, heat) for row in sorted(found, key=lambda row: loss(row, heat))]
    lines.append("")
    for name, mean_goal, row_goal in GOALS:
        of_rows = [pair[0] for row in found if (pair := ratios(row, heat)[name])]
        if of_rows:
            mean = geometric_mean(of_rows)
            lines.append(
                f"{name} / topkit, {heat}: geometric mean {mean:.2f} over {len(of_rows)} cases (goal {mean_goal}), "
                f"least {min(of_rows):.2f}{f' (goal {row_goal})' if row_goal else ''}"
            )
    targets = [t for row in found if (t := row.over_target(heat))]
    if targets:
        above = sum(t > 1.35 for t in targets)
        lines.append(
            f"topkit / target, {heat}: geometric mean {geometric_mean(targets):.2f} over {len(targets)} cases (goal 1.1), "
            f"greatest {max(targets):.2f} (goal 1.35), {above} cases above"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=pathlib.Path, nargs="+", help="files of topkit bench --json or of the scripts of bench/peers")
    parser.add_argument("--heat", choices=["hot", "cold", "both"], default="both")
    parser.add_argument("--distribution", default="normal")
    arguments = parser.parse_args()
    results = []
    for path in arguments.results:
        try:
            header, more = read(path)
        except (OSError, ValueError) as error:
            sys.exit(str(error))
        results += more
        print(f"{path}: {header.get('machine', more[0].get('machine', ''))}, {header.get('date', '')}, commit {header.get('commit', '')}")
    found = rows(results, arguments.distribution)
    if not found:
        sys.exit(f"no result of topkit on CUDA with the distribution {arguments.distribution}")
    for heat in ("hot", "cold") if arguments.heat == "both" else (arguments.heat,):
        print("\n" + summary(found, heat))


if __name__ == "__main__":
    main()
