"""Makes fixtures/guess_what_moves: `python3 tests/reference/make_guess_what_moves_fixtures.py`.

Small sizes of the same modules, in float64 from deterministic float32 weights. The fixtures of
`nn/vit.ts` are among them.
"""
import json
from typing import Callable, Dict, List

import torch
from torch import Tensor, nn

import deterministic
import guess_what_moves_reference as reference
from fixture_files import FIXTURES, nhwc, save_tensors
from training_fixtures import draw
from vit_reference import Vit

TARGET = "guess_what_moves"


def with_weights(module: nn.Module, prefix: str) -> nn.Module:
    """The module with the deterministic weights of its names under a prefix, in float64."""
    module.double()
    state = {}
    for name, value in module.state_dict().items():
        # Shared normalisations have several names; all get the first one's values.
        own = name.replace("mask_features.0.norm", "layer_4.norm")
        for i in (2, 3, 5):
            own = own.replace(f"mask_features.{i}.norm", "layer_4.norm")
        values = deterministic.tensor(prefix + own, tuple(value.shape))
        state[name] = torch.from_numpy(values).double()
    module.load_state_dict(state)
    return module


def save(name: str, module: nn.Module, prefix: str, inputs: Dict[str, Tensor],
         run: Callable[..., Dict[str, Tensor]], **metadata) -> None:
    """Inputs, outputs and the gradients of Σ output · drawn weights, of inputs and parameters."""
    for value in inputs.values():
        value.requires_grad_(True)
    outputs = run(**inputs)
    total = torch.zeros((), dtype=torch.float64)
    tensors: Dict[str, Tensor] = {}
    stored = lambda value: nhwc(value) if value.dim() == 4 else value
    for key, value in outputs.items():
        weights = draw(value.shape, "guess what moves", name, key)
        total = total + (value * weights).sum()
        tensors[f"output/{key}"] = stored(value)
        tensors[f"weights/{key}"] = stored(weights)
    total.backward()
    for key, value in inputs.items():
        tensors[f"input/{key}"] = stored(value)
        tensors[f"input_gradient/{key}"] = stored(value.grad)
    for key, value in module.named_parameters():
        if value.grad is None:
            continue
        flat = value.grad.flatten()
        small = flat.numel() <= 256
        kept = value.grad if small else flat[deterministic.sample_indices(prefix + key, flat.numel()).tolist()]
        tensors[("gradient/" if small else "samples/") + prefix + key] = kept
    save_tensors(name, tensors, {"source": "PyTorch, float64", **metadata}, TARGET)


def make_vit() -> None:
    for name, size, height, width in [
            ("vit", dict(patch=8, stride=4, width=24, depth=3, heads=3, grid=5), 27, 36),
            ("vit_own_grid", dict(patch=4, width=8, depth=1, heads=2, grid=3), 12, 12)]:
        vit = with_weights(Vit(**size), "")

        def run(pictures: Tensor) -> Dict[str, Tensor]:
            tokens, attention, keys = vit(pictures)
            kept = {f"keys_{i}": keys[i] for i in range(0, len(keys), 2)}
            return {"tokens": tokens, "class_attention": attention[:, :, 0], **kept}

        inputs = {"pictures": draw((2, 3, height, width), "guess what moves", name)}
        save(name, vit, "", inputs, run, config=size)


HEAD = dict(width=16, mask=12, groups=4, queries=4, heads=2, hidden=20, layers=2)
CHANNELS = [6, 8, 10, 12]
PREFIX = "sem_seg_head."


def feature_maps(name: str, sizes: List[tuple]) -> Dict[str, Tensor]:
    return {f"res{i + 2}": draw((2, channels, *size), "guess what moves", name, i)
            for i, (channels, size) in enumerate(zip(CHANNELS, sizes))}


