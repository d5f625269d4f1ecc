"""Writes fixtures: safetensors (float32 only) and JSON, with the same bytes for the same numbers."""
import json
import struct
from pathlib import Path
from typing import Any, Dict

import numpy as np
import torch

FIXTURES = Path(__file__).parent / "fixtures"


def nhwc(x: torch.Tensor) -> torch.Tensor:
    """[..., C, H, W] to [..., H, W, C]: activations are stored as the TypeScript side holds them."""
    return x.movedim(-3, -1)


def save_tensors(name: str, tensors: Dict[str, Any], metadata: Dict[str, Any],
                 folder: str = "raft") -> None:
    """Writes FIXTURES/folder/name.safetensors; values go through JSON so that numbers keep every digit."""
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}
    header: Dict[str, Any] = {"__metadata__": texts}
    blobs, offset = [], 0
    for key, value in tensors.items():
        if isinstance(value, torch.Tensor):
            value = value.detach().numpy()
        # ascontiguousarray would turn a scalar into a vector.
        value = np.asarray(value, dtype="<f4", order="C")
        if not np.isfinite(value).all():
            raise ValueError(f"{name}: {key} is not finite")
        blobs.append(value.tobytes())
        header[key] = {"dtype": "F32", "shape": list(value.shape),
                       "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    path = FIXTURES / folder / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(blobs))


def save_json(name: str, value: Any, folder: str = "raft") -> None:
    path = FIXTURES / folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")
