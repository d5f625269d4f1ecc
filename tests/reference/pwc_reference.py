"""PWC-Net (Sun et al., CVPR 2018) in plain PyTorch, with the released code's parameter names.

Both models: `PWCNet(3)`, whose code and weights are public (`pwc_dc_net`, 9,374,340 parameters), and
`PWCNet(2)`, the paper's with two convolutions a pyramid level (`pwc_dc_net_old`, 8,749,280). It
differs from the released code in two things: the cost volume is PyTorch's own operations, and warping
samples with aligned corners, which the code was written for and later versions of PyTorch don't.
"""
from typing import Dict, List, NamedTuple

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

PYRAMID = [16, 32, 64, 96, 128, 196]
DENSE = [128, 128, 96, 64, 32]
CONTEXT = [(128, 1), (128, 2), (128, 4), (96, 8), (64, 16), (32, 1)]
RADIUS, SCALE = 4, 20.0
ALPHAS = {2: 0.005, 3: 0.01, 4: 0.02, 5: 0.08, 6: 0.32}


def conv(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation), nn.LeakyReLU(0.1))


def predict_flow(inputs: int) -> nn.Module:
    return nn.Conv2d(inputs, 2, 3, padding=1)


def deconv(inputs: int) -> nn.Module:
    return nn.ConvTranspose2d(inputs, 2, 4, 2, 1)


def cost_volume(first: Tensor, second: Tensor) -> Tensor:
    """Mean over channels of first(x, y) * second(x + dx, y + dy); channel = (dy + 4) * 9 + dx + 4."""
    height, width = first.shape[-2:]
    around = F.pad(second, [RADIUS] * 4)
    side = range(2 * RADIUS + 1)
    return torch.stack([(first * around[..., dy:dy + height, dx:dx + width]).mean(1)
                        for dy in side for dx in side], 1)


def warp(features: Tensor, flow: Tensor, least: float) -> Tensor:
    """Backward warping; a sample of which less than `least` lies inside is dropped."""
    _, _, height, width = features.shape
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid = torch.stack([x, y]).to(flow.dtype) + flow
    size = torch.tensor([max(width - 1, 1), max(height - 1, 1)], dtype=flow.dtype)
    grid = 2 * grid.permute(0, 2, 3, 1) / size - 1
    sample = F.grid_sample(features, grid, align_corners=True)
    inside = F.grid_sample(torch.ones_like(features[:, :1]), grid, align_corners=True)
    return sample * (inside >= least).to(sample.dtype)


class Prediction(NamedTuple):
    flows: Dict[int, Tensor]  # by level 2...6, [N, 2, H / 2^level, W / 2^level], in pixels / 20
    features: Dict[int, Tensor]  # of picture 1, by level 1...6


class PWCNet(nn.Module):
    def __init__(self, convolutions: int = 3):
        super().__init__()
        volume = (2 * RADIUS + 1) ** 2
        width = 3
        for level, outputs in enumerate(PYRAMID, 1):
            for i, name in enumerate(self.layers(level, convolutions)):
                self.add_module(name, conv(width, outputs, 1 if i else 2))
                width = outputs
        self.convolutions = convolutions
        for level in range(6, 1, -1):
            width = volume if level == 6 else volume + PYRAMID[level - 1] + 4
            for i, outputs in enumerate(DENSE):
                self.add_module(f"conv{level}_{i}", conv(width, outputs))
                width += outputs
            self.add_module(f"predict_flow{level}", predict_flow(width))
            self.add_module(f"deconv{level}", deconv(2))  # that of level 2 is not used
            if level > 2:
                self.add_module(f"upfeat{level}", deconv(width))
        for i, (outputs, dilation) in enumerate(CONTEXT, 1):
            self.add_module(f"dc_conv{i}", conv(width, outputs, dilation=dilation))
            width = outputs
        self.dc_conv7 = predict_flow(width)

    @staticmethod
    def layers(level: int, convolutions: int) -> List[str]:
        suffixes = ["a", "b"] if convolutions == 2 else ["a", "aa", "b"]
        if convolutions == 3 and level == 6:
            suffixes = ["aa", "a", "b"]
        return [f"conv{level}{suffix}" for suffix in suffixes]

    def run(self, name: str, x: Tensor) -> Tensor:
        return self._modules[name](x)

    def pyramid(self, image: Tensor) -> Dict[int, Tensor]:
        levels, x = {}, image
        for level in range(1, 7):
            for name in self.layers(level, self.convolutions):
                x = self.run(name, x)
            levels[level] = x
        return levels

    def forward(self, image1: Tensor, image2: Tensor) -> Prediction:
        """Pictures are [N, 3, H, W] BGR in 0...1, H and W multiples of 64."""
        first, second = self.pyramid(image1), self.pyramid(image2)
        flows: Dict[int, Tensor] = {}
        above: List[Tensor] = []
        for level in range(6, 1, -1):
            other = second[level]
            if above:
                least = 0.999 if self.convolutions == 2 else 0.9999
                other = warp(other, above[0] * (SCALE / 2**level), least)
            volume = F.leaky_relu(cost_volume(first[level], other), 0.1)
            x = torch.cat([volume, first[level], *above], 1) if above else volume
            for i in range(len(DENSE)):
                new = self.run(f"conv{level}_{i}", x)
                # The older class puts what is new last, but for one.
                x = torch.cat([x, new] if self.convolutions == 2 and i != 1 else [new, x], 1)
            flows[level] = self.run(f"predict_flow{level}", x)
            if level > 2:
                above = [self.run(f"deconv{level}", flows[level]), self.run(f"upfeat{level}", x)]
        for i in range(1, 8):
            x = self.run(f"dc_conv{i}", x)
        flows[2] = flows[2] + x
        return Prediction(flows, first)


def shrink(truth: Tensor, valid: Tensor, height: int, width: int):
    """Triangular weights with aligned corners over the known vectors (Caffe's Downsample layer).

    `truth` [N, 2, H, W], `valid` [N, H, W]; the same at the given size, unknown where the unknown
    weight exceeds half of the known.
    """
    def weights(fine: int, coarse: int) -> Tensor:
        step = (fine - 1) / max(1, coarse - 1)
        center = torch.full((1,), (fine - 1) / 2) if coarse == 1 else torch.arange(coarse) * step
        distance = (torch.arange(fine)[None] - center[:, None]).abs() / max(step, 1)
        return (1 - distance).clamp(min=0).to(truth.dtype)

    down, across = weights(truth.shape[2], height), weights(truth.shape[3], width)
    known, everything = down @ valid @ across.T, down @ torch.ones_like(valid) @ across.T
    mean = (down @ (truth * valid[:, None]) @ across.T) / known.clamp(min=1e-9)[:, None]
    counts = (known > 0) & (everything - known <= 0.5 * known)
    return mean * counts[:, None], counts.to(truth.dtype)


def multi_scale_loss(flows: Dict[int, Tensor], truth: Tensor, valid: Tensor, robust: bool) -> Tensor:
    """Sum over pixels, mean over the batch, ground truth in pixels / 20 on each level."""
    total = 0
    for level, flow in flows.items():
        wanted, counts = shrink(truth / SCALE, valid, *flow.shape[-2:])
        error = flow - wanted
        if robust:
            penalty = (error.abs().sum(1) + 0.01) ** 0.4
        else:
            penalty = (error.pow(2).sum(1) + 0.01).sqrt()
        total = total + ALPHAS[level] * (penalty * counts).sum() / len(flow)
    return total
