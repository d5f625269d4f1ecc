"""RAFT-small as an ONNX file, for `deno task bench` to run beside our own model:

    python3 tests/reference/export_raft_onnx.py data/bench/raft-small-128x256x12.onnx

torchvision's graph (an implementation independent of ours) with the weights of deterministic.py,
which it also writes, under official names, to a safetensors file beside it. Inputs `image1` and
`image2` [1, 3, 128, 256], RGB in 0...255; output `flow` [1, 2, 128, 256] in pixels, after 12
updates. Size and updates are baked in: a trace unrolls the loop.
"""
import argparse
from pathlib import Path

import torch
from torch import Tensor

import deterministic
from fixture_files import save_tensors
import raft_reference as reference
import torchvision_raft

HEIGHT, WIDTH, UPDATES = 128, 256, 12
OPSET = 16  # the first one with GridSample


class LastFlow(torch.nn.Module):
    """Pictures as our model takes them, and nothing but the last flow."""

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model

    def forward(self, image1: Tensor, image2: Tensor) -> Tensor:
        return self.model(2 * (image1 / 255) - 1, 2 * (image2 / 255) - 1, UPDATES)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write RAFT-small as ONNX.")
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    shapes = reference.RAFT(small=True).state_dict()
    state = {name: torch.from_numpy(deterministic.tensor(name, tuple(value.shape))).to(value.dtype)
             for name, value in shapes.items()}
    save_tensors(str(out.resolve().with_suffix("")), state, {"source": Path(__file__).name})
    picture = torch.zeros(1, 3, HEIGHT, WIDTH)
    model = LastFlow(torchvision_raft.build(True, state)).eval()
    torch.onnx.export(model, (picture, picture), str(out), opset_version=OPSET,
                      input_names=["image1", "image2"], output_names=["flow"])


if __name__ == "__main__":
    main()
