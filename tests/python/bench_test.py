"""python -m topkit.bench: lines as `topkit bench --json` prints, verified, kept after an interruption."""

import json
import subprocess
import sys

import numpy as np
import pytest

from topkit import backends
from topkit.bench import Case, cases, measure
from topkit.bench._cpu_timer import CpuTimer

CASE = Case("cpu-f32-2x3000-9", "cpu", "f32", 2, 3000, 9)


class Clock(CpuTimer):
    """The timer without a flush of 256 MiB and without pinning the tests to one core."""

    def __init__(self, stop_after=None):
        self.threads, self.calls, self.flush, self.left = 1, {}, np.ones(8), stop_after

    def sample_us(self, contender, heat):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        contender.call(0)
        return 1.0


def native_fields():
    return set(json.loads((backends._decide.RESULTS / "cpu.json").read_text())[1])


def test_lines_have_the_fields_of_the_command_line():
    lines = list(measure(CASE, ["topkit", "numpy"], Clock(), 3, dict(machine="m", date="d", commit="c")))
    assert [line["peer"].split()[0] for line in lines] == ["topkit", "numpy"]
    assert all(set(line) == native_fields() and line["verified"] for line in lines)


def test_a_wrong_answer_is_not_verified(monkeypatch):
    class Wrong(backends.Backend):
        name, kind, devices = "wrong", "numpy", ("cpu",)

        def missing(self):
            return None

        def run(self, x, k, dim, largest, sorted):
            return x[..., :k], np.broadcast_to(np.arange(k), (*x.shape[:-1], k))

    monkeypatch.setitem(backends._all(), "wrong", Wrong())
    (line,) = measure(CASE, ["wrong"], Clock(), 3, dict(machine="", date="", commit=""))
    assert not line["verified"]


def test_an_interruption_keeps_what_was_measured():
    lines, enough = [], 4 * 4  # four rounds of two contenders, hot and cold
    with pytest.raises(KeyboardInterrupt):
        for line in measure(CASE, ["topkit", "numpy"], Clock(enough), 99, dict(machine="", date="", commit="")):
            lines.append(line)
    assert len(lines) == 2
    with pytest.raises(KeyboardInterrupt):
        assert not list(measure(CASE, ["topkit"], Clock(1), 99, dict(machine="", date="", commit="")))


def test_cases_are_those_of_the_command_line():
    assert {case.name for case in cases("cpu", ["cpu-f32-1x50304-50*"])} == {"cpu-f32-1x50304-50", "cpu-f32-1x50304-50-l2"}
    with pytest.raises(LookupError, match="none of cpu-f32"):
        cases("cpu", ["nothing"])


def test_the_command_measures_one_shape(tmp_path):
    command = [sys.executable, "-m", "topkit.bench", "--device", "cpu", "--shape", "2x500", "-k", "5", "--rounds", "3"]
    output = tmp_path / "out.json"
    done = subprocess.run([*command, "--backend", "topkit", "--json", "-o", str(output)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert printed == json.loads(output.read_text()) and all(line["verified"] and line["hot_us"] > 0 for line in printed)
    assert subprocess.run([*command[:3], "--shape", "wide"], capture_output=True).returncode == 2
