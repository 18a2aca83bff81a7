#!/usr/bin/env python3
"""Holds what ptxas says of every kernel against tools/ptxas_budget.json: registers, stack, static shared memory; no spills.

    python3 tools/ptxas_budget.py BUILD            exit code 1 when a kernel exceeds its line, 77 when nothing was built
    python3 tools/ptxas_budget.py BUILD --update   rewrites the budget from the build; the diff is what a reviewer reads

BUILD is a build folder: tools/ptxas_log left one NAME.cu.o.ptxas beside every object. Registers count in the hardware's
units of 8. The budget is for the architectures of a developer's build; spills are looked for in all.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

BUDGET = pathlib.Path(__file__).resolve().parent / "ptxas_budget.json"
NOTHING_BUILT = 77
BUDGETED = ("sm_80", "sm_90a")
ANY = "*"  # the line of kernels that have none yet
FIELDS = ("registers", "stack", "shared")


def demangle(names):
    names = list(names)
    result = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True)
    return dict(zip(names, result.stdout.splitlines()))


def short(name):
    """topkit::cuda::(anonymous namespace)::kernel<A, 4>(Args) -> kernel<A, 4>"""
    name = name.replace("(anonymous namespace)::", "").removeprefix("void ")
    name = re.sub(r"\b(?:topkit|cuda|std)::", "", name)
    depth = 0
    for i, c in enumerate(name):
        depth += (c == "<") - (c == ">")
        if c == "(" and depth == 0:
            return name[:i]
    return name


def parse(text):
    """Mangled kernel -> the largest of every field, over the architectures of one log; spills of any function with it."""
    kernels, kernel, budgeted = {}, None, False
    for line in text.splitlines():
        if match := re.search(r"Compiling entry function '(\S+)' for '(\w+)'", line):
            kernel = kernels.setdefault(match[1], dict.fromkeys((*FIELDS, "spills"), 0))
            budgeted = match[2] in BUDGETED
        elif kernel is None:
            continue
        elif match := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            kernel["stack"] = max(kernel["stack"], int(match[1]) if budgeted else 0)
            kernel["spills"] = max(kernel["spills"], int(match[2]) + int(match[3]))
        elif budgeted and (match := re.search(r"Used (\d+) registers", line)):
            kernel["registers"] = max(kernel["registers"], -(-int(match[1]) // 8) * 8)
            if match := re.search(r"(\d+) bytes smem", line):
                kernel["shared"] = max(kernel["shared"], int(match[1]))
    return kernels


def read(build):
    kernels = {}
    for log in sorted(pathlib.Path(build).rglob("*.cu.o.ptxas")):
        if log.with_suffix("").exists():  # else the log of a source that is gone
            kernels.update(parse(log.read_text()))
    names = demangle(kernels)
    return {short(names[mangled]): use for mangled, use in kernels.items()}


def complaints(kernels, budget):
    for name, use in sorted(kernels.items()):
        if use["spills"]:
            yield f"{name}: {use['spills']} bytes spilled; none are allowed"
        for field, most in zip(FIELDS, budget.get(name, budget[ANY])):
            if use[field] > most:
                yield f"{name}: {use[field]} {field}, the budget is {most}" + (
                    "" if name in budget else f" for a kernel without a line of its own (\"{ANY}\")")


def write(kernels):
    budget = {ANY: json.loads(BUDGET.read_text())[ANY], **{n: [use[f] for f in FIELDS] for n, use in sorted(kernels.items())}}
    lines = [f"  {json.dumps(name)}: {json.dumps(most)}" for name, most in budget.items()]
    BUDGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    kernels = read(arguments.build)
    if not kernels:
        print(f"no kernel was built in {arguments.build}")
        return NOTHING_BUILT
    if arguments.update:
        write(kernels)
    wrong = list(complaints(kernels, json.loads(BUDGET.read_text())))
    print("\n".join(wrong) if wrong else f"{len(kernels)} kernels within their budget, no spills")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
