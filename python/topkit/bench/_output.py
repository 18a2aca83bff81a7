"""The file of -o and --resume: a JSON array that is whole whenever the run stops."""

import errno
import json
import os
import pathlib

from .. import _results


class Output:
    def __init__(self, path: pathlib.Path | None):
        """Raises OSError where nothing could be written, before anything is measured."""
        self.results: list[dict] = []
        # What lies there is replaced: of a link its target, of a device nothing.
        device = path is not None and path.absolute().parts[1:2] in (("dev",), ("proc",))
        self.path = path.resolve() if path is not None and not device else path
        self.regular = path is not None and not device and (self.path.is_file() or not self.path.exists())
        if self.path is not None and self.path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if self.regular and not self.path.exists():
            self.keep()
        elif self.regular:
            self.beside().touch()
            self.beside().unlink()

    def resume(self, origin: dict) -> None:
        """Goes on with what the file holds. Raises ValueError where that is something else, or of another machine or commit,
        or where a line is broken."""
        if not self.path.exists():
            return
        text = self.path.read_text(encoding="utf-8")
        try:
            found = json.loads(text)
        except ValueError as problem:
            raise ValueError(f"is no JSON: {problem}") from None
        if not isinstance(found, list) or not all(isinstance(line, dict) and "case" in line for line in found):
            raise ValueError("holds something else than results of this command")
        for line in found:
            for key in ("machine", "commit"):
                if line.get(key) != origin[key]:
                    raise ValueError(f"{key} is {line.get(key)!r}, here it is {origin[key]!r}")
        for number, line in _results.entries(text):
            _results.check(line, number)
        self.results = found

    def has(self, case: str) -> bool:
        return any(line["case"] == case for line in self.results)

    def beside(self) -> pathlib.Path:
        return self.path.with_name(self.path.name + ".part")

    def keep(self) -> None:
        """The results so far, in one step: no reader sees half a file."""
        if self.path is not None and self.regular:
            self.beside().write_text(self.text())
            os.replace(self.beside(), self.path)

    def close(self, complete: bool) -> None:
        """A pipe or a device can be written only once. A run that broke off before its first result leaves the file alone."""
        if self.path is None or not (complete or self.results):
            return
        if self.regular:
            self.keep()
        else:
            self.path.write_text(self.text())

    def text(self) -> str:
        return "[\n" + ",\n".join(json.dumps(line) for line in self.results) + "\n]\n"
