from typing import Any

import torch

class TopKitSampler:
    supports_continuous_batching: bool
    seed: Any
    options: dict[str, Any]
    def __init__(
        self,
        temperature: Any = 1.0,
        top_k: Any = None,
        top_p: Any = None,
        min_p: Any = None,
        seed: Any = None,
        preset: str = "hf",
        **options: Any,
    ) -> None: ...
    def seeds(self, scores: torch.Tensor) -> Any: ...
    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor: ...
