"""topkit for Hugging Face transformers: the whole of temperature, top-k, top-p, min-p and the draw in one launch.

    sampler = TopKitSampler(temperature=0.8, top_k=50, top_p=0.95, seed=7)
    model.generate(**inputs, do_sample=False, logits_processor=[sampler])

A logits processor that leaves a single token: generate's own greedy choice (or its multinomial) can only take that one. So
nothing in transformers is replaced, and processors before it (repetition penalty, bad words, ...) keep working.
"""

from typing import Any

import torch

from ._errors import ArgumentError
from ._kits import kit_of
from ._sampling import sample


class TopKitSampler:
    """Called with (input_ids, scores) as a transformers LogitsProcessor; gives scores of which one token is not -inf.

    temperature, top_k, top_p, min_p : numbers, or tensors of one a row; None: off.
    seed : an int: row r has the seed + r; or a tensor [rows] of seeds; None: torch's generator. The noise of a token depends on
        its row's seed and on its place (padding counts) only: prompts of one length give the same text alone and in any batch.
    preset : whose rules of top-p; the default is Hugging Face's own. `options`: the rest of topkit.sample's.
    """

    supports_continuous_batching = False  # read by transformers: rows there are no rows of one batch

    def __init__(
        self, temperature: Any = 1.0, top_k: Any = None, top_p: Any = None, min_p: Any = None, seed: Any = None,
        preset: str = "hf", **options: Any,
    ):  # fmt: skip
        for name in ("draws", "logprobs", "kept", "valid", "candidates", "index_dtype", "position"):
            if name in options:
                raise ArgumentError(f"{name}: is not for TopKitSampler, which decides it")
        self.seed = seed
        self.options = dict(options, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, preset=preset)

    def seeds(self, scores: torch.Tensor) -> Any:
        if self.seed is None or kit_of("scores", scores).is_generator(self.seed) or isinstance(self.seed, torch.Tensor):
            return self.seed
        return torch.arange(self.seed, self.seed + scores.shape[0], device=scores.device)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        tokens = sample(scores, seed=self.seeds(scores), position=input_ids.shape[1], **self.options).tokens
        return torch.full_like(scores, float("-inf")).scatter_(1, tokens.unsqueeze(1), 0.0)
