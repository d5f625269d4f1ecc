"""Guess What Moves' head and loss in plain PyTorch with the official parameter names.

The published code wants detectron2; this is the same arithmetic without it.
"""
import math
from typing import List, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvNorm(nn.Conv2d):
    """A convolution without bias and what normalises it, which may be another layer's."""

    def __init__(self, channels: int, out: int, kernel: int, norm: nn.Module, relu: bool = True,
                 padding: int = None):
        padding = kernel // 2 if padding is None else padding
        super().__init__(channels, out, kernel, padding=padding, bias=False)
        self.norm, self.relu = norm, relu

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(super().forward(x))
        return F.relu(y) if self.relu else y


class PixelDecoder(nn.Module):
    def __init__(self, channels: Sequence[int], width: int, mask: int, groups: int):
        """channels: of res2 … res5."""
        super().__init__()
        for i, size in enumerate(channels, 1):
            if i < len(channels):
                adapter = ConvNorm(size, width, 1, nn.GroupNorm(groups, width), relu=False)
                self.add_module(f"adapter_{i}", adapter)
                size = width
            norm = nn.GroupNorm(groups, width)
            self.add_module(f"layer_{i}", ConvNorm(size, width, 3, norm))
        # `norm` is the last level's here, in the published code by oversight.
        self.mask_features = nn.Sequential(
            ConvNorm(width, width, 3, norm),
            nn.UpsamplingNearest2d(scale_factor=2),
            ConvNorm(width, width, 1, norm, padding=1),
            ConvNorm(width, width, 3, norm),
            nn.UpsamplingNearest2d(scale_factor=2),
            ConvNorm(width, width, 1, norm, padding=1),
            nn.Conv2d(width, mask, 3, padding=1))
        self.levels = len(channels)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        y = getattr(self, f"layer_{self.levels}")(features[-1])
        for i in range(self.levels - 1, 0, -1):
            lateral = getattr(self, f"adapter_{i}")(features[i - 1])
            above = F.interpolate(y, size=lateral.shape[-2:], mode="nearest")
            y = getattr(self, f"layer_{i}")(lateral + above)
        return self.mask_features(y)


def position_encoding(rows: int, columns: int, width: int) -> Tensor:
    """DETR's sines, [1, width, rows, columns]: rows first, then columns."""
    each = width // 2
    exponent = 2 * torch.div(torch.arange(each), 2, rounding_mode="floor") / each
    frequency = 10000.0 ** exponent.double()

    def axis(length: int) -> Tensor:
        place = torch.arange(1, length + 1).double() / (length + 1e-6) * 2 * math.pi
        angle = place[:, None] / frequency
        return torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], 2).flatten(1)

    y = axis(rows)[:, None].expand(rows, columns, each)
    x = axis(columns)[None].expand(rows, columns, each)
    return torch.cat([y, x], 2).permute(2, 0, 1)[None]


class DecoderLayer(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads)
        self.multihead_attn = nn.MultiheadAttention(width, heads)
        self.linear1, self.linear2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))

    def forward(self, x: Tensor, memory: Tensor, query: Tensor, position: Tensor) -> Tensor:
        own = x + query
        x = self.norm1(x + self.self_attn(own, own, x)[0])
        x = self.norm2(x + self.multihead_attn(x + query, memory + position, memory)[0])
        return self.norm3(x + self.linear2(F.relu(self.linear1(x))))


