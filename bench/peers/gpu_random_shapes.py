#!/usr/bin/env python3
"""torch.topk and topkit on random shapes: what a list of cases does not show.

Rows, columns and k are drawn by their logarithms, a third of the columns from common sizes. Both are captured in CUDA graphs and
timed by turns, hot; values must be torch's. Losses come first. Needs torch on CUDA and the Python package.

    python3 bench/peers/gpu_random_shapes.py --minutes 1 --seed 1 --dtype float32 --dtype bfloat16
"""

import argparse
import collections
import json
import math
import random
import statistics
import time

import topkit
import torch

MOST_ELEMENTS = 48_000_000
COMMON = (1000, 1024, 2048, 4096, 8192, 16384, 32000, 32768, 50257, 50304, 65536, 100000, 128256, 131072, 151936, 262144)
DTYPES = ("float32", "bfloat16", "float16", "float64", "int64", "int32", "uint8")
ROUNDS = 5


def shape():
    """rows, cols, k."""
    while True:
        rows = int(2 ** random.uniform(0, 13))
        cols = random.choice(COMMON) if random.random() < 1 / 3 else int(2 ** random.uniform(5, 21))
        if rows * cols <= MOST_ELEMENTS:
            k = int(2 ** random.uniform(0, 11.5)) if random.random() < 0.8 else int(cols * random.random()) + 1
            return rows, cols, min(k, cols)


def numbers(rows, cols, dtype):
    x = torch.randn(rows, cols, device="cuda")
    if dtype in (torch.int64, torch.int32):
        return (x * 1e6).to(dtype)
    return (x * 30 + 128).clamp(0, 255).to(dtype) if dtype == torch.uint8 else x.to(dtype)


def recorded(call, count):
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(count):
            call()
    graph.replay()
    return graph


def replayed_us(graph):
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    graph.replay()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) * 1000


def measure(dtype_name, rows, cols, k):
    dtype = getattr(torch, dtype_name)
    x = numbers(rows, cols, dtype)
    out = torch.empty(rows, k, dtype=dtype, device="cuda"), torch.empty(rows, k, dtype=torch.int64, device="cuda")
    same = torch.equal(topkit.topk(x, k).values, torch.topk(x, k).values)
    count = 5 if x.numel() > 4_000_000 else 20
    graphs = [recorded(lambda: f(x, k, out=out), count) for f in (topkit.topk, torch.topk)]
    samples = [[replayed_us(graph) / count for graph in graphs] for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(column) for column in zip(*samples))
    plan = dict(line.split(": ", 1) for line in topkit.explain(x, k).splitlines())
    return {
        "dtype": dtype_name,
        "rows": rows,
        "cols": cols,
        "k": k,
        "algorithm": plan["algorithm"],
        "topkit_us": round(ours, 2),
        "torch_us": round(theirs, 2),
        "ratio": round(theirs / ours, 2),
        "verified": same,
    }


def summary(results):
    groups = collections.defaultdict(list)
    for result in results:
        groups[result["algorithm"], result["dtype"]].append(result["ratio"])
    for (algorithm, dtype), ratios in sorted(groups.items()):
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        print(f"{algorithm:10} {dtype:9} {len(ratios):4} shapes: torch / topkit {mean:5.2f} in the geometric mean, {min(ratios):.2f} at least")
    for result in sorted(results, key=lambda result: result["ratio"])[:20]:
        print(json.dumps(result))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dtype", action="append", choices=DTYPES, help="only these; may be repeated")
    parser.add_argument("--json", action="store_true", help="a line a shape")
    chosen = parser.parse_args()
    random.seed(chosen.seed)
    torch.manual_seed(chosen.seed)
    results, end = [], time.monotonic() + 60 * chosen.minutes
    while time.monotonic() < end:
        results.append(measure(random.choice(chosen.dtype or DTYPES), *shape()))
        if chosen.json:
            print(json.dumps(results[-1]), flush=True)
    if not chosen.json:
        summary(results)
    return 0 if all(result["verified"] for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
