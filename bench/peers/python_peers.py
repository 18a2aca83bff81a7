#!/usr/bin/env python3
"""torch.topk and numpy.argpartition beside topkit, in one process, on the CPU cases of cases.json.

Everybody has one thread and takes turns in every round; topkit is called through its C interface with ctypes, so each
ratio is formed from neighbouring samples. Needs numpy; torch is measured where it can be imported.

    topkit bench --json --commit $(git rev-parse --short HEAD) > native.jsonl
    python3 bench/peers/python_peers.py --lib build/release/lib/libtopkit.so --join native.jsonl -o bench/results/cpu.json
"""

import argparse
import ctypes
import json
import os
import pathlib
import statistics
import sys
import time

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  (reads the variables above when it is loaded)
from topkit_ctypes import DTYPES, Library, read_lines, tensor, write_array  # noqa: E402

try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None

POOL_BYTES = 16 << 20
SAMPLE_NS = 2_000_000  # a sample repeats a call until it takes about this long
LEAST_SHARE = 0.975  # of a core, or the thread was preempted and the sample does not count


class Topkit:
    def __init__(self, path):
        self.library = Library(path)

    def caller(self, case, inputs, values, indices):
        code, bits = DTYPES[case["dtype"]]
        options = self.library.options(case.get("order", "value"), threads=1)
        out = tensor(values.ctypes.data, values.shape, code, bits)
        places = tensor(indices.ctypes.data, indices.shape, 0, 64)
        k = ctypes.c_int64(case["k"])
        keep = [tensor(x.ctypes.data, x.shape, code, bits) for x in inputs]
        calls = [(ctypes.byref(x), k, ctypes.byref(options), ctypes.byref(out), ctypes.byref(places), None, None) for x in keep]
        self.keep = keep, options, out, places
        function, check = self.library.lib.tk_topk, self.library.check

        def run(i):
            check(function(*calls[i]))
            return values, indices

        return run


def torch_caller(case, inputs):
    tensors = [torch.from_numpy(x) for x in inputs]
    if case["dtype"] == "bf16":
        tensors = [x.view(torch.bfloat16) for x in tensors]
    k, ordered = case["k"], case.get("order", "value") == "value"

    def run(i):
        values, indices = torch.topk(tensors[i], k, dim=-1, sorted=ordered)
        return (values.view(torch.int16) if case["dtype"] == "bf16" else values).numpy(), indices.numpy()

    return run


def numpy_caller(case, inputs):
    k, cols, ordered = case["k"], case["cols"], case.get("order", "value") == "value"

    def run(i):
        x = inputs[i]
        indices = np.argpartition(x, cols - k, axis=-1)[..., cols - k :]
        values = np.take_along_axis(x, indices, axis=-1)
        if not ordered:
            return values, indices
        order = np.argsort(-values, axis=-1, kind="stable")
        return np.take_along_axis(values, order, axis=-1), np.take_along_axis(indices, order, axis=-1)

    return run


