"""topkit for torch: the operators torch.ops.topkit, and `accelerate()`, which lets torch.topk itself run on topkit."""

from ._eager import full, plain, run  # noqa: F401  (importing defines torch.ops.topkit)
