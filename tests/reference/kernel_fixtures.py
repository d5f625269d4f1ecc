"""Small cases of single operations, with their gradients, channels last."""
from typing import Callable, Dict

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.optical_flow.raft import CorrBlock

import raft_reference as reference
from fixture_files import nhwc, save_tensors
from training_fixtures import draw


def with_gradients(inputs: Dict[str, Tensor], compute: Callable[..., Tensor], name: str,
                   stored: Callable[[Tensor], Tensor] = nhwc):
    """The inputs, `output`, a drawn `output_gradient` and `<input>_gradient`, as stored.

    `stored` is what happens to those with four axes.
    """
    for value in inputs.values():
        value.requires_grad_(True)
    output = compute(**inputs)
    output_gradient = draw(output.shape, "kernels", name, "output_gradient")
    gradients = torch.autograd.grad(output, list(inputs.values()), output_gradient)
    named = {**inputs, "output": output, "output_gradient": output_gradient}
    named.update({f"{key}_gradient": value for key, value in zip(inputs, gradients)})
    return {key: (stored(value) if value.dim() == 4 else value) for key, value in named.items()}


def official_lookup(fmap1: Tensor, fmap2: Tensor, coords: Tensor, radius: int) -> Tensor:
    block = CorrBlock(num_levels=4, radius=radius)
    block.build_pyramid(fmap1, fmap2)
    return block.index_pyramid(coords)


def own_lookup(fmap1: Tensor, fmap2: Tensor, coords: Tensor, radius: int) -> Tensor:
    return reference.look_up(reference.correlation_pyramid(fmap1, fmap2, 4), coords, radius)


def make_correlation(name: str, shape, radius: int, compute: Callable[..., Tensor], source: str):
    """Coordinates off by up to 6 px; where (row + column) is a multiple of 3, whole pixels."""
    n, channels, h, w = shape
    maps = {key: draw(shape, "kernels", name, key) for key in ("fmap1", "fmap2")}
    rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    flow = 6 * draw((n, 2, h, w), "kernels", name, "flow")
    flow = torch.where((rows + columns) % 3 == 0, flow.round(), flow)
    coords = (torch.stack([columns, rows]) + flow).float().double()
    tensors = with_gradients(maps, lambda **m: compute(**m, coords=coords, radius=radius), name)
    if compute is official_lookup:
        gap = (own_lookup(**maps, coords=coords, radius=radius)
               - official_lookup(**maps, coords=coords, radius=radius)).abs().max().item()
        print(f"{name}: raft_reference.py from torchvision {gap:.1e}")
        if gap > 1e-9:
            raise AssertionError(name)
    save_tensors(f"kernels/{name}", {**tensors, "coords": nhwc(coords)},
                 {"source": source, "levels": 4, "radius": radius})


def make_upsampling() -> None:
    def flow(key: str, h: int, w: int) -> Tensor:
        return 3 * draw((1, 2, h, w), "kernels", key, "flow")

    convex = {"flow": flow("convex", 3, 5), "mask": 2 * draw((1, 576, 3, 5), "kernels", "mask")}
    save_tensors("kernels/upsample_convex",
                 with_gradients(convex, reference.upsample_convex, "convex"),
                 {"source": "raft_reference.py"})
    for key, h, w in [("upsample_bilinear", 3, 5), ("upsample_bilinear_one_row", 1, 4)]:
        tensors = with_gradients({"flow": flow(key, h, w)}, reference.upsample_bilinear, key)
        save_tensors(f"kernels/{key}", tensors, {"source": "torch interpolate, align_corners"})


