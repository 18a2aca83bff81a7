#!/usr/bin/env python3
"""Python's GPU libraries beside topkit, in one process, on the CUDA cases of cases.json.

Everybody is captured in CUDA graphs and takes turns in every round; topkit is called through its C interface with ctypes, so
each ratio is formed from neighbouring samples. Hot: every call on one input. Cold: on copies that the L2 cache cannot hold,
after a flush. Needs torch; flashinfer and quack are measured where they can be imported. topkit writes int64 indices, as
torch does.

    topkit bench --device cuda --json --commit $(git rev-parse --short HEAD) > native.jsonl
    python3 bench/peers/gpu_python_peers.py --lib build/release/lib/libtopkit.so --join native.jsonl -o bench/results/h200.json
"""

import argparse
import ctypes
import json
import pathlib
import statistics
import sys
import time

import torch
from topkit_ctypes import CUDA, DTYPES, Library, read_lines, tensor, write_array

SAMPLE_US = 1000  # a graph repeats the call until it takes about this long
MOST_CALLS = 400
MOST_COPIES = 256
FLOATS = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def dl(x):
    code, bits = (0, 8 * x.element_size()) if not x.is_floating_point() else (4 if x.dtype == torch.bfloat16 else 2, 8 * x.element_size())
    if x.dtype == torch.uint8:
        code = 1
    return tensor(x.data_ptr(), x.shape, code, bits, CUDA)


class Contender:
    """run(x) enqueues on the current stream; result() is what the last run writes: values, indices."""

    def __init__(self, name, run, result, ordered, lower_index_wins=False):
        self.name, self.run, self.result = name, run, result
        self.ordered, self.lower_index_wins = ordered, lower_index_wins


def topkit_contender(library, case, inputs):
    shape = (case["rows"], case["k"])
    values = torch.empty(shape, dtype=inputs.dtype, device="cuda")
    indices = torch.empty(shape, dtype=torch.int64, device="cuda")
    options = library.options(case["order"])
    out, places = dl(values), dl(indices)
    needed = library.workspace_bytes(dl(inputs[0]), case["k"], options, out, places)
    workspace = torch.empty(needed, dtype=torch.uint8, device="cuda")
    scratch = ctypes.byref(dl(workspace)) if needed else None
    k = ctypes.c_int64(case["k"])
    keep = {x.data_ptr(): dl(x) for x in inputs}

    def run(x):
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        x_, options_, out_, places_ = (ctypes.byref(a) for a in (keep[x.data_ptr()], options, out, places))
        library.check(library.lib.tk_topk(x_, k, options_, out_, places_, scratch, stream))

    contender = Contender("topkit", run, lambda: (values, indices), case["order"] == "value", lower_index_wins=True)
    contender.memory = workspace
    return contender


def torch_contender(case, inputs):
    shape = (case["rows"], case["k"])
    values = torch.empty(shape, dtype=inputs.dtype, device="cuda")
    indices = torch.empty(shape, dtype=torch.int64, device="cuda")
    ordered = case["order"] == "value"

    def run(x):
        torch.topk(x, case["k"], dim=-1, sorted=ordered, out=(values, indices))

    return Contender(f"torch {torch.__version__.split('+')[0]}", run, lambda: (values, indices), ordered)


def returning_contender(name, call, ordered):
    """A library that returns new tensors: they come from the graph's own memory."""
    last = []

    def run(x):
        last[:] = call(x)

    return Contender(name, run, lambda: (last[0], last[1]), ordered)


def flashinfer_contenders(case):
    import flashinfer

    version = getattr(flashinfer, "__version__", "")
    for ordered in (False, True) if case["order"] == "value" else (False,):
        name = f"flashinfer-python {version}" + (" sorted" if ordered else "")
        yield returning_contender(name, lambda x, ordered=ordered: flashinfer.top_k(x, case["k"], sorted=ordered), ordered)


def quack_contenders(case):
    cols, k = case["cols"], case["k"]
    if cols > 4096 or cols & (cols - 1) or k > 128 or k & (k - 1):
        return
    from quack.topk import topk_fwd

    yield returning_contender("quack", lambda x: topk_fwd(x, k), True)


