"""Makes every PWC-Net fixture in fixtures/pwc_net: `python3 tests/reference/make_pwc_fixtures.py`.

With REFLOW_PWC_NET, the path of a checkout of NVlabs/PWC-Net, both models are compared with the
released code first, run on the CPU with this folder's cost volume in the place of its CUDA one.
"""
import copy
import hashlib
import os
import sys
import types
from pathlib import Path
from typing import Dict

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import deterministic
import pwc_reference as reference
from fixture_files import nhwc, save_json, save_tensors

FOLDER = "pwc_net"
MODELS = {"released": 3, "published": 2}
PAIR = ("pwc forward", 128, 192, 3, -5)
LOSSES = ["length", "robust"]


def state_of(convolutions: int) -> Dict[str, Tensor]:
    return {name: torch.from_numpy(deterministic.tensor(name, tuple(value.shape))).to(value.dtype)
            for name, value in reference.PWCNet(convolutions).state_dict().items()}


def build(convolutions: int) -> reference.PWCNet:
    model = reference.PWCNet(convolutions)
    model.load_state_dict(state_of(convolutions))
    return model.eval()


def to_batch(*pictures: np.ndarray) -> Tensor:
    """RGB bytes [H, W, 3] to BGR in 0...1, [N, 3, H, W]."""
    stacked = np.stack(pictures)[..., ::-1].astype(np.float64) / 255
    return torch.from_numpy(stacked.copy()).permute(0, 3, 1, 2)


def furthest(a: Tensor, b: Tensor) -> float:
    return (a.double() - b.double()).abs().max().item()


def sniklaus_name(name: str) -> str:
    """Name in github.com/sniklaus/pytorch-pwc, as its weights files spell it."""
    numbers = ["", "One", "Two", "Thr", "Fou", "Fiv", "Six"]
    head, kind = name.split(".")[0], name.split(".")[-1]
    if head.startswith("dc_conv"):
        return f"moduleRefiner.moduleMain.{2 * int(head[-1]) - 2}.{kind}"
    if "_" in head and head.startswith("conv"):
        level, i = int(head[4]), int(head[6])
        return f"module{numbers[level]}.module{numbers[i + 1]}.0.{kind}"
    if head.startswith("conv"):
        level = int(head[4])
        i = reference.PWCNet.layers(level, 3).index(head)
        return f"moduleExtractor.module{numbers[level]}.{2 * i}.{kind}"
    level = int(head[-1])
    if head.startswith("predict_flow"):
        return f"module{numbers[level]}.moduleSix.0.{kind}"
    if level == 2:
        return ""  # deconv2: not used, and not there
    return f"module{numbers[level - 1]}.moduleUp{'flow' if head.startswith('deconv') else 'feat'}.{kind}"


def make_names() -> None:
    models = {}
    for label, convolutions in MODELS.items():
        state = state_of(convolutions)
        digest = hashlib.sha256()
        for key in sorted(state):
            digest.update(state[key].float().numpy().astype("<f4").tobytes())
        models[label] = {
            "parameters": sum(value.numel() for value in state.values()),
            "weights_sha256": digest.hexdigest(),
            "tensors": {name: {"shape": list(value.shape),
                               **({"sniklaus": sniklaus_name(name)} if convolutions == 3 else {})}
                        for name, value in state.items()},
        }
        print(label, models[label]["parameters"])
    save_json("names", models, FOLDER)


