"""topkit for torch: the operators torch.ops.topkit, and `accelerate()`, which lets torch.topk itself run on topkit.

    topkit.torch.accelerate()          from here on; `with topkit.torch.accelerate():` for a while
    topkit.torch.report()              how many calls went where, and why
    python -m topkit.torch script.py   a program that need not know
"""

from . import _eager  # noqa: F401  (importing defines torch.ops.topkit)
from ._accelerate import Report, accelerate, active, report, restore

__all__ = ["Report", "accelerate", "active", "report", "restore"]
