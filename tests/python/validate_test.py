"""python -m topkit.validate: it passes what is right, and finds what is wrong."""

import subprocess
import sys

import numpy as np

import topkit
from topkit import backends
from topkit._inputs import DISTRIBUTIONS, numbers, raw, winners
from topkit.validate import CASES, QUICK, Case, judge, run
from topkit.validate import __main__ as command
from topkit.validate._run import SHAPES, TYPES


def test_topkit_is_exact_on_every_distribution():
    cases = tuple(Case(2, 700, 30, dtype, name) for dtype in ("float32", "int32") for name in DISTRIBUTIONS)
    (summary,) = run(["topkit"], "cpu", cases)
    assert summary.promised and summary.passed == len(cases) and summary.exact and summary.lowest and summary.sorted
    assert summary.nan == {"largest"}


def answer(x, k):
    best = winners(x, k)
    return np.take_along_axis(x, best, 1), best


def test_planted_mistakes_are_found():
    x = raw("two_values", "float32", 2, 50) + raw("normal", "float32", 2, 50).round()
    values, indices = answer(x, 9)
    assert judge(x, "float32", values, indices, 9, True).lowest

    def verdict(change):
        v, i = values.copy(), indices.copy()
        change(v, i)
        return judge(x, "float32", v, i, 9, True)

    worst = winners(x, 50)[:, -1]

    def leave_one_out(v, i):
        i[:, 0] = worst
        v[:, 0] = np.take_along_axis(x, worst[:, None], 1)[:, 0]

    def twice(v, i):
        i[:, 1], v[:, 1] = i[:, 0], v[:, 0]

    def other_value(v, i):
        v[0, 3] = np.nextafter(v[0, 3], 99)

    def beyond(v, i):
        i[1, 2] = 50

    def other_order(v, i):
        v[:], i[:] = v[:, ::-1].copy(), i[:, ::-1].copy()

    assert "left out" in verdict(leave_one_out).words and not verdict(leave_one_out).exact
    assert "twice" in verdict(twice).words
    assert "not the input's bits" in verdict(other_value).words and not verdict(other_value).exact
    assert "not in 0..49" in verdict(beyond).words
    assert verdict(other_order).exact and not verdict(other_order).sorted and not verdict(other_order).lowest


def test_ties_to_a_higher_index_are_seen():
    x = np.array([[1, 5, 5, 5]], np.float32)
    verdict = judge(x, "float32", np.float32([[5, 5]]), np.array([[1, 3]]), 2, True)
    assert verdict.exact and verdict.sorted and not verdict.lowest


def test_another_nan_is_told_from_another_value(monkeypatch):
    class Canonical(backends.Backend):
        name, what, kind, devices, keeps_nan = "canonical", "gives every NaN as one", "numpy", ("cpu",), False

        def missing(self):
            return None

        def run(self, x, k, dim, largest, sorted):
            best = topkit.topk(x, k, dim, largest)
            best.values[np.isnan(best.values)] = np.float32(np.nan)
            return best

    canonical = Canonical()
    monkeypatch.setitem(backends._all(), "canonical", canonical)
    case = Case(2, 60, 5, "float32", "nan")
    row = np.full((2, 60), 1, np.float32)
    row.view(np.uint32)[:, 7] = 0xFFC00123
    monkeypatch.setattr("topkit.validate._run.raw", lambda *_, **__: row)
    (summary,) = run(["canonical"], "cpu", (case,))
    assert summary.promised and summary.exact
    canonical.keeps_nan = True
    (summary,) = run(["canonical"], "cpu", (case,))
    assert not summary.promised and "bits of a NaN" in summary.failed[0]


def test_a_backend_that_breaks_its_promise_fails(monkeypatch):
    class Liar(backends.Backend):
        name, what, kind, devices, ties = "liar", "claims more than it does", "numpy", ("cpu",), "lowest"

        def missing(self):
            return None

        def run(self, x, k, dim, largest, sorted):
            flipped = topkit.topk(x[..., ::-1].copy(), k, dim, largest)
            return flipped.values, x.shape[-1] - 1 - flipped.indices

    monkeypatch.setitem(backends._all(), "liar", Liar())
    (summary,) = run(["liar"], "cpu", (Case(2, 60, 5, "float32", "two_values"),))
    assert summary.exact and not summary.lowest and not summary.promised


def test_the_quick_choice_leaves_no_kind_of_case_out():
    assert len(set(QUICK)) == len(QUICK) <= len(CASES) // 5 and set(QUICK) <= set(CASES)
    directions = (True, False)
    assert {(case.dtype, case.largest) for case in QUICK} >= {(dtype, way) for dtype in TYPES for way in directions}
    sizes = {(case.rows, case.cols, case.k, case.largest) for case in QUICK}
    assert sizes >= {(*shape, way) for shape in SHAPES for way in directions}
    assert {case.distribution for case in QUICK} == set(DISTRIBUTIONS)


def test_who_refuses_everything_is_untested(monkeypatch):
    class Shy(backends.Backend):
        name, what, kind, devices = "shy", "takes nothing", "numpy", ("cpu",)

        def missing(self):
            return None

        def refuses(self, x, k, dim, largest, sorted):
            return f"k = {k}: must be another"

    monkeypatch.setitem(backends._all(), "shy", Shy())
    (summary,) = run(["shy"], "cpu", QUICK[:3])
    assert summary.judged == 0 and summary.refused == {"must be another": 3}
    words = command.line(summary).split()
    assert words == ["shy", "untested", "0", "0", "3", "-", "-", "-", "-"]


def test_every_algorithm_by_every_instruction_set_is_in_the_table():
    isas = topkit.info()["isas"]
    names = [f"topkit:{name}/{isa}" for name in topkit.algorithms("cpu") for isa in isas]
    assert set(names) <= set(backends.names())
    for summary in run(names, "cpu", (Case(2, 700, 30, "float32", "two_values"), Case(1, 40, 1, "int8", "normal"))):
        assert summary.promised and summary.missing is None and summary.lowest


def test_the_inputs_are_what_their_names_say():
    assert np.isnan(numbers(raw("nan", "bfloat16", 1, 500), "bfloat16")).any()
    assert len(np.unique(raw("all_equal", "int8", 3, 50))) == 1
    assert np.signbit(raw("zeros", "float32", 1, 99)).any()


def test_the_command_prints_a_table_and_an_exit_code():
    command = [sys.executable, "-m", "topkit.validate", "--device", "cpu", "--quick"]
    done = subprocess.run([*command, "--backend", "topkit", "--backend", "numpy", "--backend", "cudnn"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines()[1:] if not line.startswith(" ")}
    assert lines["topkit"].split()[1] == "pass" and lines["topkit"].split()[5:8] == ["yes", "yes", "lowest"]
    assert lines["numpy"].split()[1] == "pass" and lines["cudnn"].startswith("cudnn ") and " not here: " in lines["cudnn"]
    assert subprocess.run([*command, "--backend", "cublas"], capture_output=True).returncode == 2
