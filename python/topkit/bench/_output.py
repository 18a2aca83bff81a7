"""The file of -o: a JSON array that is whole whenever the run stops."""

import json
import os
import pathlib


class Output:
    def __init__(self, path: pathlib.Path | None):
        self.path, self.results = path, []
        self.regular = path is not None and (path.is_file() or not path.exists())
        if path is not None and not path.exists():
            self.keep()  # a folder that is not there is found before anything is measured

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
