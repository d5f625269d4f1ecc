"""What the official weights score on real frames in PyTorch: `fixtures/raft/evaluation.json`.

    python3 tests/reference/make_evaluation_fixture.py

Scored as RAFT's evaluate.py scores (padding, iterations, masks, thresholds) and averaged both ways:
`per_image` is the mean of the images' means, `pooled` the mean over all counted pixels. Nothing here
is shared with our own metrics. The model runs in float32, as it is used; KITTI's pair, on which the
iteration amplifies rounding, in float64 as well. Takes some minutes; needs the real data (see
tests/shared_data.ts).
"""
import numpy as np
import torch
from PIL import Image

import raft_reference as reference
from fixture_files import save_json
from make_raft_fixtures import DATA, read_flo, to_batch

MIDDLEBURY = ("Dimetrodon", "Grove2", "Hydrangea", "RubberWhale", "Urban2")

# Dataset: pairs (id, two pictures, truth), numbers of iterations, padding, whether only known pixels
# count.
DATASETS = {
    "middlebury": ([(name, [f"middlebury/other-data/{name}/frame{n}.png" for n in (10, 11)],
                     f"middlebury/other-gt-flow/{name}/flow10.flo") for name in MIDDLEBURY],
                   (12,), "sintel", True),
    "sintel-clean": ([("alley_1/frame_0001",
                       [f"sintel/training/clean/alley_1/frame_000{n}.png" for n in (1, 2)],
                       "sintel/training/flow/alley_1/frame_0001.flo")], (32,), "sintel", False),
    "kitti-2015": ([("000000", [f"kitti2015/training/image_2/000000_{n}.png" for n in (10, 11)],
                     "kitti2015/training/flow_occ/000000_10.png")], (24,), "kitti", True),
    "flying-chairs": ([(name, [f"flyingchairs/FlyingChairs_release/data/{name}_img{n}.ppm"
                               for n in (1, 2)],
                        f"flyingchairs/FlyingChairs_release/data/{name}_flow.flo")
                       for name in ("00001", "00002")], (4, 24), None, False),
}


def read_kitti(path):
    """KITTI's 16-bit PNG without OpenCV: PIL keeps 8 bits of 16-bit RGB, so its rows are undone here."""
    import struct
    import zlib
    raw = path.read_bytes()
    at, data, header = 8, b"", None
    while at < len(raw):
        length, kind = struct.unpack(">I4s", raw[at:at + 8])
        body = raw[at + 8:at + 8 + length]
        header = struct.unpack(">IIBBBBB", body) if kind == b"IHDR" else header
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    width, height, depth, colour, _, _, interlaced = header
    assert (depth, colour, interlaced) == (16, 2, 0)
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + 6 * width)
    above = np.zeros(6 * width, np.int64)
    out = np.zeros((height, 6 * width), np.int64)
    for y, row in enumerate(rows):
        kind, line = row[0], row[1:].astype(np.int64)
        if kind == 2:
            line = (line + above) % 256
        elif kind in (1, 3, 4):
            for i in range(len(line)):
                left = line[i - 6] if i >= 6 else 0
                corner = above[i - 6] if i >= 6 else 0
                if kind == 1:
                    guess = left
                elif kind == 3:
                    guess = (left + above[i]) // 2
                else:
                    p = left + above[i] - corner
                    guess = min((abs(p - left), 0, left), (abs(p - above[i]), 1, above[i]),
                                (abs(p - corner), 2, corner))[2]
                line[i] = (line[i] + guess) % 256
        out[y] = above = line
    values = (256 * out[:, ::2] + out[:, 1::2]).reshape(height, width, 3)
    flow = torch.from_numpy((values[..., :2] - 2.0**15) / 64).permute(2, 0, 1)
    return flow, torch.from_numpy(values[..., 2] > 0)


def read_truth(name, only_known):
    path = DATA / name
    if path.suffix == ".png":
        return read_kitti(path)
    flow = read_flo(path)
    known = (flow.abs() < 1e9).all(0)
    return flow, known if only_known else torch.ones_like(known)


def scores(flow, truth, valid):
    """Every counted pixel's values."""
    epe = (flow - truth).pow(2).sum(0).sqrt()[valid]
    mag = truth.pow(2).sum(0).sqrt()[valid]
    one = torch.ones_like(flow[:1])
    a, b = torch.cat([flow, one]), torch.cat([truth, one])
    cosine = (a * b).sum(0) / (a.norm(dim=0) * b.norm(dim=0))
    return {
        "epe": epe,
        "px1": 100.0 * (epe < 1),
        "px3": 100.0 * (epe < 3),
        "px5": 100.0 * (epe < 5),
        "fl": 100.0 * ((epe > 3) & (epe / mag > 0.05)),
        "aae": torch.rad2deg(torch.acos(cosine.clamp(-1, 1)))[valid],
    }


def averages(images):
    names = images[0].keys()
    return {
        "per_image": {m: float(np.mean([float(v[m].double().mean()) for v in images])) for m in names},
        "pooled": {m: float(torch.cat([v[m].double() for v in images]).mean()) for m in names},
    }


def main() -> None:
    weights = torch.load(DATA / "raft-small" / "raft-small.pth", map_location="cpu")
    state = {name.replace("module.", "", 1): value for name, value in weights.items()}
    result = []
    for dataset, (pairs, iterations, mode, only_known) in DATASETS.items():
        dtypes = (torch.float32, torch.float64) if dataset == "kitti-2015" else (torch.float32,)
        entries = {n: {"dataset": dataset, "iterations": n, "samples": len(pairs)} for n in iterations}
        for dtype in dtypes:
            model = reference.RAFT(small=True).to(dtype).eval()
            model.load_state_dict(state)
            images = {n: [] for n in iterations}
            for name, frames, truth_name in pairs:
                pictures = [to_batch(np.asarray(Image.open(DATA / f).convert("RGB"))).to(dtype)
                            for f in frames]
                height, width = pictures[0].shape[-2:]
                left, right, top, bottom = reference.pad_amounts(height, width, mode or "sintel")
                assert mode or left + right + top + bottom == 0
                padded = [torch.nn.functional.pad(p, (left, right, top, bottom), mode="replicate")
                          for p in pictures]
                with torch.no_grad():
                    flows = model(*padded, max(iterations)).flows
                truth, valid = read_truth(truth_name, only_known)
                for n in iterations:
                    flow = flows[n - 1][0].double()[:, top:top + height, left:left + width]
                    images[n].append(scores(flow, truth, valid))
                    print(dataset, name, n, dtype, float(images[n][-1]["epe"].mean()), flush=True)
            for n in iterations:
                entries[n][str(dtype).split(".")[1]] = averages(images[n])
        result += entries.values()
    save_json("evaluation", result)


if __name__ == "__main__":
    main()
