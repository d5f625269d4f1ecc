"""RAFT-small on three frames in a row, the second pair started from the first one's flow.

    python3 tests/reference/make_warm_start_fixture.py

`fixtures/raft/warm_start`: as RAFT's create_sintel_submission does it. Its forward_interpolate asks
scipy for the nearest of scattered points; here all distances are computed, which gives the same
wherever one point is nearest (and is checked against scipy where that is installed). Takes seconds.
"""
import numpy as np
import torch

import deterministic
from fixture_files import nhwc, save_tensors
from make_raft_fixtures import deterministic_model, to_batch


def forward_interpolate(flow: np.ndarray) -> np.ndarray:
    """[2, H, W] to the same shape."""
    _, height, width = flow.shape
    x0, y0 = np.meshgrid(np.arange(width), np.arange(height))
    x1, y1 = (x0 + flow[0]).reshape(-1), (y0 + flow[1]).reshape(-1)
    inside = (x1 > 0) & (x1 < width) & (y1 > 0) & (y1 < height)
    points = np.stack([x1[inside], y1[inside]], 1)
    grid = np.stack([x0.reshape(-1), y0.reshape(-1)], 1)
    distances = ((grid[:, None] - points[None]) ** 2).sum(-1)
    two = np.sort(distances, 1)[:, :2]
    assert (two[:, 1] - two[:, 0] > 1e-9).all(), "two points are equally near"
    moved = flow.reshape(2, -1)[:, inside][:, distances.argmin(1)].reshape(flow.shape)
    try:
        from scipy.interpolate import griddata
        for c in (0, 1):
            values = flow[c].reshape(-1)[inside]
            assert (griddata(tuple(points.T), values, (x0, y0), method="nearest") == moved[c]).all()
        print("scipy agrees")
    except ImportError:
        print("no scipy here to agree")
    return moved


def main() -> None:
    torch.set_default_dtype(torch.float64)
    arguments = ("warm", 128, 136, 3, -5)
    first, second = deterministic.picture_pair(*arguments)
    third = np.roll(second, (3, -5), (0, 1))
    frames = [to_batch(picture) for picture in (first, second, third)]
    model = deterministic_model(True).eval()
    with torch.no_grad():
        before = model(frames[0], frames[1], 3).low_flows[-1]
        # As float32, which is what the official code hands to numpy.
        start = torch.from_numpy(forward_interpolate(before[0].float().double().numpy()))[None]
        after = model(frames[1], frames[2], 3, start)
        cold = model(frames[1], frames[2], 3)
    apart = (after.flows[-1] - cold.flows[-1]).abs().max().item()
    print(f"a warm start changes the flow by up to {apart:.3f} px")
    save_tensors("warm_start", {
        "before": nhwc(before[0]),
        "start": nhwc(start[0]),
        "flow": nhwc(after.flows[-1][0])[::4, ::4],
    }, {
        "source": "raft_reference.py, RAFT-small, float64, 3 iterations a pair",
        "picture_pair": arguments,
        "third": "the second picture moved by (3, -5) once more, without noise",
        "kept": "every 4th row and column of the flow, from 0",
        "changed_by": apart,
    })


if __name__ == "__main__":
    main()
