"""CUDA: calls recorded into a graph and replayed, so that what is timed is the device. Who cannot be recorded (he
synchronises, or allocates by himself) is timed by events around calls made one after another, which includes his host; who
has a stream of his own, by the clock, until the device is idle."""

import time

import torch

CALLS = 20
L2_FACTOR = 3  # cold: copies that together are so many times the L2 cache
MOST_COPIES = 64


class CudaTimer:
    threads = 0

    def __init__(self):
        self.l2 = torch.cuda.get_device_properties(0).L2_cache_size
        self.graphs: dict = {}

    def copies(self, case) -> int:
        return min(MOST_COPIES, max(1, -(-L2_FACTOR * self.l2 // max(case.bytes, 1))))

    def own_memory(self, inputs: list) -> list:
        return [x.clone() for x in inputs]

    def prepare(self, contender) -> None:
        for heat in ("hot", "cold"):
            self.graphs[id(contender), heat] = self.record(contender, heat)

    def order(self, contender, heat: str) -> list[int]:
        copies = len(contender.inputs)
        return [0] * CALLS if heat == "hot" else [i % copies for i in range(max(CALLS, copies))]

    def record(self, contender, heat: str):
        if contender.backend.own_stream:
            return None
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                contender.call(0)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=stream):
                for i in self.order(contender, heat):
                    contender.call(i)
        except Exception:
            torch.cuda.synchronize()
            return None
        graph.replay()
        torch.cuda.synchronize()
        return graph

    def sample_us(self, contender, heat: str) -> float | None:
        graph, order = self.graphs[id(contender), heat], self.order(contender, heat)
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        torch.cuda.synchronize()
        if contender.backend.own_stream:
            since = time.perf_counter()
            for i in order:
                contender.call(i)
            torch.cuda.synchronize()
            return (time.perf_counter() - since) * 1e6 / len(order)
        begin.record()
        if graph is not None:
            graph.replay()
        else:
            for i in order:
                contender.call(i)
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1000 / len(order)


def machine() -> str:
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.multi_processor_count} SMs, CUDA {torch.version.cuda}, torch {torch.__version__}"
