#!/usr/bin/env python3
"""What PyTorch and FlashInfer take for the sampling cases of `topkit bench --device cuda --op sample`, beside its lines.

Each peer is the pipeline of operations that its users run (nanochat, Hugging Face, vLLM's PyTorch path), captured in CUDA graphs and
timed as gpu_python_peers.py does: hot, every call on one input; cold, on copies that the L2 cache cannot hold.

    topkit bench --device cuda --op sample --json --commit $(git rev-parse --short HEAD) > sampling.jsonl
    python3 bench/peers/gpu_sampling_peers.py --join sampling.jsonl -o sampling.json
"""

import argparse
import json
import pathlib
import statistics
import sys

import torch
from gpu_python_peers import FLOATS, Contender, Timer, median_deviation
from topkit_ctypes import read_lines, write_array

MINUS_INFINITY = float("-inf")


def draw(probabilities):
    """One token a row, as torch.multinomial draws one and engines write it out: no copy to the host."""
    return probabilities.div(torch.empty_like(probabilities).exponential_(1)).argmax(dim=-1)


def nanochat(logits, case):
    values, tokens = torch.topk(logits, case["k"], dim=-1)
    return tokens.gather(1, torch.multinomial(torch.softmax(values / case["temperature"], dim=-1), num_samples=1))


def hugging_face(logits, case):
    """TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper, softmax, multinomial."""
    scores = logits / case["temperature"]
    if case["k"] > 0:
        scores = scores.masked_fill(scores < torch.topk(scores, case["k"])[0][..., -1, None], MINUS_INFINITY)
    if case["p"] < 1:
        ordered, places = torch.sort(scores, descending=False)
        dropped = ordered.softmax(dim=-1).cumsum(dim=-1) <= 1 - case["p"]
        dropped[..., -1:] = 0
        scores = scores.masked_fill(dropped.scatter(1, places, dropped), MINUS_INFINITY)
    return torch.multinomial(torch.softmax(scores, dim=-1), num_samples=1)


def by_row(logits, case):
    """vLLM's apply_top_k_top_p and random_sample: k and p are tensors on the device."""
    k, p, cols = case["row_k"], case["row_p"], logits.shape[-1]
    ordered, places = (logits / case["temperature"]).sort(dim=-1, descending=False)
    least = ordered.gather(1, (cols - k).unsqueeze(1))
    ordered = ordered.masked_fill(ordered < least, MINUS_INFINITY)
    dropped = ordered.softmax(dim=-1).cumsum(dim=-1) <= 1 - p.unsqueeze(1)
    dropped[:, -1] = False
    ordered = ordered.masked_fill(dropped, MINUS_INFINITY)
    return draw(torch.empty_like(ordered).scatter_(1, places, ordered).softmax(dim=-1))


def no_filter(logits, case):
    return draw(torch.softmax(logits / case["temperature"], dim=-1))


def log_probabilities(logits, case):
    """vLLM's gather_logprobs: the n best, a token's logprob and its rank."""
    logprobs = logits.log_softmax(dim=-1, dtype=torch.float32)
    best, ids = torch.topk(logprobs, case["n"], dim=-1)
    own = logprobs.gather(1, case["tokens"].unsqueeze(1))
    return ids, best, own, (logprobs > own).sum(dim=-1) + 1


def pipeline_of(case):
    if case["n"] > 0:
        return log_probabilities
    if case["by_row"]:
        return by_row
    if case["k"] == 0 and case["p"] == 1:
        return no_filter
    return nanochat if case["p"] == 1 else hugging_face


def flashinfer_pipeline(case):
    """The fused sampler, which takes one k; its tokens are drawn on the device."""
    import flashinfer.sampling

    if case["n"] > 0 or case["by_row"]:
        return None
    if case["k"] > 0 and case["p"] < 1:
        return lambda logits, c: flashinfer.sampling.top_k_top_p_sampling_from_logits(logits / c["temperature"], c["k"], c["p"])
    if case["k"] > 0:
        return lambda logits, c: flashinfer.sampling.top_k_sampling_from_probs(torch.softmax(logits / c["temperature"], -1), c["k"])
    if case["p"] < 1:
        return lambda logits, c: flashinfer.sampling.top_p_sampling_from_probs(torch.softmax(logits / c["temperature"], -1), c["p"])
    return lambda logits, c: flashinfer.sampling.sampling_from_logits(logits / c["temperature"])


def contenders_of(case):
    pipelines = [(f"torch {torch.__version__.split('+')[0]} {pipeline_of(case).__name__}", pipeline_of(case))]
    try:
        if fused := flashinfer_pipeline(case):
            pipelines.append(("flashinfer sampling", fused))
    except ImportError:
        pass
    for name, pipeline in pipelines:
        last = []

        def run(x, pipeline=pipeline, last=last):
            last[:] = [pipeline(x, case)]

        yield Contender(name, run, lambda last=last: last[0], False)


def measure(case, timer, rounds):
    rows, cols = case["rows"], case["cols"]
    steps = torch.arange(rows, device="cuda")
    case = {
        **case,
        "temperature": case.get("temperature", 0.8),
        "row_k": (case["k"] - steps % 8).clamp(min=1),
        "row_p": case["p"] - 0.05 * (steps % 3),
        "tokens": steps * 131 % cols,
    }
    torch.manual_seed(1)
    inputs = torch.randn((timer.copies(case), rows, cols), device="cuda").to(FLOATS[case["dtype"]])
    for contender in contenders_of(case):
        try:
            hot, cold = timer.graphs(contender, inputs)
        except Exception as failure:  # noqa: BLE001  (a peer that fails is no reason to lose the others)
            torch.cuda.synchronize()
            print(f"{case['case']}: {contender.name}: {str(failure).splitlines()[0]}", file=sys.stderr)
            continue
        hots, colds = [], []
        for _ in range(rounds):
            hots.append(timer.call_us(hot, cold=False))
            colds.append(timer.call_us(cold, cold=True))
        own = {key: case[key] for key in ("case", "op", "dtype", "rows", "cols", "k", "p", "by_row", "n", "device")}
        yield {
            **own,
            "peer": contender.name,
            "hot_us": round(statistics.median(hots), 3),
            "cold_us": round(statistics.median(colds), 3),
            "mad_us": round(median_deviation(hots), 3),
            "topkit_us": case["hot_us"],
            "ratio": round(statistics.median(hots) / case["hot_us"], 3),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--join", type=pathlib.Path, required=True, help="lines of `topkit bench --op sample --json`: the cases")
    parser.add_argument("--case", action="append", help="only these cases; a trailing * takes all that begin so")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("-o", "--output", type=pathlib.Path, help="a JSON array, one result a line; default: lines to stdout")
    arguments = parser.parse_args()
    native = read_lines(arguments.join)
    results, timer = list(native), Timer()
    for case in native:
        name = case["case"]
        if arguments.case and not any(name == p or p[-1] == "*" and name.startswith(p[:-1]) for p in arguments.case):
            continue
        for line in measure(case, timer, arguments.rounds):
            results.append({**line, **{key: case[key] for key in ("machine", "date", "commit")}})
            if arguments.output is None:
                print(json.dumps(results[-1]), flush=True)
            print(f"{name}: {line['peer']} {line['hot_us']} / topkit {line['topkit_us']} = {line['ratio']} hot", file=sys.stderr)
        torch.cuda.empty_cache()
    if arguments.output is not None:
        write_array(arguments.output, results)


if __name__ == "__main__":
    main()
