#!/usr/bin/env python3
"""Writes the measured tables of README.md from bench/results: between <!-- NAME-table --> and <!-- /NAME-table -->.

    python3 tools/readme_table.py           rewrites README.md
    python3 tools/readme_table.py --check   exit code 1 when README.md does not show what the files say
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLES = {"cpu": "bench/results/cpu.json", "h200": "bench/results/h200.json"}


def number(us):
    return f"{us:.1f}" if us < 1000 else f"{us:,.0f}".replace(",", " ")


def times(peer, own):
    ratio = peer / own
    return f"{ratio:.1f}x" if ratio < 10 else f"{ratio:.0f}x"


def group_by_case(results):
    """Case name -> peer -> result, of the random input and the one-thread runs."""
    cases = {}
    for result in results:
        if result["distribution"] == "normal" and result["threads"] == 1:
            cases.setdefault(result["case"], {})[result["peer"]] = result
    return cases


def speed_up(peers, name):
    """How many times slower the peer was, by the run both were in."""
    for peer, result in peers.items():
        if peer.split()[0] == name:
            return times(result["hot_us"], result.get("topkit_us", peers["topkit"]["hot_us"]))
    return ""


def describe(result):
    text = f"{result['rows']} x {result['cols']}, {result['k']}"
    if result["order"] != "value":
        text += f", {result['order']} order"
    return text + (" (in L2)" if result.get("cache") == "l2" else "")


def table(results):
    cases = {name: peers for name, peers in group_by_case(results).items() if "topkit" in peers}
    known = {peer.split()[0]: peer for peers in cases.values() for peer in peers if peer not in ("topkit", "floor")}
    lines = [
        "| type | rows x cols, k | topkit us | x floor | " + " | ".join(known.values()) + " |",
        "|---|---|---:|---:|" + "---:|" * len(known),
    ]
    for peers in cases.values():
        own = peers["topkit"]
        cells = [own["dtype"], describe(own), number(own["hot_us"]), f"{own['hot_us'] / own['floor_us']:.2f}"]
        lines.append("| " + " | ".join(cells + [speed_up(peers, peer) for peer in known]) + " |")
    origin = next(iter(cases.values()))["topkit"]
    lines.append("")
    lines.append(f"{origin['machine']}; {origin['date']}, commit {origin['commit']}.")
    return "\n".join(lines)


def rewritten(text):
    for name, path in TABLES.items():
        if (ROOT / path).exists():
            body = table(json.loads((ROOT / path).read_text()))
            pattern = re.compile(rf"(<!-- {name}-table -->\n).*?(<!-- /{name}-table -->)", re.DOTALL)
            text, count = pattern.subn(lambda match, body=body: match[1] + body + "\n" + match[2], text)
            if count == 0:
                sys.exit(f"README.md: no <!-- {name}-table --> ... <!-- /{name}-table --> for {path}")
    return text


def main():
    readme = ROOT / "README.md"
    old = readme.read_text()
    new = rewritten(old)
    if "--check" in sys.argv[1:]:
        if new != old:
            sys.exit("README.md: a table differs from bench/results; run python3 tools/readme_table.py")
    elif new != old:
        readme.write_text(new)


if __name__ == "__main__":
    main()
