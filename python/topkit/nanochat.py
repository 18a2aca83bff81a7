"""nanochat's sampler on topkit: `from topkit.nanochat import sample_next_token` in place of its engine's own.

The same signature and the same distribution; where logits tie at the k-th place the lower token id is kept.
"""

import torch

from ._errors import ArgumentError
from ._sampling import sample


@torch.inference_mode()
def sample_next_token(logits, rng, temperature=1.0, top_k=None):
    """logits [rows, tokens] -> tokens [rows, 1] int64, drawn by `rng`, a torch.Generator of their device.

    temperature : 0 is greedy, and leaves `rng` alone. top_k : None or 0 is off; above the vocabulary it is all of it.
    Any row stride is read in place: the slice of a padded vocabulary, and `logits.expand(samples, -1)`, whose rows draw
    independently.
    """
    if temperature < 0.0:
        raise ArgumentError(f"temperature = {temperature}: must not be negative")
    if temperature == 0.0:
        return sample(logits, temperature=0.0, seed=0).tokens.unsqueeze(-1)
    return sample(logits, temperature=temperature, top_k=top_k, seed=rng, preset="nanochat").tokens.unsqueeze(-1)
