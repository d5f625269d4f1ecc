"""RAFT-small as an ONNX file, for `deno task bench` and `evaluate --onnx` to run beside our own model:

    python3 tests/reference/export_raft_onnx.py data/bench/raft-small-128x256x12.onnx
    python3 tests/reference/export_raft_onnx.py OUT --weights raft-small.pth --size 384x512 --updates 12

torchvision's graph (an implementation independent of ours) with official weights, or with those of
deterministic.py, which it then also writes, under official names, to a safetensors file beside it.
Inputs `image1` and `image2` [1, 3, H, W], RGB in 0...255; output `flow` [1, 2, H, W] in pixels. Size
and updates are baked in: a trace unrolls the loop.
"""
import argparse
from pathlib import Path

import torch
from torch import Tensor

import deterministic
from fixture_files import save_tensors
import raft_reference as reference
import torchvision_raft

OPSET = 16  # the first one with GridSample


class LastFlow(torch.nn.Module):
    """Pictures as our model takes them, and nothing but the last flow."""

    def __init__(self, model: torch.nn.Module, updates: int):
        super().__init__()
        self.model, self.updates = model, updates

    def forward(self, image1: Tensor, image2: Tensor) -> Tensor:
        return self.model(2 * (image1 / 255) - 1, 2 * (image2 / 255) - 1, self.updates)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write RAFT-small as ONNX.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path, help="official .pth")
    parser.add_argument("--size", default="128x256", help="height x width, multiples of 8 from 128 on")
    parser.add_argument("--updates", type=int, default=12)
    options = parser.parse_args()
    out = options.out
    height, width = map(int, options.size.split("x"))
    if options.weights:
        loaded = torch.load(options.weights, map_location="cpu")
        state = {name.replace("module.", "", 1): value for name, value in loaded.items()}
    else:
        shapes = reference.RAFT(small=True).state_dict()
        state = {name: torch.from_numpy(deterministic.tensor(name, tuple(value.shape))).to(value.dtype)
                 for name, value in shapes.items()}
        save_tensors(str(out.resolve().with_suffix("")), state, {"source": Path(__file__).name})
    picture = torch.zeros(1, 3, height, width)
    model = LastFlow(torchvision_raft.build(True, state), options.updates).eval()
    torch.onnx.export(model, (picture, picture), str(out), opset_version=OPSET,
                      input_names=["image1", "image2"], output_names=["flow"])


if __name__ == "__main__":
    main()