def make_inputs(case):
    """Copies that take turns, as topkit bench has them: L3-sized pools, or two copies that stay in L2."""
    rows, cols = case["rows"], case["cols"]
    size = rows * cols * DTYPES[case["dtype"]][1] // 8
    copies = 2 if case.get("cache") == "l2" else max(1, -(-POOL_BYTES // size))
    random = np.random.default_rng(1)
    inputs = []
    for _ in range(min(copies, 256)):
        x = random.standard_normal((rows, cols), dtype=np.float32)
        if case["dtype"] == "f16":
            x = x.astype(np.float16)
        elif case["dtype"] == "bf16":
            x = (x.view(np.uint32) >> 16).astype(np.uint16).view(np.int16)
        inputs.append(x)
    return inputs


def numbers(case, raw):
    return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32) if case["dtype"] == "bf16" else raw


def exact(case, run, inputs):
    """The winners' values are right. Which of equal values wins is topkit's promise; its own tests hold it to that."""
    for i, x in enumerate(inputs):
        values, indices = run(i)
        wanted = -np.sort(-numbers(case, x).astype(np.float32), axis=-1)[..., : case["k"]]
        got = numbers(case, np.ascontiguousarray(values)).astype(np.float32)
        taken = numbers(case, np.take_along_axis(x, indices.astype(np.int64), axis=-1)).astype(np.float32)
        if case.get("order", "value") == "any":
            got, taken = -np.sort(-got, axis=-1), -np.sort(-taken, axis=-1)
        if not (np.array_equal(got, wanted) and np.array_equal(taken, wanted)):
            return False
    return True


class Sampler:
    def __init__(self, run, copies):
        self.run, self.copies, self.calls, self.next = run, copies, 1, 0

    def once_us(self):
        run, copies, place = self.run, self.copies, self.next
        cpu, wall = time.thread_time_ns(), time.perf_counter_ns()
        for _ in range(self.calls):
            run(place)
            place = place + 1 if place + 1 < copies else 0
        wall, cpu = time.perf_counter_ns() - wall, time.thread_time_ns() - cpu
        self.next = place
        if wall > 100_000 and cpu < LEAST_SHARE * wall:
            return None
        each = wall / self.calls
        self.calls = int(min(4096, max(1, SAMPLE_NS // max(each, 1))))
        return each / 1000

    def sample_us(self):
        for _ in range(8):
            us = self.once_us()
            if us is not None:
                return us
        return None


def measure(case, topkit, rounds):
    inputs = make_inputs(case)
    shape = (case["rows"], case["k"])
    values, indices = np.empty(shape, inputs[0].dtype), np.empty(shape, np.int64)
    runs = {"topkit": topkit.caller(case, inputs, values, indices)}
    if torch is not None:
        runs[f"torch {torch.__version__.split('+')[0]}"] = torch_caller(case, inputs)
    if case["dtype"] == "f32":
        runs[f"numpy {np.__version__}"] = numpy_caller(case, inputs)
    samplers = {name: Sampler(run, len(inputs)) for name, run in runs.items()}
    samples = {name: [] for name in runs}
    for sampler in samplers.values():
        sampler.sample_us()
    for _ in range(rounds):
        turn = {name: sampler.sample_us() for name, sampler in samplers.items()}
        if None not in turn.values():
            for name, us in turn.items():
                samples[name].append(us)
    ours = samples["topkit"]
    if not ours:
        print(f"{case['name']}: not measured, every round was disturbed", file=sys.stderr)
    for name in runs:
        if name == "topkit" or not ours:
            continue
        us = samples[name]
        hot = statistics.median(us)
        yield {
            "case": case["name"],
            "op": "topk",
            **{key: case[key] for key in ("dtype", "rows", "cols", "k")},
            "order": case.get("order", "value"),
            "distribution": "normal",
            "device": "cpu",
            "cache": case.get("cache", "l3"),
            "threads": 1,
            "peer": name,
            "algorithm": "",
            "hot_us": round(hot, 3),
            "cold_us": None,
            "mad_us": round(statistics.median(abs(x - hot) for x in us), 3),
            "floor_us": None,
            "topkit_us": round(statistics.median(ours), 3),
            "ratio": round(statistics.median(peer / own for peer, own in zip(us, ours)), 3),
            "verified": exact(case, runs["topkit"], inputs) and exact(case, runs[name], inputs),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lib", required=True, help="libtopkit.so")
    parser.add_argument("--case", action="append", help="only these cases; a trailing * takes all that begin so")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--join", type=pathlib.Path, help="lines of `topkit bench --json` to put before the new ones")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="a JSON array, one result a line; default: lines to stdout")
    arguments = parser.parse_args()

    cases = json.loads((pathlib.Path(__file__).parent.parent / "cases.json").read_text())
    cases = [case for case in cases if case["device"] == "cpu"]
    if arguments.case:
        cases = [c for c in cases if any(c["name"] == p or p[-1] == "*" and c["name"].startswith(p[:-1]) for p in arguments.case)]
    native = read_lines(arguments.join) if arguments.join else []
    origin = {key: native[0][key] for key in ("machine", "date", "commit")} if native else {}
    topkit = Topkit(arguments.lib)
    results = list(native)
    for case in cases:
        for line in measure(case, topkit, arguments.rounds):
            results.append({**line, **origin})
            if arguments.output is None:
                print(json.dumps(results[-1]), flush=True)
            else:
                print(f"{case['name']}: {line['peer']} / topkit = {line['ratio']}", file=sys.stderr)
    if arguments.output is not None:
        write_array(arguments.output, results)
    return 0 if all(line.get("verified", True) for line in results) else 1


if __name__ == "__main__":
    sys.exit(main())
