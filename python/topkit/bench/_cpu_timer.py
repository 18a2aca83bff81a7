"""CPU: wall clock of enough calls to be seen by it, thrown away when the thread was preempted."""

import time

import numpy as np

POOL_BYTES = 16 << 20  # hot: inputs take turns within the last cache, as `topkit bench` has them
FLUSH_BYTES = 256 << 20
SAMPLE_NS = 2_000_000
LEAST_SHARE = 0.975  # of one core


class CpuTimer:
    def __init__(self, threads: int = 1):
        self.threads = threads
        self.flush = np.ones(FLUSH_BYTES // 8)
        if threads == 1:
            one_thread()

    def copies(self, case) -> int:
        return 2 if case.cache == "l2" else min(256, max(1, -(-POOL_BYTES // max(case.bytes, 1))))

    def alive(self) -> bool:
        return True

    def release(self) -> None:
        pass

    def prepare(self, contender) -> None:
        contender.call(0)  # it may compile, and a first call reads code and tables
        contender.call(0)
        best = min(self.call_ns(contender) for _ in range(3))
        contender.prepared = int(min(4096, max(1, SAMPLE_NS // best)))

    def replayed(self, contender) -> tuple:
        """Nothing: what is timed are the calls themselves."""
        return ()

    def call_ns(self, contender) -> int:
        begin = time.perf_counter_ns()
        contender.call(0)
        return max(time.perf_counter_ns() - begin, 1)

    def sample_us(self, contender, heat: str) -> float | None:
        calls = contender.prepared if heat == "hot" else 1
        copies = len(contender.inputs)
        if heat == "cold":
            self.flush += 1.0
        if heat == "hot":  # after somebody's cold sample the inputs are nowhere (FACTS.md)
            for i in range(copies):
                contender.call(i)
        for _ in range(4):
            cpu, wall = time.process_time_ns(), time.perf_counter_ns()
            for i in range(calls):
                contender.call(i % copies)
            wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
            if wall < 100_000 or cpu >= LEAST_SHARE * wall:
                return wall / calls / 1000
        return None


def one_thread() -> None:
    """For everybody: topkit's own threads too, whose number is that of the CPUs it may run on."""
    import os

    try:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    except (AttributeError, OSError):
        pass
    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        pass


def machine() -> str:
    import os

    name = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    from .. import info

    return f"{name}, {os.cpu_count()} cores, {info()['isas'][0]}"
