"""Holds every implementation that is here to a stable sort. `python -m topkit.validate`."""

from ._judge import Verdict, judge
from ._run import CASES, Case, run

__all__ = ["CASES", "Case", "Verdict", "judge", "run"]
