"""Loss, gradients, learning rates and optimizer steps of RAFT's training recipe."""
import copy
from typing import Callable, Dict, List

import numpy as np
import torch
from torch import Tensor

import deterministic
from fixture_files import nhwc, save_json, save_tensors
from raft_reference import RAFT, freeze_batch_norm, sequence_loss

# The gradient of a ReLU is cut off where its input changes sign, so two correct float32 runs part by
# per cents wherever an activation lies within rounding of 0, as in most batches some of the millions
# do. These batches, of 250 and 120, keep furthest from it: the closest activation, in units of its layer's
# standard deviation, is 2e-6 (large) and 4e-6 (small) from 0.
BATCHES = {"large_batch_norm_training": 148, "large_batch_norm_frozen": 148, "small": 35}
ITERATIONS, GAMMA, CLIP = 3, 0.8, 1.0
LEARNING_RATE, WEIGHT_DECAY, NUM_STEPS = 4e-4, 1e-4, 100


def picture_pairs(label: str) -> List[tuple]:
    """Arguments of `deterministic.picture_pair` for the two samples of a batch."""
    prefix = f"training/{BATCHES[label]}"
    return [(f"{prefix}/0", 64, 64, 2, -3), (f"{prefix}/1", 64, 64, -1, 4)]


def training_batch(label: str) -> Dict[str, Tensor]:
    """Two pairs, ground truth in -8...8 px, a fifth of it invalid, one vector beyond 400 px."""
    pictures = [deterministic.picture_pair(*arguments) for arguments in picture_pairs(label)]
    first, second = (np.stack(side).transpose(0, 3, 1, 2) for side in zip(*pictures))
    truth = (deterministic.uniforms(2 * 2 * 64 * 64, "training", "flow") * 16 - 8).astype(np.float32)
    truth = truth.reshape(2, 2, 64, 64)
    valid = (deterministic.integers(2 * 64 * 64, 5, "training", "valid") > 0).reshape(2, 64, 64)
    truth[1, :, 20, 30], valid[1, 20, 30] = (500, -20), True
    return {name: torch.from_numpy(np.asarray(value, np.float64))
            for name, value in dict(image1=first, image2=second, truth=truth, valid=valid).items()}


def loss_of(model: RAFT, batch: Dict[str, Tensor], dtype: torch.dtype = torch.float64):
    images = (batch[name].to(dtype) for name in ("image1", "image2"))
    prediction = model(*images, ITERATIONS)
    truth, valid = batch["truth"].to(dtype), batch["valid"].to(dtype)
    return sequence_loss(prediction.flows, truth, valid, GAMMA), prediction


def make_gradients(label: str, model: RAFT, batch: Dict[str, Tensor]) -> None:
    plain = copy.deepcopy(model).float()
    loss, prediction = loss_of(model, batch)
    loss.backward()
    plain_loss = loss_of(plain, batch, torch.float32)[0]
    plain_loss.backward()

    tensors, stats = {"low_flows": nhwc(torch.stack(prediction.low_flows))}, {}
    for (name, parameter), other in zip(model.named_parameters(), plain.parameters()):
        gradient = parameter.grad
        flat = gradient.flatten().numpy()
        stats[name] = {"norm": float(np.linalg.norm(flat)), "sum": float(flat.sum()),
                       "max": float(np.abs(flat).max()),
                       "float32_error": (other.grad - gradient).abs().max().item()}
        small = flat.size <= 512
        kept = gradient if small else flat[deterministic.sample_indices(name, flat.size)]
        tensors[("gradient/" if small else "samples/") + name] = kept
    for name, buffer in model.named_buffers():
        if "running" in name and ".downsample.1." not in name:
            tensors["after/" + name] = buffer
    norm = torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()
    # Biases in front of a normalization have a gradient of zero: nothing to be relative to.
    relative = {name: stat["float32_error"] / stat["max"] for name, stat in stats.items()
                if stat["max"] > 1e-9 * norm}
    worst = max(relative, key=relative.get)
    errors = {"loss": abs(plain_loss.item() - loss.item()), "relative_gradient": relative[worst]}
    print(f"gradients {label}: loss {loss.item():.9f}, norm {norm:.6f}, float32 run off by "
          f"{errors['loss']:.1e} and {relative[worst]:.1e} ({worst})")
    save_tensors(f"gradients_{label}", tensors, {
        "source": "raft_reference.py, float64",
        "loss": loss.item(), "gradient_norm": norm, "stats": stats,
        "picture_pairs": picture_pairs(label), "iterations": ITERATIONS, "gamma": GAMMA,
        "float32_error": errors,
    })


