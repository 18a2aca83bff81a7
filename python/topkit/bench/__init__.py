"""Times topkit and its peers, by turns and verified. `python -m topkit.bench`; one JSON line a result, as `topkit bench`."""

from ._cases import Case, cases
from ._measure import measure
from ._notes import Notes

__all__ = ["Case", "Notes", "cases", "measure"]