def make_norms() -> None:
    shape, channels = (2, 6, 5, 7), 6
    start = {key: draw((channels,), "kernels", "norm", key)
             for key in ("gamma", "beta", "running_mean", "running_var")}
    start["gamma"], start["running_var"] = 1 + start["gamma"] / 2, 1 + start["running_var"] / 2
    for name, training in [("batch_norm_training", True), ("batch_norm_frozen", False)]:
        mean, variance = start["running_mean"].clone(), start["running_var"].clone()
        inputs = {"input": 2 * draw(shape, "kernels", "norm", "input") + 0.5,
                  "gamma": start["gamma"].clone(), "beta": start["beta"].clone()}
        tensors = with_gradients(inputs, lambda input, gamma, beta: F.batch_norm(
            input, mean, variance, gamma, beta, training, 0.1, 1e-5), name)
        tensors.update({"running_mean": start["running_mean"], "running_var": start["running_var"],
                        "after/running_mean": mean, "after/running_var": variance})
        save_tensors(f"kernels/{name}", tensors, {"momentum": 0.1, "eps": 1e-5})
    inputs = {"input": 2 * draw(shape, "kernels", "norm", "input") + 0.5}
    save_tensors("kernels/instance_norm",
                 with_gradients(inputs, lambda input: F.instance_norm(input), "instance_norm"),
                 {"eps": 1e-5})


def make_sequence_loss() -> None:
    """Three predictions [3, 2, 6, 8, 2] of two samples, with the training code's loss."""
    flows = (5 * draw((3, 2, 2, 6, 8), "kernels", "loss", "flows")).requires_grad_(True)
    truth = 5 * draw((2, 2, 6, 8), "kernels", "loss", "truth")
    valid = (draw((2, 6, 8), "kernels", "loss", "valid") > -0.6).double()
    # Both just outside and just inside the 400 px limit, and too far in length but in neither axis.
    truth[0, :, 1, 2] = torch.tensor([400.0, 0.0])
    truth[0, :, 4, 5] = torch.tensor([0.0, -399.0])
    truth[1, :, 3, 3] = torch.tensor([300.0, 300.0])
    for sample, y, x in [(0, 1, 2), (0, 4, 5), (1, 3, 3)]:
        valid[sample, y, x] = 1
    loss = reference.sequence_loss(list(flows), truth, valid, 0.8)
    gradient, = torch.autograd.grad(loss, flows)
    save_tensors("kernels/sequence_loss",
                 {"flows": nhwc(flows), "truth": nhwc(truth), "valid": valid, "loss": loss,
                  "flows_gradient": nhwc(gradient)},
                 {"gamma": 0.8, "loss": loss.item()})


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """As vision transformers write it."""
    return (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(dim=-1) @ v


def make_transformer() -> None:
    def drawn(name: str, **shapes):
        return {key: draw(shape, "kernels", name, key) for key, shape in shapes.items()}

    inputs = drawn("layer_norm", input=(3, 5, 17), weight=(17,), bias=(17,))
    save_tensors("kernels/layer_norm", with_gradients(
        inputs, lambda input, weight, bias: F.layer_norm(input, (17,), weight, bias, 1e-6),
        "layer_norm"), {"source": "torch layer_norm", "eps": 1e-6})
    save_tensors("kernels/gelu", with_gradients(
        {"input": 3 * draw((5, 33), "kernels", "gelu", "input")}, F.gelu, "gelu"),
        {"source": "torch gelu, exact"})
    inputs = drawn("linear", input=(2, 5, 3), weight=(7, 3), bias=(7,))
    save_tensors("kernels/linear", with_gradients(inputs, F.linear, "linear"),
                 {"source": "torch linear"})
    inputs = drawn("attention", q=(2, 3, 7, 5), k=(2, 3, 9, 5), v=(2, 3, 9, 6))
    save_tensors("kernels/attention",
                 with_gradients(inputs, attend, "attention", stored=lambda value: value),
                 {"source": "attend() in kernel_fixtures.py", "scale": 5 ** -0.5})


def make_kernel_fixtures() -> None:
    make_correlation("correlation_official", (1, 8, 17, 19), 2, official_lookup,
                     "torchvision CorrBlock (levels 17x19, 8x9, 4x4, 2x2)")
    make_correlation("correlation_one_pixel_level", (2, 6, 9, 11), 3, own_lookup,
                     "raft_reference.py (levels 9x11, 4x5, 2x2, 1x1, where the official code is NaN)")
    make_correlation("correlation_empty_level", (1, 6, 5, 7), 3, own_lookup,
                     "raft_reference.py (levels 5x7, 2x3, 1x1 and an empty one that gives zeros)")
    make_upsampling()
    make_norms()
    make_transformer()
    make_sequence_loss()