def make_forward(label: str, convolutions: int) -> None:
    image1, image2 = (to_batch(picture) for picture in deterministic.picture_pair(*PAIR))
    model = build(convolutions)
    with torch.no_grad():
        exact = model(image1, image2)
        plain = copy.deepcopy(model).float()(image1.float(), image2.float())
    full = upsampled(exact.flows[2], 120, 180)  # of pictures that were resized to this pair
    errors = {f"features/{level}": furthest(value, plain.features[level]) / value.abs().max().item()
              for level, value in exact.features.items()}
    errors.update({f"flow/{level}": furthest(value, plain.flows[level]) / value.abs().max().item()
                   for level, value in exact.flows.items()})
    errors["full"] = furthest(full, upsampled(plain.flows[2], 120, 180))
    print(f"forward {label}: flow up to {full.abs().max().item():.1f} px; float32 run off by {errors}")
    tensors = {f"flow/{level}": nhwc(value) for level, value in exact.flows.items()}
    tensors["full"] = nhwc(full)[:, ::3, ::3]
    stats = {}
    for level, value in exact.features.items():
        flat = nhwc(value).flatten().numpy()
        stats[level] = {"size": flat.size, "norm": float(np.linalg.norm(flat)),
                        "max": float(np.abs(flat).max())}
        tensors[f"features/{level}"] = flat[deterministic.sample_indices(f"features/{level}", flat.size, 1024)]
    save_tensors(f"forward_{label}", tensors, {
        "source": "pwc_reference.py, float64",
        "kept": "features of picture 1 at 1024 sampled entries; of the full flow every 3rd row and column",
        "picture_pair": PAIR, "size": [120, 180], "feature_stats": stats, "float32_error": errors,
    }, FOLDER)


def upsampled(flow: Tensor, height: int, width: int) -> Tensor:
    """As script_pwc.py brings a flow back to the size of the pictures, in their pixels."""
    _, _, h, w = flow.shape
    full = F.interpolate(reference.SCALE * flow, size=(height, width), mode="bilinear", align_corners=False)
    return full * torch.tensor([width / (4 * w), height / (4 * h)], dtype=flow.dtype)[:, None, None]


# Arguments of `deterministic.picture_pair` for the two samples of the batch.
TRAINING_PAIRS = [("pwc training/0", 64, 128, 2, -3), ("pwc training/1", 64, 128, -1, 4)]


def training_batch() -> Dict[str, Tensor]:
    """Two pairs, ground truth in -8...8 px, a fifth of it invalid; model_test.ts draws the same."""
    pictures = [deterministic.picture_pair(*arguments) for arguments in TRAINING_PAIRS]
    first, second = (to_batch(*side) for side in zip(*pictures))
    truth = (deterministic.uniforms(2 * 2 * 64 * 128, "pwc training", "flow") * 16 - 8).astype(np.float32)
    valid = deterministic.integers(2 * 64 * 128, 5, "pwc training", "valid") > 0
    return {"image1": first, "image2": second,
            "truth": torch.from_numpy(truth.astype(np.float64).reshape(2, 2, 64, 128)),
            "valid": torch.from_numpy(valid.astype(np.float64).reshape(2, 64, 128))}


def gradients(model: reference.PWCNet, batch: Dict[str, Tensor], robust: bool, dtype: torch.dtype):
    model = copy.deepcopy(model).to(dtype)
    batch = {name: value.to(dtype) for name, value in batch.items()}
    loss = reference.multi_scale_loss(
        model(batch["image1"], batch["image2"]).flows, batch["truth"], batch["valid"], robust)
    loss.backward()
    return loss.item(), {name: torch.zeros_like(p) if p.grad is None else p.grad
                         for name, p in model.named_parameters()}


def make_gradients(label: str) -> None:
    model, batch = build(3), training_batch()
    loss, exact = gradients(model, batch, label == "robust", torch.float64)
    plain_loss, plain = gradients(model, batch, label == "robust", torch.float32)
    relative = {name: furthest(value, plain[name]) / value.abs().max().item()
                for name, value in exact.items() if value.abs().max() > 0}
    worst = max(relative, key=relative.get)
    errors = {"loss": abs(plain_loss - loss), "relative_gradient": relative[worst]}
    print(f"gradients {label}: loss {loss:.9f}, float32 run off by {errors} ({worst})")
    tensors, stats = {}, {}
    for name, gradient in exact.items():
        flat = gradient.flatten().numpy()
        stats[name] = {"norm": float(np.linalg.norm(flat)), "max": float(np.abs(flat).max())}
        tensors[name] = flat[deterministic.sample_indices(name, flat.size)]
    save_tensors(f"gradients_{label}", tensors, {
        "source": "pwc_reference.py, released model, float64",
        "kept": "each parameter's gradient at 64 sampled entries, in PyTorch's layout",
        "loss": loss, "stats": stats, "picture_pairs": TRAINING_PAIRS, "float32_error": errors,
    }, FOLDER)


