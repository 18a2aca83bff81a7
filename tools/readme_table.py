#!/usr/bin/env python3
"""Writes the measured tables of README.md and docs/sampling.md from bench/results: between <!-- NAME-table --> and
<!-- /NAME-table -->.

    python3 tools/readme_table.py           rewrites the pages
    python3 tools/readme_table.py --check   exit code 1 when one does not show what the files say
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import gpu_results  # noqa: E402

# The front page has a part of the cases; docs/guide.md has all.
FRONT_PAGE = {c["name"]: c.get("front_page", True) for c in json.loads((ROOT / "bench/cases.json").read_text())}
GPU_FILES = ("h200.json",)  # of bench/results: the first that is there


def number(us):
    return f"{us:.1f}" if us < 1000 else f"{us:,.0f}".replace(",", " ")


def times(peer, own):
    ratio = peer / own
    return f"{ratio:.1f}x" if ratio < 10 else f"{ratio:.0f}x"


def group_by_case(results):
    """Case name -> peer -> result, of the random input and the one-thread runs."""
    cases = {}
    for result in results:
        if result.get("distribution") == "normal" and result["threads"] == 1 and FRONT_PAGE.get(result["case"], True):
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


def pair(hot, cold):
    return f"{number(hot)} / {number(cold)}" if cold else number(hot)


def rival_cell(row):
    """The fastest rival, or who was timed alone: of the others nothing is known then."""
    rival = row.best()
    if rival and len(row.rivals) == 1:
        return f"{rival.name.split()[0]} alone was timed"
    return f"{times(rival.hot, 1)} {rival.name}" if rival else ""


def gpu_table(path):
    header, results = gpu_results.read(path)
    rows = [row for row in gpu_results.rows(results) if FRONT_PAGE.get(row.case, True)]
    torch = next((rival.name for row in rows for rival in row.rivals if rival.name.startswith("torch")), "torch")
    indices = {"i32": "int32", "i64": "int64"}[rows[0].own["index_type"]]
    lines = [
        f"On one {header['gpu']}, sorted, values and {indices} indices; hot: the input in L2, cold: from memory; peers by their hot",
        "times over topkit's, *best peer* in any order, of equal values any:",
        "",
        f"| type | rows x cols, k | topkit us | floor us | of the roof | {torch} | best peer |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        own, torch_rival = row.own, row.rival("torch")
        cells = [
            own["dtype"],
            describe(own),
            pair(own["hot_us"], own["cold_us"]),
            pair(own["floor_us"], own["floor_cold_us"]),
            f"{own['roof_percent']:.0f} %" if "roof_percent" in own else "",
            times(torch_rival.hot, 1) if torch_rival else "",
            rival_cell(row),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    lines.append(
        f"{header['machine']}, {header['roof_gbps'] / 1000:.2f} TB/s measured, an empty kernel {header['empty_kernel_us']:.2f} us; "
        f"{header['date']}, commit {header['commit']}{measured_elsewhere(header, results)}."
    )
    return "\n".join(lines)


def measured_elsewhere(header, results):
    """Whose lines are of another run."""
    ours = header["commit"]
    others = sorted({(result["peer"], result["commit"]) for result in results if result.get("commit", ours) != ours})
    return "".join(f"; {peer} at {commit}, in a run of its own" for peer, commit in others)


def sampling_table(path):
    """The lines of `topkit bench --device cuda --op sample`, and what gpu_sampling_peers.py put behind them."""
    measured = json.loads(path.read_text())
    results = [result for result in measured if result["peer"] == "topkit"]
    peers = {result["case"]: result for result in measured if result["peer"] != "topkit"}
    versions = sorted({" ".join(peer["peer"].split()[:2]) for peer in peers.values()})
    lines = [f"| operation | logits | parameters | us, hot / cold | {', '.join(versions)} |", "|---|---|---|---:|---:|"]
    for result in results:
        peer = peers.get(result["case"])
        parameters = [f"top {result['n']}" if result["n"] else "", f"k = {result['k']}" if result["k"] else ""]
        parameters += [f"p = {result['p']:g}" if result["p"] < 1 else "", "arrays of one a row" if result["by_row"] else ""]
        parameters += ["every row its own"] if "-mixed-" in result["case"] else []
        operation = "topn_logprobs" if result["n"] else "sample"
        speed = times(peer["hot_us"], result["hot_us"]) if peer else ""
        cells = [operation, f"{result['dtype']} {result['rows']} x {result['cols']}", ", ".join(filter(None, parameters)) or "no filter"]
        lines.append("| " + " | ".join([*cells, pair(result["hot_us"], result["cold_us"]), speed]) + " |")
    named = [{**result, "peer": " ".join(result["peer"].split()[:2])} for result in measured]
    where = f"{results[0]['machine']}; {results[0]['date']}, commit {results[0]['commit']}{measured_elsewhere(results[0], named)}"
    lines += ["", f"{where}; every answer compared with the CPU's."]
    return "\n".join(lines)


def tables():
    """Page -> marker -> what stands there, of the files that are there."""
    folder = ROOT / "bench/results"
    found = {}
    pages = {"README.md": found}
    if (folder / "cpu.json").exists():
        found["cpu"] = table(json.loads((folder / "cpu.json").read_text()))
    for name in GPU_FILES:
        if (folder / name).exists():
            found["gpu"] = gpu_table(folder / name)
            break
    for name in GPU_FILES:
        if (folder / "sampling" / name).exists():
            pages["docs/sampling.md"] = {"sampling": sampling_table(folder / "sampling" / name)}
            break
    return pages


def rewritten(page, text, tables_of_page):
    for name, body in tables_of_page.items():
        pattern = re.compile(rf"(<!-- {name}-table -->\n).*?(<!-- /{name}-table -->)", re.DOTALL)
        text, count = pattern.subn(lambda match, body=body: match[1] + body + "\n" + match[2], text)
        if count == 0:
            sys.exit(f"{page}: no <!-- {name}-table --> ... <!-- /{name}-table -->")
    return text


def main():
    for page, tables_of_page in tables().items():
        old = (ROOT / page).read_text()
        new = rewritten(page, old, tables_of_page)
        if "--check" not in sys.argv[1:]:
            (ROOT / page).write_text(new)
        elif new != old:
            sys.exit(f"{page}: a table differs from bench/results; run ./dev docs")


if __name__ == "__main__":
    main()