def make_steps(label: str, model: RAFT, batch: Dict[str, Tensor], dtype: torch.dtype) -> Dict:
    """Four whole training steps on one batch: loss, norm before clipping and rate of each."""
    model = copy.deepcopy(model).to(dtype)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY, eps=1e-8)
    schedule = one_cycle(optimizer, LEARNING_RATE, NUM_STEPS)
    steps = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = loss_of(model, batch, dtype)[0]
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        steps.append({"loss": loss.item(), "gradient_norm": norm.item(),
                      "learning_rate": schedule.get_last_lr()[0]})
        optimizer.step()
        schedule.step()
    print(f"steps {label}, {dtype}:", [step["loss"] for step in steps])
    return steps


def one_cycle(optimizer, rate: float, num_steps: int):
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, num_steps + 100, pct_start=0.05, cycle_momentum=False,
        anneal_strategy="linear")


def make_schedule() -> None:
    """Learning rate of step k (from 0) for several lengths, from PyTorch's own OneCycleLR."""
    cases = []
    for rate, num_steps in [(4e-4, 4), (4e-4, 600), (2.5e-4, 1000), (1.25e-4, 12345), (4e-4, 100000)]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], rate)
        schedule = one_cycle(optimizer, rate, num_steps)
        total, rates = num_steps + 100, []
        for step in range(total):
            rates.append(schedule.get_last_lr()[0])
            if step + 1 < total:
                optimizer.step()
                schedule.step()
        peak = int(0.05 * total - 1)
        wanted = {0, 1, 2, peak - 1, peak, peak + 1, peak + 2, total // 4, total // 2, num_steps - 1,
                  num_steps, total - 2, total - 1}
        cases.append({"max_rate": rate, "num_steps": num_steps,
                      "rates": {step: rates[step] for step in sorted(wanted)}})
    save_json("one_cycle", cases)


def make_optimizer() -> None:
    """Three AdamW steps on toy tensors with given gradients, under global norm clipping."""
    shapes = {"conv.weight": (2, 3, 3, 3), "conv.bias": (2,), "untouched": (3,), "scalar": ()}
    values = {name: draw(shape, "optimizer", name) for name, shape in shapes.items()}
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in values.items()}
    settings = {"learning_rate": 0.01, "weight_decay": 0.1, "betas": [0.9, 0.999], "eps": 1e-8,
                "clip": 1.0}
    optimizer = torch.optim.AdamW(parameters.values(), 0.01, betas=(0.9, 0.999), eps=1e-8,
                                  weight_decay=0.1)
    tensors = {f"before/{name}": value for name, value in values.items()}
    norms = []
    # The first and last gradients are clipped, the second is short enough to pass.
    for step, scale in enumerate([2.0, 0.05, 30.0]):
        for name, parameter in parameters.items():
            gradient = draw(shapes[name], "optimizer", name, step) * scale
            parameter.grad = gradient.float().double() * (0 if name == "untouched" else 1)
            tensors[f"gradient/{step}/{name}"] = parameter.grad.clone()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), CLIP).item())
        optimizer.step()
        for name, parameter in parameters.items():
            tensors[f"after/{step}/{name}"] = parameter.detach().clone()
    for name, parameter in parameters.items():
        tensors[f"first_moment/{name}"] = optimizer.state[parameter]["exp_avg"]
        tensors[f"second_moment/{name}"] = optimizer.state[parameter]["exp_avg_sq"]
    save_tensors("optimizer", tensors, {
        "source": "torch.optim.AdamW and clip_grad_norm_, float64",
        "settings": settings, "gradient_norms": norms,
    })


def draw(shape, *path) -> Tensor:
    """Uniform in [-1, 1), rounded to float32."""
    values = 2 * deterministic.uniforms(int(np.prod(shape)), *path) - 1
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


def make_training_fixtures(build: Callable[[bool], RAFT]) -> None:
    steps = {}
    for label in BATCHES:
        model, batch = build(label == "small").train(), training_batch(label)
        if label == "large_batch_norm_frozen":
            freeze_batch_norm(model)
        steps[label] = {"picture_pairs": picture_pairs(label)}
        for dtype in (torch.float64, torch.float32):
            steps[label][str(dtype).split(".")[1]] = make_steps(label, model, batch, dtype)
        make_gradients(label, model, batch)
    # Flow and mask are the same in every batch.
    save_tensors("training_batch", {"flow": nhwc(batch["truth"]), "valid": batch["valid"]}, {})
    save_json("training_steps", {
        "iterations": ITERATIONS, "gamma": GAMMA, "clip": CLIP, "weight_decay": WEIGHT_DECAY,
        "max_rate": LEARNING_RATE, "num_steps": NUM_STEPS, "steps": steps})
    make_schedule()
    make_optimizer()
