"""DINO's vision transformer in plain PyTorch with the official parameter names."""
from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        batch, tokens, width = x.shape
        each = width // self.heads
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, each).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * each ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(x.shape)), weights, k


class Mlp(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        attended, weights, keys = self.attn(self.norm1(x))
        x = x + attended
        return x + self.mlp(self.norm2(x)), weights, keys


class PatchEmbed(nn.Module):
    def __init__(self, patch: int, stride: int, width: int):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


class Vit(nn.Module):
    def __init__(self, patch: int, width: int, depth: int, heads: int, grid: int,
                 stride: Optional[int] = None):
        super().__init__()
        self.grid = grid
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + grid * grid, width))
        self.patch_embed = PatchEmbed(patch, stride or patch, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def positions(self, rows: int, columns: int) -> Tensor:
        if (rows, columns) == (self.grid, self.grid):
            return self.pos_embed
        own, rest = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        rest = rest.reshape(1, self.grid, self.grid, -1).permute(0, 3, 1, 2)
        factors = ((rows + 0.1) / self.grid, (columns + 0.1) / self.grid)
        rest = F.interpolate(rest, scale_factor=factors, mode="bicubic", align_corners=False,
                             recompute_scale_factor=False)
        assert rest.shape[-2:] == (rows, columns)
        return torch.cat([own, rest.flatten(2).transpose(1, 2)], 1)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, List[Tensor]]:
        """Normalised tokens, the last block's attention, and each block's keys as maps."""
        x = self.patch_embed(x)
        batch, _, rows, columns = x.shape
        x = torch.cat([self.cls_token.expand(batch, -1, -1), x.flatten(2).transpose(1, 2)], 1)
        x = x + self.positions(rows, columns)
        maps = []
        for block in self.blocks:
            x, weights, keys = block(x)
            # Channel d · heads + h, as the extractor of Guess What Moves lays them out.
            keys = keys[:, :, 1:].permute(0, 2, 3, 1).flatten(2)
            maps.append(keys.transpose(1, 2).reshape(batch, -1, rows, columns))
        return self.norm(x), weights, maps
