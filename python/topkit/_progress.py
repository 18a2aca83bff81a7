"""One line on standard error that says how far a long command is; only where that is a terminal."""

import os
import sys
import time


class Progress:
    def __init__(self, stream=None):
        self.stream = stream if stream is not None else sys.stderr
        self.shown = bool(self.stream.isatty()) and os.environ.get("TERM") != "dumb"
        self.begin = self.last = time.monotonic()

    def show(self, done: int, total: int, words: str = "") -> None:
        now = time.monotonic()
        if not self.shown or now - self.begin < 0.5 or (now - self.last < 0.1 and done < total):
            return
        self.last = now
        left = (now - self.begin) / max(done, 1) * (total - done)
        filled = "#" * (20 * done // max(total, 1))
        self.stream.write(f"\r\x1b[K[{filled:<20}] {done}/{total}  {left:.0f} s left  {words}")
        self.stream.flush()

    def clear(self) -> None:
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