def make_adam() -> None:
    """Three Adam steps on toy tensors with given gradients and coupled weight decay."""
    shapes = {"conv.weight": (2, 3, 3, 3), "conv.bias": (2,)}
    draw = lambda shape, *path: torch.from_numpy(
        (2 * deterministic.uniforms(int(np.prod(shape)), *path) - 1).astype(np.float32).astype(np.float64)
        .reshape(shape))
    parameters = {name: torch.nn.Parameter(draw(shape, "adam", name)) for name, shape in shapes.items()}
    tensors = {f"before/{name}": value.detach().clone() for name, value in parameters.items()}
    settings = {"learning_rate": 0.01, "weight_decay": 0.1, "betas": [0.9, 0.999], "eps": 1e-8}
    optimizer = torch.optim.Adam(parameters.values(), 0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
    for step in range(3):
        for name, parameter in parameters.items():
            parameter.grad = draw(shapes[name], "adam", name, step)
            tensors[f"gradient/{step}/{name}"] = parameter.grad.clone()
        optimizer.step()
        for name, parameter in parameters.items():
            tensors[f"after/{step}/{name}"] = parameter.detach().clone()
    save_tensors("adam", tensors, {"source": "torch.optim.Adam, float64", "settings": settings}, FOLDER)


def check_against_released_code(checkout: Path) -> None:
    """Runs the released classes on the CPU beside ours; stops where they differ."""
    correlation = types.ModuleType("correlation_package.modules.corr")
    correlation.Correlation = lambda **_: reference.cost_volume
    sys.modules["correlation_package"] = types.ModuleType("correlation_package")
    sys.modules["correlation_package.modules"] = types.ModuleType("correlation_package.modules")
    sys.modules["correlation_package.modules.corr"] = correlation
    sys.path.insert(0, str(checkout / "PyTorch" / "models"))
    import PWCNet as official
    torch.Tensor.cuda = lambda self: self
    sample = F.grid_sample
    official.nn.functional.grid_sample = lambda x, grid, **_: sample(x, grid, align_corners=True)
    image1, image2 = (to_batch(picture) for picture in deterministic.picture_pair(*PAIR))
    for make, convolutions in [(official.PWCDCNet, 3), (official.PWCDCNet_old, 2)]:
        theirs, ours = make(), build(convolutions)
        theirs.load_state_dict(ours.state_dict())
        theirs.train()
        with torch.no_grad():
            flows = theirs(torch.cat([image1, image2], 1))
            prediction = ours(image1, image2)
        gaps = [furthest(flow, prediction.flows[level]) for level, flow in enumerate(flows, 2)]
        print(f"released code, {make.__name__}: flows of levels 2 to 6 differ by {gaps}")
        if max(gaps) > 1e-9:
            raise AssertionError("pwc_reference.py differs from the released code")
    official.nn.functional.grid_sample = sample


def main() -> None:
    torch.set_default_dtype(torch.float64)
    checkout = os.environ.get("REFLOW_PWC_NET")
    if checkout:
        check_against_released_code(Path(checkout))
    make_names()
    for label, convolutions in MODELS.items():
        make_forward(label, convolutions)
    for label in LOSSES:
        make_gradients(label)
    make_adam()


if __name__ == "__main__":
    main()