class Decoder(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int, layers: int):
        super().__init__()
        self.layers = nn.ModuleList([DecoderLayer(width, heads, hidden) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)

    def forward(self, memory: Tensor, query: Tensor, position: Tensor) -> Tensor:
        x = torch.zeros_like(query)
        for layer in self.layers:
            x = layer(x, memory, query, position)
        return self.norm(x)


class Transformer(nn.Module):
    def __init__(self, *size: int):
        super().__init__()
        self.decoder = Decoder(*size)


class Mlp(nn.Module):
    def __init__(self, width: int, out: int):
        super().__init__()
        sizes = [width, width, width, out]
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[2](F.relu(self.layers[1](F.relu(self.layers[0](x)))))


class Predictor(nn.Module):
    def __init__(self, channels: int, width: int, mask: int, queries: int, heads: int, hidden: int,
                 layers: int):
        super().__init__()
        self.transformer = Transformer(width, heads, hidden, layers)
        self.query_embed = nn.Embedding(queries, width)
        self.input_proj = nn.Conv2d(channels, width, 1)
        self.mask_embed = Mlp(width, mask)
        # Made by the published code for more than two queries, and never used.
        self.mask_querie_comb = nn.Sequential(
            nn.Conv2d(queries, queries, 1), nn.Conv2d(queries, 2, 5))

    def forward(self, feature: Tensor) -> Tensor:
        """Embeddings of the masks, [batch, queries, mask]."""
        memory = self.input_proj(feature)
        batch, width, rows, columns = memory.shape
        position = position_encoding(rows, columns, width).to(memory.dtype).flatten(2).permute(2, 0, 1)
        query = self.query_embed.weight[:, None].expand(-1, batch, -1)
        memory = memory.flatten(2).permute(2, 0, 1)
        return self.mask_embed(self.transformer.decoder(memory, query, position)).transpose(0, 1)


class Head(nn.Module):
    def __init__(self, channels: Sequence[int], width: int, mask: int, groups: int, queries: int,
                 heads: int, hidden: int, layers: int):
        super().__init__()
        self.pixel_decoder = PixelDecoder(channels, width, mask, groups)
        self.predictor = Predictor(channels[-1], width, mask, queries, heads, hidden, layers)

    def forward(self, features: Sequence[Tensor], height: int, width: int) -> Tensor:
        """Logits of the masks, [batch, queries, height, width]."""
        maps = self.pixel_decoder(features)
        logits = torch.einsum("bqc,bchw->bqhw", self.predictor(features[-1]), maps)
        return crop_or_resize(logits, height, width)


def crop_or_resize(x: Tensor, height: int, width: int) -> Tensor:
    h, w = x.shape[-2:]
    if height <= h < 1.1 * height and width <= w < 1.1 * width:
        top, left = round((h - height) / 2), round((w - width) / 2)
        return x[..., top:top + height, left:left + width]
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)


def basis(height: int, width: int, terms: int) -> Tensor:
    """1, x, y, x², y², xy on pixel centres, both coordinates in [-1, 1]; [pixels, terms]."""
    def axis(n: int) -> Tensor:
        return (2 * torch.arange(n).double() + 1) / n - 1
    y, x = torch.meshgrid(axis(height), axis(width), indexing="ij")
    return torch.stack([torch.ones_like(x), x, y, x * x, y * y, x * y], -1).flatten(0, 1)[:, :terms]


def fitted_flow(masks: Tensor, flow: Tensor, terms: int, ridge: float = 1e-4) -> Tensor:
    """Σ_k m_k φᵀθ_k with θ_k = argmin Σ m_k² |φᵀθ − F|² + ridge·Σm_k² |θ|², [batch, 2, h, w].

    masks: [batch, segments, h, w]; flow: [batch, 2, h, w].
    """
    batch, segments, height, width = masks.shape
    phi = basis(height, width, terms)
    m, f = masks.flatten(2), flow.flatten(2)
    weight = m * m
    normal = torch.einsum("bkl,li,lj->bkij", weight, phi, phi)
    right = torch.einsum("bkl,li,bcl->bkic", weight, phi, f)
    epsilon = ridge * weight.sum(-1) + 1e-6
    theta = torch.linalg.solve(normal + epsilon[..., None, None] * torch.eye(terms).double(), right)
    return torch.einsum("bkl,li,bkic->bcl", m, phi, theta).reshape(flow.shape)


def fitted_flow_qr(masks: Tensor, flow: Tensor) -> Tensor:
    """The same without a ridge and as the published code has it: QR on coordinates from 0 to 1."""
    batch, segments, height, width = masks.shape
    a, b = torch.meshgrid(torch.arange(height).double() / height, torch.arange(width).double() / width,
                          indexing="ij")
    phi = torch.stack([a, b, a * a, b * b, a * b, torch.ones_like(a)], -1).flatten(0, 1)
    result = torch.zeros(flow.flatten(2).shape, dtype=torch.float64)
    for k in range(segments):
        for n in range(batch):
            m = masks[n, k].flatten()[:, None]
            q, r = torch.linalg.qr(m * phi)
            theta = torch.linalg.solve(r, q.T @ (m * flow[n].flatten(1).T))
            result[n] += (m * phi @ theta).T
    return result.reshape(flow.shape)


def motion_loss(logits: Tensor, flow: Tensor, terms: int, scale: float = 0.03) -> Tensor:
    """Scale times the mean squared error of the fitted flow; masks are upsampled to the flow."""
    masks = F.interpolate(logits.softmax(1), size=flow.shape[-2:], mode="bilinear",
                          align_corners=False)
    return scale * (flow - fitted_flow(masks, flow, terms)).square().mean()
