"""Holds every implementation that is here to a stable sort. `python -m topkit.validate`."""

from ._judge import Verdict, judge
from ._run import CASES, QUICK, Case, Summary, run

__all__ = ["CASES", "QUICK", "Case", "Summary", "Verdict", "judge", "run"]
