"""A tiny flow network as PyTorch exports it, and what PyTorch says it gives: `fixtures/onnx`.

    python3 tests/reference/make_onnx_fixture.py

Shared convolutions, a warp by `grid_sample` and a refinement, at a quarter of the resolution, for
pictures of any size that is a multiple of 4. It has learned nothing; its weights are those of
deterministic.py. Takes seconds.
"""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import deterministic
import fixture_files

FOLDER = fixture_files.FOLDER.parent / "onnx"


class TinyFlow(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(3, 8, 5, 2, 2)
        self.deeper = nn.Conv2d(8, 12, 3, 2, 1)
        self.first = nn.Conv2d(24, 2, 3, 1, 1)
        self.refine = nn.Conv2d(26, 2, 3, 1, 1)

    def encode(self, image):
        return F.relu(self.deeper(F.relu(self.features(2 * (image / 255) - 1))))

    def forward(self, image1, image2):
        a, b = self.encode(image1), self.encode(image2)
        flow = self.first(torch.cat([a, b], 1))
        height, width = a.shape[2], a.shape[3]
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        x = 2 * (columns + flow[:, 0]) / (width - 1) - 1
        y = 2 * (rows + flow[:, 1]) / (height - 1) - 1
        warped = F.grid_sample(b, torch.stack([x, y], -1), align_corners=True)
        return 4 * (flow + self.refine(torch.cat([a, warped, flow], 1)))


def main() -> None:
    model = TinyFlow().eval()
    model.load_state_dict({name: torch.from_numpy(deterministic.tensor(name, value.shape))
                           for name, value in model.state_dict().items()})
    FOLDER.mkdir(parents=True, exist_ok=True)
    arguments = ["onnx", 48, 64, 1, 2]
    pair = deterministic.picture_pair(*arguments)
    pictures = [torch.from_numpy(p.astype(np.float32)).permute(2, 0, 1)[None] for p in pair]
    names = ["image1", "image2", "flow"]
    axes = {name: {2: "height", 3: "width"} for name in names[:2]}
    torch.onnx.export(model, tuple(pictures), str(FOLDER / "tiny_flow.onnx"), opset_version=16,
                      input_names=names[:2], output_names=names[2:],
                      dynamic_axes={**axes, "flow": {2: "rows", 3: "columns"}})
    with torch.no_grad():
        flow = model.double()(*(p.double() for p in pictures))
    fixture_files.FOLDER = FOLDER
    fixture_files.save_tensors("tiny_flow", {"flow": fixture_files.nhwc(flow)}, {
        "source": "PyTorch, float64", "picture_pair": arguments})


if __name__ == "__main__":
    main()
