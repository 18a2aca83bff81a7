"""A GPT small enough to commit: cli/demo/gpt.cpp is the same forward pass in plain C++.

Its vocabulary is large and its text small, so tokens have few numbers each (`embedding`), which one matrix raises to the
model's width and another lowers again (Lan et al. 2020), and a bias each, which begins as how often the token occurs. Blocks
normalise by the root mean square without a gain and activate by relu(x)^2 (So et al. 2021): plain arithmetic, which every
machine does alike.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Size:
    tokens: int = 32768
    numbers: int = 64  # a token
    context: int = 128
    width: int = 192
    heads: int = 6
    hidden: int = 704
    blocks: int = 4


def normalised(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5)


class Block(nn.Module):
    def __init__(self, size: Size, dropout: float):
        super().__init__()
        self.heads, self.dropout = size.heads, dropout
        self.qkv = nn.Linear(size.width, 3 * size.width, bias=False)
        self.gather = nn.Linear(size.width, size.width, bias=False)
        self.up = nn.Linear(size.width, size.hidden, bias=False)
        self.down = nn.Linear(size.hidden, size.width, bias=False)
        for last in (self.gather, self.down):
            nn.init.zeros_(last.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, length, width = x.shape
        q, k, v = self.qkv(normalised(x)).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        seen = functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
        x = x + self.lost(self.gather(seen.transpose(1, 2).reshape(rows, length, width)))
        return x + self.lost(self.down(functional.relu(self.up(normalised(x))).square()))

    def lost(self, x: torch.Tensor) -> torch.Tensor:
        return functional.dropout(x, self.dropout, self.training)


class Gpt(nn.Module):
    def __init__(self, size: Size, dropout: float = 0.0):
        super().__init__()
        self.size, self.dropout = size, dropout
        self.embedding = nn.Parameter(torch.randn(size.tokens, size.numbers) / math.sqrt(size.numbers))
        self.bias = nn.Parameter(torch.zeros(size.tokens))
        self.positions = nn.Parameter(0.02 * torch.randn(size.context, size.width))
        self.rise = nn.Linear(size.numbers, size.width, bias=False)
        self.fall = nn.Linear(size.width, size.numbers, bias=False)
        self.blocks = nn.ModuleList(Block(size, dropout) for _ in range(size.blocks))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """The logits after each token: [rows, length] -> [rows, length, tokens]."""
        x = self.rise(self.embedding[tokens]) + self.positions[: tokens.shape[1]]
        x = functional.dropout(x, self.dropout, self.training)
        for block in self.blocks:
            x = block(x)
        return functional.linear(self.fall(normalised(x)), self.embedding, self.bias)
