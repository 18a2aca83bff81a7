"""python -m topkit.bench: lines as `topkit bench --json` prints, verified, kept whatever happens to whom."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from topkit import backends
from topkit.bench import Case, Notes, __main__ as command, cases, measure
from topkit.bench._cpu_timer import CpuTimer
from topkit.bench._measure import DeviceLost

CASE = Case("cpu-f32-2x3000-9", "cpu", "f32", 2, 3000, 9)
ORIGIN = dict(machine="m", date="d", commit="c")


class Clock(CpuTimer):
    """The timer without a flush of 256 MiB and without pinning the tests to one core."""

    def __init__(self, stop_after=None):
        self.threads, self.flush, self.left = 1, np.ones(8), stop_after

    def sample_us(self, contender, heat):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        contender.call(0)
        return 1.0


class Fake(backends.Backend):
    kind, devices = "numpy", ("cpu",)

    def __init__(self, name, answer):
        self.name, self.answer, self.calls = name, answer, 0

    def missing(self):
        return None

    def run(self, x, k, dim, largest, sorted):
        self.calls += 1
        return self.answer(self, x, k)


def first_ones(self, x, k):
    return x[..., :k].copy(), np.broadcast_to(np.arange(k), (*x.shape[:-1], k)).copy()


def raises(self, x, k):
    raise ValueError(f"call {self.calls}: no such type\nand more about it")


def raises_when_judged(self, x, k):
    if self.calls > 5 + 2 * 3:  # to prepare, and three rounds hot and cold
        raises(self, x, k)
    return first_ones(self, x, k)


@pytest.fixture
def fake(monkeypatch):
    def add(name, answer):
        made = Fake(name, answer)
        monkeypatch.setitem(backends._all(), name, made)
        return made

    return add


@pytest.fixture
def said():
    return []


def lines_of(names, said, timer=None, rounds=3, case=CASE):
    notes = Notes(said.append)
    return list(measure(case, names, timer or Clock(), rounds, ORIGIN, notes)), notes


def native_fields():
    return set(json.loads((backends._decide.RESULTS / "cpu.json").read_text())[1])


def test_lines_have_the_fields_of_the_command_line(said):
    lines, notes = lines_of(["topkit", "numpy"], said)
    assert [line["peer"].split()[0] for line in lines] == ["topkit", "numpy"]
    assert all(set(line) == native_fields() and line["verified"] for line in lines)
    assert not said and not notes.broken


def test_a_wrong_answer_is_not_verified(fake, said):
    liar = fake("wrong", first_ones)
    (line,), notes = lines_of(["wrong"], said)
    assert not line["verified"] and notes.broken == [f"{CASE.name}: wrong is wrong"]
    liar.exact = False  # who says so himself may be
    (line,), notes = lines_of(["wrong"], said)
    assert not line["verified"] and not notes.broken
    assert "is not the k best: a better element was left out, and it does not say it is exact" in said[-1]


def test_what_was_timed_is_judged_too(said):
    class Replaying(Clock):
        def replayed(self, contender):
            values, indices = contender.result
            backwards = list(range(contender.case.k))[::-1]  # torch takes no step below 1
            yield len(contender.inputs[:4]) - 1, (values, indices[..., backwards])

    (line,), notes = lines_of(["topkit"], said, Replaying())
    assert not line["verified"] and notes.broken


@pytest.mark.parametrize("answer, call", [(raises, 1), (raises_when_judged, 12)])
def test_a_peer_that_raises_leaves_the_case_and_the_others_go_on(fake, said, answer, call):
    fake("peer", answer)
    lines, notes = lines_of(["peer", "topkit", "numpy"], said)
    assert [line["peer"].split()[0] for line in lines] == ["topkit", "numpy"]
    assert said == [f"{CASE.name}: peer failed: ValueError: call {call}: no such type"] and not notes.broken


def test_a_peer_may_raise_while_it_is_timed(fake, said):
    class Broken(Clock):
        def sample_us(self, contender, heat):
            if contender.backend.name == "peer":
                raise RuntimeError
            return super().sample_us(contender, heat)

    fake("peer", first_ones)
    lines, notes = lines_of(["topkit", "peer"], said, Broken())
    assert len(lines) == 1 and said == [f"{CASE.name}: peer failed: RuntimeError"] and not notes.broken


def test_topkit_must_not_raise(fake, said):
    fake("topkit:new", raises)
    lines, notes = lines_of(["topkit:new", "numpy"], said)
    assert len(lines) == 1 and notes.broken == [f"{CASE.name}: topkit:new failed"]


def test_a_device_that_is_lost_ends_it(fake, said):
    class Dead(Clock):
        def alive(self):
            return False

    fake("peer", raises)
    with pytest.raises(DeviceLost, match="stopped answering after peer on cpu-f32-2x3000-9"):
        lines_of(["peer", "topkit"], said, Dead())


def test_a_refusal_is_said_once_a_rule(fake, said):
    picky = fake("picky", first_ones)
    picky.refuses = lambda x, k, *_: f"k = {k}: must be even" if k % 2 else None
    notes = Notes(said.append)
    for k in (9, 11):
        assert not list(measure(Case("c", "cpu", "f32", 2, 300, k), ["picky"], Clock(), 3, ORIGIN, notes))
    assert said == ["c: picky refuses, as wherever it meets this rule: k = 9: must be even"] and not notes.broken


def test_who_cannot_be_recorded_is_said_and_topkit_must_be(fake, said):
    class Recording(Clock):
        def prepare(self, contender):
            super().prepare(contender)
            contender.unrecorded = RuntimeError("it allocates")

    fake("peer", first_ones)
    _, notes = lines_of(["peer"], said, Recording())
    words = "peer cannot be recorded and is timed by events, its host with it: RuntimeError: it allocates"
    assert said == [f"{CASE.name}: {words}", f"{CASE.name}: peer is not the k best: a better element was left out"]
    _, notes = lines_of(["topkit"], said, Recording())
    assert notes.broken == [f"{CASE.name}: topkit was not recorded"]


def test_an_input_that_cannot_be_made_is_said(said):
    lines, notes = lines_of(["topkit"], said, case=Case("huge", "cpu", "f32", 1, 1 << 60, 9))
    assert not lines and "huge: not measured: " in said[0] and notes.broken == ["huge: not measured"]


def test_an_interruption_keeps_what_was_measured(said):
    notes = Notes(said.append)
    lines, enough = [], 4 * 4  # four rounds of two contenders, hot and cold
    with pytest.raises(KeyboardInterrupt):
        for line in measure(CASE, ["topkit", "numpy"], Clock(enough), 99, ORIGIN, notes):
            lines.append(line)
    assert len(lines) == 2
    with pytest.raises(KeyboardInterrupt):
        assert not list(measure(CASE, ["topkit"], Clock(1), 99, ORIGIN, notes))


def test_cases_are_those_of_the_command_line():
    assert {case.name for case in cases("cpu", ["cpu-f32-1x50304-50*"])} == {"cpu-f32-1x50304-50", "cpu-f32-1x50304-50-l2"}
    assert {case.suite for case in cases("cuda", suite="search")} == {"search"}
    assert len(cases("cuda", suite="all")) == len(cases("cuda")) > len(cases("cuda", suite="llm"))
    with pytest.raises(LookupError, match="none of cpu-f32"):
        cases("cpu", ["nothing"])


BASE = [sys.executable, "-m", "topkit.bench", "--device", "cpu"]


def test_the_command_measures_one_shape(tmp_path):
    output = tmp_path / "out.json"
    wanted = ["--shape", "2x500", "-k", "5", "--rounds", "3", "--backend", "topkit", "--backend", "cudnn", "--json"]
    done = subprocess.run([*BASE, *wanted, "-o", str(output)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert printed == json.loads(output.read_text()) and all(line["verified"] and line["hot_us"] > 0 for line in printed)
    assert [line["peer"] for line in printed] == ["topkit"] and "cudnn is not here" in done.stderr


WRONG = [["--shape", "wide"], ["--shape", "2x4", "-k", "5"], ["--minutes", "0"], ["--suite", "none"], ["--rounds", "0"]]
WRONG += [["--dtype", "f33", "--shape", "2x4", "-k", "1"], ["--shape", "\u00b2x4"]]


@pytest.mark.parametrize("wrong", [*WRONG, ["--case", "cuda-*"], ["-o", "no/such/folder/x.json"], ["-o", "/"]])
def test_wrong_usage_is_exit_code_2(wrong, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["--device", "cpu", *wrong])
    assert stop.value.code == 2 and wrong[0] in capsys.readouterr().err + "--case --suite"


@pytest.fixture
def two_small_cases(monkeypatch, tmp_path):
    monkeypatch.setattr("topkit.bench._cpu_timer.CpuTimer", Clock)
    small = [Case(name, "cpu", "f32", 1, 200, 3) for name in ("first", "second")]
    monkeypatch.setattr(command, "cases", lambda *_: small)
    output = tmp_path / "out.json"
    return output, lambda *more: command.main(["--device", "cpu", "--rounds", "1", "-o", str(output), *more])


def test_a_peer_that_sorts_in_place_is_out_and_others_have_their_input(two_small_cases, fake, capsys):
    output, run = two_small_cases

    def sorts(self, x, k):
        x[...] = -np.sort(-x)
        return first_ones(self, x, k)

    fake("peer", sorts)
    assert run("--backend", "peer", "--backend", "topkit", "--json") == 0
    assert "first: peer failed: ValueError: it wrote into its input" in capsys.readouterr().err
    assert [(line["peer"], line["verified"]) for line in json.loads(output.read_text())] == [("topkit", True)] * 2


def test_a_failing_peer_does_not_change_the_exit_code_topkit_does(two_small_cases, fake, capsys):
    output, run = two_small_cases
    fake("peer", raises)
    assert run("--backend", "topkit", "--backend", "numpy") == 0
    names = ["topkit", "peer"]
    for name, code in (("peer", 0), ("topkit", 1)):
        fake(name, raises)
        assert command.main([*base_of(output), *sum((["--backend", n] for n in names), [])]) == code
    assert "first: topkit failed; second: topkit failed" in capsys.readouterr().err


def base_of(output):
    return ["--device", "cpu", "--rounds", "1", "-o", str(output)]


def test_what_was_measured_is_kept_when_something_unforeseen_comes(two_small_cases, monkeypatch):
    output, run = two_small_cases
    real = command.measure

    def breaks(case, *more):
        assert case.name == "first" or [line["case"] for line in json.loads(output.read_text())] == ["first"]
        if case.name == "second":
            raise ZeroDivisionError
        return real(case, *more)

    monkeypatch.setattr(command, "measure", breaks)
    with pytest.raises(ZeroDivisionError):
        run("--backend", "topkit")
    assert [line["case"] for line in json.loads(output.read_text())] == ["first"]
    assert [path.name for path in output.parent.iterdir()] == ["out.json"]


def test_no_case_begins_after_the_minutes(two_small_cases, capsys):
    output, run = two_small_cases
    assert run("--backend", "topkit", "--minutes", "1e-9") == 0
    assert "2 cases were not measured" in capsys.readouterr().err and json.loads(output.read_text()) == []


def test_who_was_disturbed_has_no_line_but_is_named(said):
    class Busy(Clock):
        def sample_us(self, contender, heat):
            return None

    lines, notes = lines_of(["topkit"], said, Busy())
    assert not lines and said == [f"{CASE.name}: topkit was disturbed in too many rounds: the machine is busy"]


def test_a_run_is_resumed_without_what_its_file_holds(two_small_cases, monkeypatch, capsys):
    output, _ = two_small_cases
    asked = ["--device", "cpu", "--rounds", "1", "--backend", "topkit", "--json", "--resume", str(output)]
    small = command.cases()
    monkeypatch.setattr(command, "cases", lambda *_: small[:1])
    assert command.main(asked) == 0
    first = json.loads(output.read_text())
    monkeypatch.setattr(command, "cases", lambda *_: small)
    capsys.readouterr()
    assert command.main(asked) == 0
    both = json.loads(output.read_text())
    assert [line["case"] for line in both] == ["first", "second"] and both[0] == first[0]
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == both[1:]


def test_a_run_that_measures_nothing_leaves_the_file_alone(two_small_cases, monkeypatch):
    output, run = two_small_cases
    output.write_text("of another day")

    def no_timer():
        raise RuntimeError("no clock")

    monkeypatch.setattr("topkit.bench._cpu_timer.CpuTimer", no_timer)
    with pytest.raises(RuntimeError, match="no clock"):
        run("--backend", "topkit")
    assert output.read_text() == "of another day"


def test_of_a_link_the_target_is_replaced(two_small_cases):
    output, run = two_small_cases
    target = output.with_name("target.json")
    target.write_text("")
    output.symlink_to(target)
    assert run("--backend", "topkit", "--json") == 0
    assert output.is_symlink() and [line["case"] for line in json.loads(target.read_text())] == ["first", "second"]


def test_a_wrong_answer_in_a_resumed_file_still_counts(two_small_cases):
    output, run = two_small_cases
    assert run("--backend", "topkit", "--json") == 0
    lines = json.loads(output.read_text())
    output.write_text(json.dumps([{**lines[0], "verified": False}, lines[1]]))
    asked = ["--device", "cpu", "--rounds", "1", "--backend", "topkit", "--json", "--resume", str(output)]
    assert command.main(asked) == 1


OTHERS = [("{", "is no JSON"), ('{"case": 1}', "something else"), ('[{"case": "a", "machine": "other"}]', "machine is 'other'")]


@pytest.mark.parametrize("text, words", OTHERS)
def test_a_file_of_something_else_is_not_resumed(tmp_path, capsys, text, words):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(SystemExit) as stop:
        command.main(["--device", "cpu", "--resume", str(path)])
    assert stop.value.code == 2 and words in capsys.readouterr().err and path.read_text() == text


BROKEN = [
    (lambda line: line.pop("peer"), "line 3, field 'peer': is missing"),
    (lambda line: line.pop("verified"), "line 3, field 'verified': is missing"),
    (lambda line: line.pop("hot_us"), "line 3, field 'hot_us': is missing"),
    (lambda line: line.update(verified=1), "line 3, field 'verified': is 1: must be true or false"),
    (lambda line: line.update(case=["b"]), "line 3, field 'case': is [\"b\"]: must be a string"),
    (lambda line: line.update(rows=-2), "line 3, field 'rows': is -2: must be at least 0"),
]


@pytest.mark.parametrize("breaks, words", BROKEN)
def test_a_broken_line_is_named_and_the_file_kept(two_small_cases, capsys, breaks, words):
    output, run = two_small_cases
    assert run("--backend", "topkit", "--json") == 0
    lines = json.loads(output.read_text())
    breaks(lines[1])
    text = "[\n" + ",\n".join(map(json.dumps, lines)) + "\n]\n"
    output.write_text(text)
    with pytest.raises(SystemExit) as stop:
        command.main(["--device", "cpu", "--rounds", "1", "--backend", "topkit", "--resume", str(output)])
    assert stop.value.code == 2 and f"--resume {output}: {words}" in capsys.readouterr().err and output.read_text() == text


def test_a_forced_algorithm_is_said_to_be(said):
    (line,), _ = lines_of(["topkit:split"], said)
    assert line["peer"] == "topkit" and line["algorithm"] == "split" and line["forced"] is True


def test_a_slow_first_call_does_not_make_samples_short():
    slow = [0.02, 0.02]

    class Peer:
        def call(self, i):
            if slow:
                time.sleep(slow.pop())

    peer = Peer()
    Clock().prepare(peer)
    assert peer.prepared > 2  # of some microseconds each
