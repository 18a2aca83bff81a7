"""Times topkit and its peers, by turns and verified. `python -m topkit.bench`; one JSON line a result, as `topkit bench`."""

from ._measure import Case, cases, measure

__all__ = ["Case", "cases", "measure"]
