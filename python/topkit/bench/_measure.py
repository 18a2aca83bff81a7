"""One case: everybody who can do it takes turns, so that what disturbs one disturbs all; then every answer is judged.

Whatever somebody raises is his own failure: he leaves the case, and the others go on.
"""

from collections.abc import Callable, Iterator
from typing import Any

from .. import backends
from ._cases import Case
from ._contender import Contender
from ._inputs import Originals, inputs, missing
from ._notes import Notes, first_line

LEAST_ROUNDS = 3


class DeviceLost(RuntimeError):
    """A device that no longer answers measures nothing more in this process."""


class Field:
    """Who takes part in a case."""

    def __init__(self, case: Case, timer, notes: Notes, arrays: list):
        self.case, self.timer, self.notes = case, timer, notes
        self.arrays, self.originals = arrays, Originals(arrays)
        self.able: list[Contender] = []

    def attempt(self, name: str, action: Callable[[], Any]) -> Any:
        """action's result; None when it raises, and then it is said and `name` is out."""
        try:
            return action()
        except Exception as problem:
            self.notes.failed(self.case.name, name, problem)
            self.able = [contender for contender in self.able if contender.backend.name != name]
            if not self.timer.alive():
                raise DeviceLost(f"the device stopped answering after {name} on {self.case.name}") from problem
            return None

    def enter(self, name: str) -> None:
        backend = backends.get(name)
        if (why := backend.absent(self.case.device)) is not None:
            self.notes.absent(name, why)
            return
        if (why := backend.why_not(self.arrays[0], self.case.k, -1, True, self.case.order == "value")) is not None:
            self.notes.refused(self.case.name, name, why)
            return
        contender = Contender(backend, self.case, self.arrays)
        self.timer.prepare(contender)
        if not self.originals.intact():
            raise ValueError("it wrote into its input")
        if contender.unrecorded is not None:
            self.notes.unrecorded(self.case.name, name, contender.unrecorded)
        self.able.append(contender)

    def sample(self, contender: Contender) -> None:
        for heat, samples in (("hot", contender.hot), ("cold", contender.cold)):
            us = self.timer.sample_us(contender, heat)
            if us is not None:
                samples.append(us)

    def line(self, contender: Contender, origin: dict) -> dict:
        complaint = contender.complaint(self.timer.replayed(contender))
        if not self.originals.intact():
            complaint = "it wrote into its input"
        if complaint:
            self.notes.wrong(self.case.name, contender.backend.name, complaint, contender.backend.exact)
        return contender.line(complaint, self.timer.threads, origin)


def measure(
    case: Case, names: list[str], timer, rounds: int, origin: dict, notes: Notes, tick: Callable[[int], None] = lambda round: None
) -> Iterator[dict]:
    """Yields a line a contender. Interrupted by Ctrl-C after a few rounds it still yields, and then lets it through."""
    if (why := missing(case)) is not None:
        return notes.missing(case.name, why)
    try:
        timer.release()
        field = Field(case, timer, notes, inputs(case, timer.copies(case)))
    except Exception as problem:  # it may be too large for this machine
        return notes.missing(case.name, first_line(problem))
    interrupted: KeyboardInterrupt | None = None
    try:
        for name in names:
            field.attempt(name, lambda name=name: field.enter(name))
        for i in range(rounds):
            turn = i % max(len(field.able), 1)
            for contender in field.able[turn:] + field.able[:turn]:
                field.attempt(contender.backend.name, lambda contender=contender: field.sample(contender))
            tick(i + 1)
    except KeyboardInterrupt as stop:
        interrupted = stop
    for contender in list(field.able):
        if len(contender.hot) >= min(LEAST_ROUNDS, rounds):
            line = field.attempt(contender.backend.name, lambda contender=contender: field.line(contender, origin))
            if line is not None:
                yield line
        elif interrupted is None:
            notes.disturbed(case.name, contender.backend.name)
    if interrupted is not None:
        raise interrupted
