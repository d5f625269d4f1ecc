"""RAFT (Teed & Deng, ECCV 2020) in plain PyTorch, with the official parameter names.

Both published models: `RAFT(small=False)` (5,257,536 parameters) and `RAFT(small=True)` (990,162).
It differs from the official code in one thing: the correlation pyramid is sampled in pixel
coordinates. The official code normalises by (size - 1), which is NaN on a level one pixel wide, so
it needs 128x128 pixels; this one takes any multiple of 8.

`model.train()` gives BatchNorm batch statistics (the chairs stage); `freeze_batch_norm(model)` after
it gives the later stages' running statistics. Dropout is 0 in every published recipe and left out.
"""
import math
from typing import List, NamedTuple, Optional

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


def make_norm(kind: str, channels: int) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return nn.InstanceNorm2d(channels) if kind == "instance" else nn.Sequential()


class Block(nn.Module):
    """Residual block (3x3, 3x3) or bottleneck (1x1, 3x3, 1x1); its first 3x3 carries the stride."""

    def __init__(self, inputs: int, planes: int, norm: str, stride: int, bottleneck: bool):
        super().__init__()
        quarter = planes // 4
        layers = [(1, quarter), (3, quarter), (1, planes)] if bottleneck else [(3, planes)] * 2
        self.depth = len(layers)
        width, pending = inputs, stride
        for i, (kernel, outputs) in enumerate(layers, 1):
            step, pending = (pending, 1) if kernel == 3 else (1, pending)
            self.add_module(f"conv{i}", nn.Conv2d(width, outputs, kernel, step, kernel // 2))
            self.add_module(f"norm{i}", make_norm(norm, outputs))
            width = outputs
        self.downsample = None
        if stride != 1:
            # The official module is registered under both names: norm3 (norm4) and downsample.1.
            shortcut = make_norm(norm, planes)
            self.add_module(f"norm{self.depth + 1}", shortcut)
            self.downsample = nn.Sequential(nn.Conv2d(inputs, planes, 1, stride), shortcut)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for i in range(1, self.depth + 1):
            conv, norm = getattr(self, f"conv{i}"), getattr(self, f"norm{i}")
            y = F.relu(norm(conv(y)))
        return F.relu((x if self.downsample is None else self.downsample(x)) + y)


class Encoder(nn.Module):
    """Picture to features at 1/8 of the resolution (BasicEncoder, SmallEncoder)."""

    def __init__(self, outputs: int, norm: str, small: bool):
        super().__init__()
        stem, middle, last = (32, 64, 96) if small else (64, 96, 128)
        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3)
        self.norm1 = make_norm(norm, stem)
        for level, (inputs, planes, stride) in enumerate(
            [(stem, stem, 1), (stem, middle, 2), (middle, last, 2)], 1
        ):
            blocks = [Block(inputs, planes, norm, stride, small), Block(planes, planes, norm, 1, small)]
            self.add_module(f"layer{level}", nn.Sequential(*blocks))
        self.conv2 = nn.Conv2d(last, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm1(self.conv1(x)))
        return self.conv2(self.layer3(self.layer2(self.layer1(x))))


class MotionEncoder(nn.Module):
    def __init__(self, correlations: int, small: bool):
        super().__init__()
        self.convc1 = nn.Conv2d(correlations, 96 if small else 256, 1)
        self.convc2 = None if small else nn.Conv2d(256, 192, 3, padding=1)
        self.convf1 = nn.Conv2d(2, 64 if small else 128, 7, padding=3)
        self.convf2 = nn.Conv2d(64 if small else 128, 32 if small else 64, 3, padding=1)
        self.conv = nn.Conv2d(128 if small else 256, 80 if small else 126, 3, padding=1)

    def forward(self, flow: Tensor, correlation: Tensor) -> Tensor:
        cor = F.relu(self.convc1(correlation))
        if self.convc2 is not None:
            cor = F.relu(self.convc2(cor))
        flo = F.relu(self.convf2(F.relu(self.convf1(flow))))
        return torch.cat([F.relu(self.conv(torch.cat([cor, flo], 1))), flow], 1)


class GRU(nn.Module):
    """One 3x3 step (small), or a 1x5 step (suffix 1) and then a 5x1 step (suffix 2)."""

    def __init__(self, hidden: int, inputs: int, small: bool):
        super().__init__()
        self.steps = {"": (3, 3)} if small else {"1": (1, 5), "2": (5, 1)}
        for suffix, (kh, kw) in self.steps.items():
            for gate in "zrq":
                conv = nn.Conv2d(hidden + inputs, hidden, (kh, kw), padding=(kh // 2, kw // 2))
                self.add_module(f"conv{gate}{suffix}", conv)

    def forward(self, h: Tensor, x: Tensor) -> Tensor:
        for suffix in self.steps:
            convz, convr, convq = (getattr(self, f"conv{gate}{suffix}") for gate in "zrq")
            hx = torch.cat([h, x], 1)
            z, r = torch.sigmoid(convz(hx)), torch.sigmoid(convr(hx))
            q = torch.tanh(convq(torch.cat([r * h, x], 1)))
            h = (1 - z) * h + z * q
        return h


class FlowHead(nn.Module):
    def __init__(self, inputs: int, hidden: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, hidden, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(F.relu(self.conv1(x)))


class UpdateBlock(nn.Module):
    def __init__(self, correlations: int, hidden: int, context: int, small: bool):
        super().__init__()
        self.encoder = MotionEncoder(correlations, small)
        self.gru = GRU(hidden, context + (82 if small else 128), small)
        self.flow_head = FlowHead(hidden, 128 if small else 256)
        self.mask = None if small else nn.Sequential(
            nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 576, 1))

    def forward(self, net: Tensor, inp: Tensor, correlation: Tensor, flow: Tensor):
        net = self.gru(net, torch.cat([inp, self.encoder(flow, correlation)], 1))
        return net, None if self.mask is None else 0.25 * self.mask(net), self.flow_head(net)


def sample_pixels(maps: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear samples of `maps` [M, h, w] at pixel coordinates x, y [M, S]; outside counts as 0."""
    _, h, w = maps.shape
    flat = maps.flatten(1)
    x0, y0 = x.floor(), y.floor()
    out = torch.zeros_like(x)
    for xi, yi in [(x0, y0), (x0 + 1, y0), (x0, y0 + 1), (x0 + 1, y0 + 1)]:
        weight = (1 - (x - xi).abs()) * (1 - (y - yi).abs())
        inside = (xi >= 0) & (xi < w) & (yi >= 0) & (yi < h)
        index = yi.clamp(0, h - 1).long() * w + xi.clamp(0, w - 1).long()
        out = out + flat.gather(1, index) * torch.where(inside, weight, torch.zeros_like(weight))
    return out


def correlation_pyramid(fmap1: Tensor, fmap2: Tensor, levels: int) -> List[Tensor]:
    """All-pairs dot products over sqrt(D), average-pooled over picture 2: [N*H*W, h, w] a level."""
    n, d, h, w = fmap1.shape
    volume = torch.matmul(fmap1.flatten(2).transpose(1, 2), fmap2.flatten(2)) / math.sqrt(d)
    pyramid = [volume.reshape(n * h * w, h, w)]
    for _ in range(levels - 1):
        last = pyramid[-1]
        fits = min(last.shape[1:]) >= 2
        pyramid.append(F.avg_pool2d(last[:, None], 2)[:, 0] if fits else last[:, :0, :0])
    return pyramid


def look_up(pyramid: List[Tensor], coords: Tensor, radius: int) -> Tensor:
    """Correlations around `coords` [N, 2, H, W] (x, y): [N, levels * (2 radius + 1)^2, H, W].

    Channel = level * (2r+1)^2 + (dx + r) * (2r+1) + (dy + r): x is the slow axis of the window.
    """
    n, _, h, w = coords.shape
    span = torch.arange(-radius, radius + 1, dtype=coords.dtype)
    dx, dy = (d.reshape(1, -1) for d in torch.meshgrid(span, span, indexing="ij"))
    x, y = coords.permute(1, 0, 2, 3).reshape(2, n * h * w, 1)
    found = []
    for level, maps in enumerate(pyramid):
        at = (x / 2**level + dx, y / 2**level + dy)
        found.append(sample_pixels(maps, *at) if maps.numel() else torch.zeros_like(at[0]))
    return torch.cat(found, 1).reshape(n, h, w, -1).permute(0, 3, 1, 2)


def upsample_convex(flow: Tensor, mask: Tensor) -> Tensor:
    """Learned x8 upsampling: [N, 2, H, W] and [N, 576, H, W] to [N, 2, 8H, 8W]."""
    n, _, h, w = flow.shape
    weights = mask.view(n, 1, 9, 8, 8, h, w).softmax(2)
    neighbours = F.unfold(8 * flow, 3, padding=1).view(n, 2, 9, 1, 1, h, w)
    return (weights * neighbours).sum(2).permute(0, 1, 4, 2, 5, 3).reshape(n, 2, 8 * h, 8 * w)


def upsample_bilinear(flow: Tensor) -> Tensor:
    """Plain x8 upsampling: [N, 2, H, W] to [N, 2, 8H, 8W]."""
    size = (8 * flow.shape[2], 8 * flow.shape[3])
    return 8 * F.interpolate(flow, size=size, mode="bilinear", align_corners=True)


class Prediction(NamedTuple):
    """One flow an iteration, in pixels of its own resolution, plus what the loop started from."""
    flows: List[Tensor]  # [N, 2, H, W]
    low_flows: List[Tensor]  # [N, 2, H/8, W/8]
    fmap1: Tensor
    net: Tensor
    inp: Tensor
    correlation: Tensor  # the first lookup


class RAFT(nn.Module):
    def __init__(self, small: bool = False):
        super().__init__()
        self.hidden, self.context = (96, 64) if small else (128, 128)
        self.levels, self.radius = 4, 3 if small else 4
        self.fnet = Encoder(128 if small else 256, "instance", small)
        self.cnet = Encoder(self.hidden + self.context, "none" if small else "batch", small)
        correlations = self.levels * (2 * self.radius + 1) ** 2
        self.update_block = UpdateBlock(correlations, self.hidden, self.context, small)

    def forward(self, image1: Tensor, image2: Tensor, iterations: int = 12,
                flow_init: Optional[Tensor] = None) -> Prediction:
        """Pictures are [N, 3, H, W] RGB in 0...255, H and W multiples of 8.

        `flow_init` is where the flow starts, [N, 2, H/8, W/8]; zero unless given.
        """
        image1, image2 = 2 * (image1 / 255) - 1, 2 * (image2 / 255) - 1
        fmap1, fmap2 = self.fnet(torch.cat([image1, image2])).chunk(2)
        pyramid = correlation_pyramid(fmap1, fmap2, self.levels)
        net, inp = self.cnet(image1).split([self.hidden, self.context], 1)
        net, inp = torch.tanh(net), torch.relu(inp)
        start = (fmap1, net, inp)
        n, _, h, w = fmap1.shape
        rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        coords0 = torch.stack([columns, rows]).to(fmap1.dtype).expand(n, 2, h, w)
        coords1 = coords0 if flow_init is None else coords0 + flow_init
        first, flows, low_flows = None, [], []
        for _ in range(iterations):
            coords1 = coords1.detach()
            correlation = look_up(pyramid, coords1, self.radius)
            first = correlation if first is None else first
            net, mask, delta = self.update_block(net, inp, correlation, coords1 - coords0)
            coords1 = coords1 + delta
            low_flows.append(coords1 - coords0)
            flows.append(upsample_bilinear(low_flows[-1]) if mask is None
                         else upsample_convex(low_flows[-1], mask))
        return Prediction(flows, low_flows, *start, first)


def freeze_batch_norm(model: nn.Module) -> None:
    """Running statistics instead of the batch's; gamma and beta keep their gradients."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def sequence_loss(flows: List[Tensor], truth: Tensor, valid: Tensor, gamma: float = 0.8) -> Tensor:
    """Weighted L1 of every prediction; the mean also counts invalid pixels and both channels."""
    counted = (valid >= 0.5) & (truth.pow(2).sum(1).sqrt() < 400)
    terms = [(counted[:, None] * (flow - truth).abs()).mean() for flow in flows]
    return sum(gamma ** (len(terms) - 1 - i) * term for i, term in enumerate(terms))


def pad_amounts(height: int, width: int, mode: str = "sintel") -> List[int]:
    """Left, right, top, bottom rows to replicate up to multiples of 8."""
    extra_h, extra_w = -height % 8, -width % 8
    top = extra_h // 2 if mode == "sintel" else 0
    return [extra_w // 2, extra_w - extra_w // 2, top, extra_h - top]
