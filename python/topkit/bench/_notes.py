"""What is said beside the results, on standard error: who is not here and who refuses by which rule, once; who failed, every
time."""

from collections.abc import Callable

from ..backends import rule_of


def first_line(problem: BaseException) -> str:
    words = str(problem).strip()
    return f"{type(problem).__name__}: {words.splitlines()[0]}" if words else type(problem).__name__


class Notes:
    def __init__(self, say: Callable[[str], None] = lambda line: None):
        self.say = say
        self.said: set[tuple[str, str]] = set()
        self.broken: list[str] = []  # what makes the run a failure

    def absent(self, name: str, why: str) -> None:
        self.once(name, "", f"{name} is not here: {why}")

    def refused(self, case: str, name: str, why: str) -> None:
        self.once(name, rule_of(why), f"{case}: {name} refuses, as wherever it meets this rule: {why}")

    def once(self, name: str, rule: str, words: str) -> None:
        if (name, rule) not in self.said:
            self.said.add((name, rule))
            self.say(words)

    def failed(self, case: str, name: str, problem: BaseException) -> None:
        """Others' failures are theirs; without topkit's own time a case is not measured."""
        self.say(f"{case}: {name} failed: {first_line(problem)}")
        if name.partition(":")[0] == "topkit":
            self.broken.append(f"{case}: {name} failed")

    def disturbed(self, case: str, name: str) -> None:
        self.say(f"{case}: {name} was disturbed in too many rounds: the machine is busy")
        if name.partition(":")[0] == "topkit":
            self.broken.append(f"{case}: {name} was disturbed")

    def unrecorded(self, case: str, name: str, problem: BaseException) -> None:
        """Once a name for others, whose graphs are theirs; topkit's calls can be recorded, or it is topkit's failure."""
        words = f"{name} cannot be recorded and is timed by events, its host with it: {first_line(problem)}"
        self.once(name, "unrecorded", f"{case}: {words}")
        if name.partition(":")[0] == "topkit":
            self.broken.append(f"{case}: {name} was not recorded")

    def wrong(self, case: str, name: str, complaint: str, promised: bool) -> None:
        self.say(f"{case}: {name} is not the k best: {complaint}" + ("" if promised else ", and it does not say it is exact"))
        if promised:
            self.broken.append(f"{case}: {name} is wrong")

    def missing(self, case: str, why: str) -> None:
        self.say(f"{case}: not measured: {why}")
        self.broken.append(f"{case}: not measured")