def make_head() -> None:
    size = HEAD
    decoder = with_weights(
        reference.PixelDecoder(CHANNELS, size["width"], size["mask"], size["groups"]),
        PREFIX + "pixel_decoder.")
    for name, sizes in [("pixel_decoder", [(3, 5)] * 4),
                        ("pixel_decoder_pyramid", [(3, 5), (3, 5), (2, 3), (1, 2)])]:
        decoder.zero_grad()
        save(name, decoder, PREFIX + "pixel_decoder.", feature_maps(name, sizes),
             lambda **maps: {"features": decoder(list(maps.values()))},
             channels=CHANNELS, head=size)
    predictor = with_weights(
        reference.Predictor(CHANNELS[-1], size["width"], size["mask"],
                            *(size[key] for key in ("queries", "heads", "hidden", "layers"))),
        PREFIX + "predictor.")
    save("predictor", predictor, PREFIX + "predictor.",
         {"res5": draw((2, CHANNELS[-1], 3, 5), "guess what moves", "predictor")},
         lambda res5: {"embeddings": predictor(res5)}, channels=CHANNELS, head=size)
    # Cropped (22×30 maps for 20×28 logits) and resized.
    head = with_weights(reference.Head(CHANNELS, **size), PREFIX)
    for name, height, width in [("head_cropped", 20, 28), ("head_resized", 13, 40)]:
        head.zero_grad()
        save(name, head, PREFIX, feature_maps("head", [(4, 6)] * 4),
             lambda **maps: {"logits": head(list(maps.values()), height, width)},
             channels=CHANNELS, head=size, size=[height, width])


def make_names() -> None:
    """Official names and shapes of the published size, and how many parameters training has."""
    head = reference.Head([768] * 4, 256, 256, 32, 4, 8, 2048, 6)
    shapes = {PREFIX + name: list(value.shape) for name, value in head.state_dict().items()}
    count = sum(parameter.numel() for parameter in head.parameters())
    print(f"names: {len(shapes)}, parameters: {count}")
    folder = FIXTURES / TARGET
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"parameters": count, "tensors": shapes}, indent=1)
    (folder / "names.json").write_text(text + "\n")


def make_loss() -> None:
    """Three motion models on drawn logits and flows; one segment of one sample is empty."""
    for terms in (1, 3, 6):
        name = f"loss_{terms}"
        logits = 2 * draw((2, 4, 7, 9), "guess what moves", "logits")
        logits[1, 2] -= 200
        logits.requires_grad_(True)
        flow = 5 * draw((2, 2, 11, 17), "guess what moves", "flow")
        loss = reference.motion_loss(logits, flow, terms)
        gradient, = torch.autograd.grad(loss, logits)
        masks = logits.softmax(1)
        small = flow[..., :7, :9]
        fitted = reference.fitted_flow(masks, small, terms)
        print(f"{name}: {loss.item():.6f}")
        save_tensors(name, {"logits": nhwc(logits), "flow": nhwc(flow), "loss": loss,
                            "logits_gradient": nhwc(gradient), "fitted": nhwc(fitted)},
                     {"terms": terms, "scale": 0.03, "ridge": 1e-4}, TARGET)
    # How far the ridge leads away from the published code's QR without one.
    masks = (2 * draw((2, 4, 24, 32), "guess what moves", "smooth")).softmax(1)
    flow = draw((2, 2, 24, 32), "guess what moves", "smooth flow")
    qr = reference.fitted_flow_qr(masks, flow)
    for ridge in (1e-4, 0.0):
        gap = (reference.fitted_flow(masks, flow, 6, ridge) - qr).abs().max().item()
        print(f"ridge {ridge}: {gap:.1e} from QR")
    save_tensors("fit_qr", {"masks": nhwc(masks), "flow": nhwc(flow), "fitted": nhwc(qr)},
                 {"source": "QR without a ridge, coordinates from 0 to 1"}, TARGET)


if __name__ == "__main__":
    torch.set_num_threads(1)
    make_names()
    make_vit()
    make_head()
    make_loss()
