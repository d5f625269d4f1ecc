"""torchvision's RAFT under official names: an implementation independent of raft_reference.py."""
import re
from typing import Dict

import torch
from torch import Tensor
from torchvision.models.optical_flow import raft_large, raft_small

RULES = [
    (r"^(fnet|cnet)\.conv1\.", r"\1.convnormrelu.0."),
    (r"^(fnet|cnet)\.norm1\.", r"\1.convnormrelu.1."),
    (r"^(fnet|cnet)\.conv2\.", r"\1.conv."),
    (r"(layer\d\.\d)\.conv(\d)\.", r"\1.convnormrelu\2.0."),
    (r"(layer\d\.\d)\.norm3\.", r"\1.downsample.1."),
    (r"(layer\d\.\d)\.norm(\d)\.", r"\1.convnormrelu\2.1."),
    (r"^fnet\.", "feature_encoder."),
    (r"^cnet\.", "context_encoder."),
    (r"encoder\.convc(\d)\.", r"motion_encoder.convcorr\1.0."),
    (r"encoder\.convf(\d)\.", r"motion_encoder.convflow\1.0."),
    (r"update_block\.encoder\.conv\.", "update_block.motion_encoder.conv.0."),
    (r"gru\.conv([zrq])(\d?)\.",
     lambda m: f"recurrent_block.convgru{m[2] or 1}.conv{m[1]}."),
    (r"^update_block\.mask\.0\.", "mask_predictor.convrelu.0."),
    (r"^update_block\.mask\.2\.", "mask_predictor.conv."),
]


def torchvision_name(official: str) -> str:
    name = official
    for pattern, replacement in RULES:
        name = re.sub(pattern, replacement, name)
    return name


def build(small: bool, state: Dict[str, Tensor]) -> torch.nn.Module:
    """The torchvision model, in evaluation mode, holding an official state dict; strict."""
    model = (raft_small if small else raft_large)(weights=None, progress=False)
    model.load_state_dict({torchvision_name(name): value for name, value in state.items()})
    return model.eval()


def run(model: torch.nn.Module, image1: Tensor, image2: Tensor, iterations: int) -> Dict[str, Tensor]:
    """Flows and the activations that hooks reach. Pictures are [N, 3, H, W] in 0...255."""
    features, updates, deltas = [], [], []

    def before_update(_, inputs):
        # torchvision's coordinates start as float32 whatever the model's type.
        updates.append((*inputs[:3], inputs[3].to(inputs[0].dtype)))
        return updates[-1]

    hooks = [
        model.feature_encoder.register_forward_hook(lambda _, inputs, maps: features.append(maps)),
        model.update_block.register_forward_pre_hook(before_update),
        model.update_block.register_forward_hook(lambda _, inputs, out: deltas.append(out[1])),
    ]
    with torch.no_grad():
        flows = model(2 * (image1 / 255) - 1, 2 * (image2 / 255) - 1, iterations)
    for hook in hooks:
        hook.remove()
    net, inp, correlation, _ = updates[0]
    low_flows = [update[3] + delta for update, delta in zip(updates, deltas)]
    return {"fmap1": features[0].chunk(2)[0], "net": net, "inp": inp, "correlation": correlation,
            "low_flows": torch.stack(low_flows), "flows": torch.stack(flows)}
