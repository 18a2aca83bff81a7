import torch

def sample_next_token(
    logits: torch.Tensor, rng: torch.Generator | None, temperature: float = 1.0, top_k: int | None = None
) -> torch.Tensor: ...
