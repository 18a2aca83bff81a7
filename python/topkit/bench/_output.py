"""The file of -o and --resume: a JSON array that is whole whenever the run stops."""

import json
import os
import pathlib


class Output:
    def __init__(self, path: pathlib.Path | None):
        self.path, self.results = path, []
        self.regular = path is not None and (path.is_file() or not path.exists())
        if path is not None and not path.exists():
            self.keep()  # a folder that is not there is found before anything is measured

    def resume(self, origin: dict) -> None:
        """Goes on with what the file holds. Raises ValueError where that is something else, or of another machine or commit."""
        if not self.path.exists():
            return
        try:
            found = json.loads(self.path.read_text())
        except ValueError as problem:
            raise ValueError(f"is no JSON: {problem}") from None
        if not isinstance(found, list) or not all(isinstance(line, dict) and "case" in line for line in found):
            raise ValueError("holds something else than results of this command")
        for line in found:
            for key in ("machine", "commit"):
                if line.get(key) != origin[key]:
                    raise ValueError(f"{key} is {line.get(key)!r}, here it is {origin[key]!r}")
        self.results = found

    def has(self, case: str) -> bool:
        return any(line["case"] == case for line in self.results)

    def keep(self) -> None:
        """The results so far, in one step: no reader sees half a file."""
        if self.path is not None and self.regular:
            beside = self.path.with_name(self.path.name + ".part")
            beside.write_text(self.text())
            os.replace(beside, self.path)

    def close(self) -> None:
        """A pipe or a device can be written only once."""
        if self.path is not None and not self.regular:
            self.path.write_text(self.text())
        self.keep()

    def text(self) -> str:
        return "[\n" + ",\n".join(json.dumps(line) for line in self.results) + "\n]\n"
