from typing import Any

import jax

from . import TopK

def topk(
    x: jax.Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, **options: Any
) -> TopK[jax.Array]: ...
