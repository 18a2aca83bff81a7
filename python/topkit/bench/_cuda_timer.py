"""CUDA: calls recorded into a graph and replayed, so that what is timed is the device. Who cannot be recorded (he
synchronises, or allocates by himself) is timed by events around calls made one after another, which includes his host; who
has a stream of his own, by the clock, until the device is idle."""

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from ._inputs import DIFFERENT

SAMPLE_US = 1000  # a sample repeats the call until it takes about this long
MOST_SAMPLE_US = 20_000  # of a cold one, for those that are slow
MOST_CALLS = 400
MOST_COPIES = 256
L2_FACTOR = 3  # cold: copies that together are so many times the L2 cache
CYCLES_PER_US = 2000  # of the device's clock, or a little less


@dataclass
class Sample:
    """What one sample runs: a graph of calls, or the calls themselves where graph is None."""

    order: list[int]  # of inputs
    graph: Any = None
    results: dict[int, Any] = field(default_factory=dict)  # input -> what the graph's last call on it writes


class CudaTimer:
    threads = 0

    def __init__(self):
        self.l2 = torch.cuda.get_device_properties(0).L2_cache_size
        self.other = torch.zeros(L2_FACTOR * self.l2 // 4, dtype=torch.float32, device="cuda")
        self.side = torch.cuda.Stream()
        self.begin, self.end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def copies(self, case) -> int:
        return min(MOST_COPIES, max(1, -(-L2_FACTOR * self.l2 // max(case.bytes, 1))))

    def alive(self) -> bool:
        try:
            torch.cuda.synchronize()
        except Exception:  # after an illegal access of anybody's kernel the process has no device any more
            return False
        return True

    def release(self) -> None:
        """The memory of graphs that are gone."""
        torch.cuda.empty_cache()

    def prepare(self, contender) -> None:
        self.warm(contender)
        first = Sample([0, 0])
        if contender.backend.recordable and not contender.backend.own_stream:
            self.record(contender, first)
        us = self.time_us(contender, first)
        if us < SAMPLE_US:  # else a second look would not change what follows
            us = max(self.time_us(contender, first), 0.1)
        contender.prepared = {}
        for heat, order in (("hot", self.hot_order(us)), ("cold", self.cold_order(us, len(contender.inputs)))):
            contender.prepared[heat] = sample = Sample(order)
            if first.graph is not None:
                self.record(contender, sample)

    def hot_order(self, us: float) -> list[int]:
        return [0] * int(max(1, min(MOST_CALLS, SAMPLE_US / us)))

    def cold_order(self, us: float, copies: int) -> list[int]:
        """Every copy in turn. Where they are more than the cache holds the turn repeats; where they are not, once is all. For
        who is slow a part of a turn does: the cache was flushed before."""
        turns = int(max(1, min(MOST_CALLS, SAMPLE_US / us) / copies)) if copies < MOST_COPIES else 1
        return (list(range(copies)) * turns)[: int(max(1, MOST_SAMPLE_US / us))]

    def warm(self, contender) -> None:
        """Compiles, and allocates, before anything is recorded: on the stream that records."""
        self.side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.side):
            for _ in range(2):
                contender.call(0)
        contender.wait()
        torch.cuda.synchronize()

    def record(self, contender, sample: Sample) -> None:
        """Gives the sample a graph of its calls, none where they cannot be recorded."""
        graph = torch.cuda.CUDAGraph()
        collecting = gc.isenabled()
        gc.disable()  # what it frees meanwhile would belong to the graph
        try:
            # Not torch.cuda.graph: it collects garbage and empties the cache every time, which takes longer than the rest.
            with torch.cuda.stream(self.side):
                graph.capture_begin(capture_error_mode="thread_local")
                try:
                    for i in sample.order:
                        contender.call(i)
                        if i < DIFFERENT:
                            sample.results[i] = contender.result
                finally:
                    graph.capture_end()
        except Exception as problem:
            torch.cuda.synchronize()
            sample.results.clear()
            contender.unrecorded = problem
            return
        finally:
            if collecting:
                gc.enable()
        graph.replay()
        torch.cuda.synchronize()
        sample.graph = graph

    def replayed(self, contender) -> Iterator[tuple[int, Any]]:
        """What the timed graphs write when they are replayed once more over results that are spoiled: (input, result)."""
        for sample in contender.prepared.values():
            if sample.graph is None:
                continue
            for values, indices in sample.results.values():
                values.zero_()
                indices.zero_()
            sample.graph.replay()
            torch.cuda.synchronize()
            yield from sample.results.items()

    def sample_us(self, contender, heat: str) -> float | None:
        if heat == "cold":
            self.other.max()  # reads so many caches
        elif contender.case.bytes <= self.l2:  # after somebody's cold sample the input is nowhere
            contender.call(0)
            contender.wait()
        return self.time_us(contender, contender.prepared[heat])

    def time_us(self, contender, sample: Sample) -> float:
        if contender.backend.own_stream:
            return self.by_clock_us(contender, sample.order)
        if sample.graph is not None:
            # The device waits until the graph is handed over, so that no gap of the host falls between the events.
            torch.cuda._sleep((100 + 2 * len(sample.order)) * CYCLES_PER_US)
        self.begin.record()
        if sample.graph is not None:
            sample.graph.replay()
        else:
            for i in sample.order:
                contender.call(i)
        self.end.record()
        self.end.synchronize()
        return self.begin.elapsed_time(self.end) * 1000 / len(sample.order)

    def by_clock_us(self, contender, order: list[int]) -> float:
        torch.cuda.synchronize()
        since = time.perf_counter()
        for i in order:
            contender.call(i)
        contender.wait()
        torch.cuda.synchronize()
        return (time.perf_counter() - since) * 1e6 / len(order)


def machine() -> str:
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.multi_processor_count} SMs, CUDA {torch.version.cuda}, torch {torch.__version__}"
