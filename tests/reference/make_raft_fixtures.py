"""Makes every RAFT fixture in fixtures/raft: `python3 tests/reference/make_raft_fixtures.py`.

Everything is computed in float64 from float32 weights and rounded once when stored, so that a
fixture is the value itself and the metadata say how far a plain float32 run is from it.
"""
import hashlib
import os
import struct
from pathlib import Path
from typing import Dict

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import deterministic
import raft_reference as reference
import torchvision_raft
from fixture_files import nhwc, save_json, save_tensors
from kernel_fixtures import make_kernel_fixtures
from training_fixtures import make_training_fixtures

MODELS = {"large": False, "small": True}
DATA = Path(os.environ.get("REFLOW_SHARED_DATA")
            or Path(__file__).resolve().parents[3] / "shared" / "data")


def deterministic_state(small: bool) -> Dict[str, Tensor]:
    model = reference.RAFT(small)
    return {name: torch.from_numpy(deterministic.tensor(name, tuple(value.shape))).to(value.dtype)
            for name, value in model.state_dict().items()}


def deterministic_model(small: bool) -> reference.RAFT:
    model = reference.RAFT(small)
    model.load_state_dict(deterministic_state(small))
    return model


def to_batch(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(picture.astype(np.float64)).permute(2, 0, 1)[None]


def furthest(a: Tensor, b: Tensor) -> float:
    return (a.double() - b.double()).abs().max().item()


def make_names() -> None:
    """Official and torchvision names, shapes, and digests of the regenerated weights."""
    models = {}
    for name, small in MODELS.items():
        state = deterministic_state(small)
        digest = hashlib.sha256()
        for key in sorted(state):
            digest.update(state[key].float().numpy().astype("<f4").tobytes())
        models[f"raft_{name}"] = {
            "parameters": sum(p.numel() for p in reference.RAFT(small).parameters()),
            "weights_sha256": digest.hexdigest(),
            "tensors": {key: {"shape": list(value.shape),
                              "torchvision": torchvision_raft.torchvision_name(key)}
                        for key, value in state.items()},
        }
    pair = deterministic.picture_pair("forward", 128, 136, 3, -5)
    models["picture_pair"] = {
        "arguments": ["forward", 128, 136, 3, -5],
        "sha256": [hashlib.sha256(picture.tobytes()).hexdigest() for picture in pair],
    }
    name, size = "fnet.conv1.weight", 9408
    models["sampled"] = {"arguments": [name, size],
                         "indices": deterministic.sample_indices(name, size).tolist()}
    save_json("names", models)


def make_forward(name: str, small: bool) -> None:
    """torchvision on a 128x136 pair, 12 iterations; raft_reference.py must agree with it."""
    arguments = ("forward", 128, 136, 3, -5)
    image1, image2 = map(to_batch, deterministic.picture_pair(*arguments))
    truth = torchvision_raft.run(
        torchvision_raft.build(small, deterministic_state(small)), image1, image2, 12)
    model = deterministic_model(small).eval()
    with torch.no_grad():
        ours = model(image1, image2, 12)
        plain = model.float()(image1.float(), image2.float(), 12)
    gaps = {key: furthest(getattr(ours, key), truth[key])
            for key in ("fmap1", "net", "inp", "correlation")}
    gaps["flow"] = furthest(torch.stack(ours.flows), truth["flows"])
    if max(gaps.values()) > 1e-9:
        raise AssertionError(f"{name}: raft_reference.py differs from torchvision: {gaps}")
    errors = {key: furthest(getattr(plain, key), truth[key])
              for key in ("fmap1", "net", "inp", "correlation")}
    errors["low_flows"] = furthest(torch.stack(plain.low_flows), truth["low_flows"])
    errors["flow"] = furthest(plain.flows[-1], truth["flows"][-1])
    print(f"forward {name}: from torchvision {gaps}; float32 run off by {errors}")
    save_tensors(f"forward_{name}", {
        "fmap1": nhwc(truth["fmap1"]),
        "net": nhwc(truth["net"]),
        "inp": nhwc(truth["inp"]),
        "correlation_rows_4_to_7": nhwc(truth["correlation"])[:, 4:8],
        "low_flows": nhwc(truth["low_flows"][:, 0]),
        "flow": nhwc(truth["flows"][-1]),
    }, {
        "source": "torchvision.models.optical_flow, evaluation mode, float64",
        "picture_pair": arguments,
        "iterations": 12,
        "float32_error": errors,
    })


def make_real_frames() -> None:
    """Official weights on real frames; only flows computed here are stored, no picture."""
    weights = DATA / "raft-small" / "raft-small.pth"
    if not weights.exists():
        print(f"real frames skipped: no {weights}")
        return
    state = {name.replace("module.", "", 1): value
             for name, value in torch.load(weights, map_location="cpu").items()}
    models = {dtype: reference.RAFT(small=True).to(dtype).eval()
              for dtype in (torch.float32, torch.float64)}
    for model in models.values():
        model.load_state_dict(state)
    whale, alley = "RubberWhale", "sintel/training"
    scenes = {
        "rubberwhale": ([f"middlebury/other-data/{whale}/frame{n}.png" for n in (10, 11)],
                        f"middlebury/other-gt-flow/{whale}/flow10.flo", (12, 32)),
        "alley_1": ([f"{alley}/clean/alley_1/frame_000{n}.png" for n in (1, 2)],
                    f"{alley}/flow/alley_1/frame_0001.flo", (32,)),
    }
    tensors, metrics = {}, {}
    for scene, (frames, truth_file, iterations) in scenes.items():
        pictures = [to_batch(np.asarray(Image.open(DATA / f).convert("RGB"))) for f in frames]
        height, width = pictures[0].shape[-2:]
        padding = reference.pad_amounts(height, width, "sintel")
        padded = [torch.nn.functional.pad(p, padding, mode="replicate") for p in pictures]
        truth = read_flo(DATA / truth_file)
        known = (truth.abs() < 1e9).all(0)
        for dtype, model in models.items():
            with torch.no_grad():
                flows = model(*(p.to(dtype) for p in padded), max(iterations)).flows
            for count in iterations:
                flow = flows[count - 1][0].double()
                flow = flow[:, padding[2]:padding[2] + height, padding[0]:padding[0] + width]
                epe = (flow - truth).pow(2).sum(0).sqrt()[known].mean().item()
                entry = metrics.setdefault(f"{scene}_{count}", {
                    "frames": frames, "truth": truth_file, "iterations": count,
                    "padding": "sintel", "height": height, "width": width,
                    "known_pixels": int(known.sum())})
                entry["epe_" + str(dtype).split(".")[1]] = epe
                print(f"{scene}, {count} iterations, {dtype}: EPE {epe:.7f}")
                if dtype is torch.float64:
                    tensors[f"{scene}_{count}"] = nhwc(flow)[::4, ::4]
    save_tensors("real_frames", tensors, {
        "source": "raft_reference.py, float64, official raft-small.pth",
        "kept": "every 4th row and column of the cropped full-resolution flow, from 0",
    })
    save_json("real_frames", metrics)


def read_flo(path: Path) -> Tensor:
    raw = path.read_bytes()
    magic, width, height = struct.unpack("<fii", raw[:12])
    if magic != 202021.25:
        raise ValueError(f"{path} is no .flo file")
    flow = np.frombuffer(raw, "<f4", offset=12).reshape(height, width, 2)
    return torch.from_numpy(flow.astype(np.float64)).permute(2, 0, 1)


def main() -> None:
    torch.set_default_dtype(torch.float64)
    make_names()
    for name, small in MODELS.items():
        make_forward(name, small)
    make_training_fixtures(deterministic_model)
    make_kernel_fixtures()
    make_real_frames()


if __name__ == "__main__":
    main()