def contenders_of(library, case, inputs):
    result = [topkit_contender(library, case, inputs), torch_contender(case, inputs)]
    for module, make in (("flashinfer", flashinfer_contenders), ("quack", quack_contenders)):
        try:
            result += make(case)
        except ImportError:
            pass
        except Exception as failure:  # noqa: BLE001  (a peer that fails is no reason to lose the others)
            print(f"{case['name']}: {module}: {failure}", file=sys.stderr)
    return result


class Graph:
    def __init__(self, graph, calls, result):
        self.graph, self.calls = graph, calls
        self.result = result  # of its last call: a library that returns new tensors has others in every graph


class Timer:
    def __init__(self):
        self.l2 = torch.cuda.get_device_properties(0).L2_cache_size
        self.other = torch.zeros(3 * self.l2 // 4, dtype=torch.float32, device="cuda")
        self.side = torch.cuda.Stream()
        self.start, self.stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def copies(self, case):
        size = case["rows"] * case["cols"] * DTYPES[case["dtype"]][1] // 8
        return max(1, min(MOST_COPIES, -(-3 * self.l2 // size)))

    def capture(self, contender, inputs, calls, cold):
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        with torch.cuda.stream(self.side):  # not torch.cuda.graph: it collects garbage and empties the cache every time
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                for i in range(calls):
                    contender.run(inputs[i % len(inputs)] if cold else inputs[0])
            finally:
                graph.capture_end()
        return Graph(graph, calls, contender.result())

    def call_us(self, graph, cold):
        if cold:
            self.other.max()  # reads three times the cache
        torch.cuda._sleep(int((100 + 2 * graph.calls) * 2000))  # the GPU waits until the graph is handed over
        self.start.record()
        graph.graph.replay()
        self.stop.record()
        self.stop.synchronize()
        return self.start.elapsed_time(self.stop) * 1000 / graph.calls

    def graphs(self, contender, inputs):
        """A hot and a cold graph, each of about SAMPLE_US."""
        contender.run(inputs[0])
        torch.cuda.synchronize()
        first = self.capture(contender, inputs, 2, cold=False)
        self.call_us(first, cold=False)
        us = max(self.call_us(first, cold=False), 0.1)
        hot = self.capture(contender, inputs, int(max(1, min(MOST_CALLS, SAMPLE_US / us))), cold=False)
        turns = 1
        if len(inputs) < MOST_COPIES:
            turns = int(max(1, min(MOST_CALLS / len(inputs), SAMPLE_US / us / len(inputs))))
        return hot, self.capture(contender, inputs, len(inputs) * turns, cold=True)


def exact(case, contender, graph, x):
    """What the timed graph leaves behind on its last input, against a stable sort of torch."""
    values, indices = graph.result
    values.zero_()
    indices.fill_(-1)
    graph.graph.replay()
    torch.cuda.synchronize()
    values, indices = values.clone(), indices.long()
    if indices.min() < 0 or indices.max() >= case["cols"]:
        return False
    sorted_values, sorted_indices = torch.sort(x, dim=-1, descending=True, stable=True)
    wanted, wanted_indices = sorted_values[:, : case["k"]], sorted_indices[:, : case["k"]]
    if not torch.equal(x.gather(1, indices), values):
        return False
    if contender.lower_index_wins and case["order"] == "value":
        return torch.equal(indices, wanted_indices)
    distinct = indices.sort(dim=-1).values
    if case["k"] > 1 and not bool((distinct[:, 1:] > distinct[:, :-1]).all()):
        return False
    if contender.lower_index_wins:
        return torch.equal(distinct, wanted_indices.sort(dim=-1).values)
    return torch.equal(values if contender.ordered else values.sort(dim=-1, descending=True).values, wanted)


def median_deviation(samples):
    center = statistics.median(samples)
    return statistics.median(abs(x - center) for x in samples)


def measure(case, library, timer, rounds):
    copies = timer.copies(case)
    torch.manual_seed(1)
    inputs = torch.randn((copies, case["rows"], case["cols"]), dtype=torch.float32, device="cuda").to(FLOATS[case["dtype"]])
    entered = []
    for contender in contenders_of(library, case, inputs):
        try:
            entered.append((contender, timer.graphs(contender, inputs)))
        except Exception as failure:  # noqa: BLE001
            torch.cuda.synchronize()
            print(f"{case['name']}: {contender.name}: {str(failure).splitlines()[0]}", file=sys.stderr)
    samples = [([], []) for _ in entered]
    for _ in range(rounds):
        for (_, graphs), (hot, cold) in zip(entered, samples):
            hot.append(timer.call_us(graphs[0], cold=False))
            cold.append(timer.call_us(graphs[1], cold=True))
    if not entered or entered[0][0].name != "topkit":
        return
    own_hot, own_cold = samples[0]
    own_exact = exact(case, entered[0][0], entered[0][1][0], inputs[0])
    for (contender, graphs), (hot, cold) in zip(entered, samples):
        if contender.name == "topkit":
            continue
        yield {
            "case": case["name"],
            "suite": case["suite"],
            "op": "topk",
            **{key: case[key] for key in ("dtype", "rows", "cols", "k", "order")},
            "distribution": "normal",
            "device": "cuda",
            "index_type": "i64",
            "peer": contender.name,
            "algorithm": "",
            "sorted": contender.ordered,
            "hot_us": round(statistics.median(hot), 3),
            "cold_us": round(statistics.median(cold), 3),
            "mad_us": round(median_deviation(hot), 3),
            "floor_us": None,
            "topkit_us": round(statistics.median(own_hot), 3),
            "topkit_cold_us": round(statistics.median(own_cold), 3),
            "ratio": round(statistics.median(p / o for p, o in zip(hot, own_hot)), 3),
            "ratio_cold": round(statistics.median(p / o for p, o in zip(cold, own_cold)), 3),
            "verified": own_exact and exact(case, contender, graphs[0], inputs[0]),
        }


def chosen_cases(arguments):
    cases = json.loads((pathlib.Path(__file__).parent.parent / "cases.json").read_text())
    cases = [{"order": "value", **case} for case in cases if case["device"] == "cuda"]
    if arguments.case:
        cases = [c for c in cases if any(c["name"] == p or p[-1] == "*" and c["name"].startswith(p[:-1]) for p in arguments.case)]
    if arguments.suite:
        cases = [c for c in cases if c["suite"] == arguments.suite]
    if arguments.order != "value":
        cases = [{**c, "order": arguments.order, "name": f"{c['name']}-{arguments.order}"} for c in cases]
    return cases


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lib", required=True, help="libtopkit.so, with libtopkit_cuda.so beside it")
    parser.add_argument("--case", action="append", help="only these cases; a trailing * takes all that begin so")
    parser.add_argument("--suite", choices=["llm", "small", "attention", "search"])
    parser.add_argument("--order", default="value", choices=["value", "any"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--minutes", type=float, help="begin no case after so long")
    parser.add_argument("--join", type=pathlib.Path, help="lines of `topkit bench --json` to put before the new ones")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="a JSON array, one result a line; default: lines to stdout")
    arguments = parser.parse_args()

    native = read_lines(arguments.join) if arguments.join else []
    origin = {key: native[0][key] for key in ("machine", "date", "commit")} if native else {}
    library, timer = Library(arguments.lib), Timer()
    results, begin = list(native), time.monotonic()
    for case in chosen_cases(arguments):
        if arguments.minutes and time.monotonic() - begin > 60 * arguments.minutes:
            print(f"{arguments.minutes} minutes are over: {case['name']} and what follows was not measured", file=sys.stderr)
            break
        for line in measure(case, library, timer, arguments.rounds):
            results.append({**line, **origin})
            if arguments.output is None:
                print(json.dumps(results[-1]), flush=True)
            print(f"{case['name']}: {line['peer']} {line['hot_us']} / topkit {line['topkit_us']} = {line['ratio']} hot, {line['ratio_cold']} cold", file=sys.stderr)
        torch.cuda.empty_cache()
    if arguments.output is not None:
        write_array(arguments.output, results)
    wrong = [f"{line['case']} by {line['peer']}" for line in results if not line.get("verified", True)]
    if wrong:
        sys.exit("not the k best: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
