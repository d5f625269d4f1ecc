"""Numbers that Python and TypeScript regenerate bit for bit, so that no weights need storing.

The generator is base/random.ts (Threefry-2x32-20) over whole arrays; the rules are those of
deterministic_weights.ts. Change both or neither.
"""
from typing import Sequence, Tuple, Union

import numpy as np

ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24]
SEED = 0


def threefry2x32(key: Sequence[int], c0, c1) -> Tuple[np.ndarray, np.ndarray]:
    k0, k1 = (np.uint32(k) for k in key)
    schedule = [k0, k1, np.uint32(0x1BD11BDA) ^ k0 ^ k1]
    with np.errstate(over="ignore"):
        x0, x1 = np.uint32(c0) + schedule[0], np.uint32(c1) + schedule[1]
        for round_ in range(20):
            r = ROTATIONS[round_ % 8]
            x0 = x0 + x1
            x1 = ((x1 << np.uint32(r)) | (x1 >> np.uint32(32 - r))) ^ x0
            if round_ % 4 == 3:
                injection = round_ // 4 + 1
                x0 = x0 + schedule[injection % 3]
                x1 = x1 + schedule[(injection + 1) % 3] + np.uint32(injection)
    return x0, x1


def fnv1a(label: str, basis: int) -> int:
    """Over UTF-16 code units, low byte first."""
    for byte in label.encode("utf-16-le"):
        basis = ((basis ^ byte) * 0x01000193) & 0xFFFFFFFF
    return basis


def uniforms(count: int, *path: Union[str, int]) -> np.ndarray:
    """The first `count` values of `randomStream(SEED, ...path).uniform()`."""
    key = (SEED, 0)
    for label in path:
        text = f"{'number' if isinstance(label, int) else 'string'}:{label}"
        words = threefry2x32(key, fnv1a(text, 0x811C9DC5), fnv1a(text, 0x9747B28C))
        key = tuple(int(word) for word in words)
    a, b = threefry2x32(key, np.arange(count, dtype=np.uint32), np.uint32(0x80000000))
    return ((a >> np.uint32(5)) * 2.0**26 + (b >> np.uint32(6))) / 2.0**53


def integers(count: int, high: int, *path: Union[str, int]) -> np.ndarray:
    """The first `count` values of `randomStream(SEED, ...path).integer(0, high)`."""
    return np.floor(uniforms(count, *path) * high).astype(np.int64)


def tensor(name: str, shape: Sequence[int]) -> np.ndarray:
    """A state-dict entry's values; `deterministicTensor` in TypeScript."""
    # The official code registers a shortcut's norm twice; both names must hold the same values.
    source = name.replace(".downsample.1.", ".norm3.")
    kind = name.rsplit(".", 1)[-1]
    count = int(np.prod(shape))
    if kind == "num_batches_tracked":
        return np.zeros(shape, np.float32)
    u = 2 * uniforms(count, "weights", source) - 1
    if kind in ("weight", "in_proj_weight") and len(shape) > 1:
        # PWC-Net's transposed convolutions, IOHW with stride 2: a number out is a sum of I * H * W / 4.
        transposed = name.startswith(("deconv", "upfeat"))
        fan_in = count / shape[1] / 4 if transposed else count / shape[0]
        # PWC-Net's flows move by several pixels at this size, so that its warps have something to do.
        values = u * np.sqrt(3 / fan_in) * (5 if name.startswith("predict_flow") else 1)
    elif kind in ("cls_token", "pos_embed"):
        values = u
    elif kind in ("weight", "running_var"):
        values = 1 + 0.1 * u
    elif kind in ("bias", "in_proj_bias", "running_mean"):
        values = 0.1 * u
    else:
        raise ValueError(f"no rule for {name}")
    return values.astype(np.float32).reshape(shape)


def sample_indices(name: str, size: int, count: int = 64) -> np.ndarray:
    """Which entries of a large tensor a fixture keeps; `sampledIndices` in TypeScript."""
    return integers(count, size, "samples", name)


def box_blur(values: np.ndarray, radius: int) -> np.ndarray:
    """Sums over a periodic (2 radius + 1)^2 window of an integer [height, width, 3] array."""
    for axis in (0, 1):
        values = sum(np.roll(values, shift, axis) for shift in range(-radius, radius + 1))
    return values


def picture(name: str, height: int, width: int) -> np.ndarray:
    """A smooth periodic texture, uint8 [height, width, 3]; `deterministicPicture` in TypeScript."""
    noise = integers(height * width * 3, 256, "pictures", name).reshape(height, width, 3)
    smooth = box_blur(box_blur(noise, 3), 3)
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) * 255 // (high - low)).astype(np.uint8)


def picture_pair(name: str, height: int, width: int, dy: int, dx: int):
    """A texture and itself moved by (dy, dx) under noise of -4...4; `deterministicPair`."""
    first = picture(name, height, width)
    noise = integers(first.size, 9, "pictures", name, "noise").reshape(first.shape) - 4
    moved = np.roll(first.astype(np.int64), (dy, dx), (0, 1))
    return first, np.clip(moved + noise, 0, 255).astype(np.uint8)
