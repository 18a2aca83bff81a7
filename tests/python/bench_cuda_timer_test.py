"""The order in which the timer of CUDA hands things to the device, by a device that only writes them down."""

import contextlib
import types

import pytest

from topkit import backends
from topkit.bench import Case
from topkit.bench._contender import Contender

torch = pytest.importorskip("torch")
from topkit.bench._cuda_timer import MOST_CALLS, MOST_COPIES, CudaTimer  # noqa: E402

US = 5.0  # what every call takes


class Device:
    """Stands for torch.cuda."""

    def __init__(self, recordable=True):
        self.log, self.recordable, self.capturing = [], recordable, None
        self.now = 0.0

    def Event(self, enable_timing):
        return Event(self)

    def CUDAGraph(self):
        return Graph(self)

    def Stream(self):
        return types.SimpleNamespace(wait_stream=lambda other: None)

    def current_stream(self):
        return None

    def stream(self, stream):
        return contextlib.nullcontext()

    def synchronize(self):
        pass

    def empty_cache(self):
        pass

    def _sleep(self, cycles):
        self.log.append("sleep")

    def get_device_properties(self, index):
        return types.SimpleNamespace(L2_cache_size=1 << 20)

    def call(self):
        if self.capturing is not None:
            if not self.recordable:
                raise RuntimeError("not while it is recorded")
            self.capturing.calls += 1
        else:
            self.now += US
            self.log.append("call")


class Event:
    def __init__(self, device):
        self.device = device

    def record(self):
        self.at = self.device.now
        self.device.log.append("event")

    def synchronize(self):
        pass

    def elapsed_time(self, other):
        return (other.at - self.at) / 1000


class Graph:
    def __init__(self, device):
        self.device, self.calls = device, 0

    def capture_begin(self, capture_error_mode):
        self.device.capturing = self

    def capture_end(self):
        self.device.capturing = None

    def replay(self):
        self.device.now += US * self.calls
        self.device.log.append(("replay", self.calls))


class Peer(backends.Backend):
    name, kind = "peer", "any"

    def __init__(self, device):
        self.device = device

    def run(self, x, k, dim, largest, sorted):
        self.device.call()


@pytest.fixture
def timer_on(monkeypatch):
    def make(device, bytes_of_case=1 << 14):
        from topkit.bench import _cuda_timer

        zeros = types.SimpleNamespace(max=lambda: device.log.append("flush"))
        fake = types.SimpleNamespace(cuda=device, zeros=lambda *_, **__: zeros, float32=None)
        monkeypatch.setattr(_cuda_timer, "torch", fake)
        case = Case("", "cuda", "f32", 1, bytes_of_case // 4, 5)
        timer = CudaTimer()
        contender = Contender(Peer(device), case, [None] * timer.copies(case))
        timer.prepare(contender)
        device.log.clear()
        return timer, contender

    return make


def test_the_device_waits_until_a_graph_is_handed_over(timer_on):
    device = Device()
    timer, contender = timer_on(device)
    assert timer.sample_us(contender, "hot") == pytest.approx(US)
    assert device.log == ["call", "sleep", "event", ("replay", 1000 / US), "event"]
    device.log.clear()
    assert timer.sample_us(contender, "cold") == pytest.approx(US)
    assert device.log == ["flush", "sleep", "event", ("replay", 192), "event"]  # all copies that are three caches


def test_what_no_cache_holds_is_not_warmed(timer_on):
    device = Device()
    timer, contender = timer_on(device, 1 << 21)
    assert timer.sample_us(contender, "hot") == pytest.approx(US)
    assert device.log == ["sleep", "event", ("replay", 200), "event"]


def test_what_cannot_be_recorded_is_called_between_events(timer_on):
    device = Device(recordable=False)
    timer, contender = timer_on(device)
    assert timer.sample_us(contender, "hot") == pytest.approx(US)
    assert device.log == ["call", "event", *["call"] * 200, "event"]
    assert str(contender.unrecorded) == "not while it is recorded" and timer_on(Device())[1].unrecorded is None


def test_who_has_a_stream_of_his_own_is_timed_by_the_clock(timer_on, monkeypatch):
    monkeypatch.setattr(Peer, "own_stream", True)
    device = Device()
    timer, contender = timer_on(device)
    assert timer.sample_us(contender, "hot") > 0 and set(device.log) == {"call"}


def test_a_sample_takes_about_a_millisecond_and_cold_ones_every_copy(timer_on):
    timer, _ = timer_on(Device())
    assert len(timer.hot_order(0.1)) == MOST_CALLS and len(timer.hot_order(1e6)) == 1
    assert timer.cold_order(5, 3) == [0, 1, 2] * 66 and timer.cold_order(5e3, 3) == [0, 1, 2]
    assert timer.cold_order(1e4, 3) == [0, 1] and timer.cold_order(1e6, 3) == [0]
    assert timer.cold_order(0.1, MOST_COPIES) == list(range(MOST_COPIES))  # a second turn might find them in the cache
