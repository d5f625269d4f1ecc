"""Makes tests/reference/fixtures/pth with PyTorch 1.13, the reference writer of .pth files.

Run with a Python that has torch (Debian: python3-torch); the tests only read what it wrote:

    python3 tests/reference/make_pth_fixtures.py

Each fixture is small, its values fixed (the legacy files' storage keys are addresses, so those files
differ from run to run in nothing that matters). expected.json has, for each file, every tensor's dtype,
shape and row-major values (integers as strings, since JSON readers round beyond 2^53).
"""

import collections
import copy
import json
import pathlib
import random

import numpy
import torch

FOLDER = pathlib.Path(__file__).parent / "fixtures" / "pth"

DTYPES = {
    torch.float32: "F32",
    torch.float64: "F64",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def every_kind():
    """A state dict with each dtype and each kind of view that occurs in practice."""
    halves = torch.tensor([1.5, -2.0, 65504.0, 6e-8])
    shared = torch.arange(8, dtype=torch.float32)
    return collections.OrderedDict(
        f32=torch.tensor([[1.0, -2.5], [3.25, 1e-40]]),
        f64=torch.tensor([0.1, -1e300], dtype=torch.float64),
        f16=halves.to(torch.float16),
        bf16=torch.tensor([1.0, -3.140625, 1e38, 2.0**-130], dtype=torch.bfloat16),
        i64=torch.tensor([2**62 + 1, -(2**53) - 1, 0]),
        i32=torch.tensor([-(2**31), 7], dtype=torch.int32),
        i16=torch.tensor([-(2**15), 7], dtype=torch.int16),
        i8=torch.tensor([-128, 7], dtype=torch.int8),
        u8=torch.tensor([0, 255, 3], dtype=torch.uint8),
        bool=torch.tensor([True, False, True]),
        transposed=torch.arange(6, dtype=torch.float32).reshape(2, 3).t(),
        permuted=torch.arange(24, dtype=torch.int16).reshape(2, 3, 4).permute(2, 0, 1)[1:, :, ::2],
        shared_head=shared[:3],
        shared_tail=shared[5:],
        parameter=torch.nn.Parameter(torch.tensor([0.5, -0.5])),
        scalar=torch.tensor(42.0),
        empty=torch.zeros(0, 3),
    )


def module():
    """A module's state dict, whose _metadata reaches the pickle as a BUILD."""
    norm = torch.nn.BatchNorm2d(2)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.25, 4.0]))
    return norm.state_dict()


def checkpoint():
    """What training scripts save: weights beside an optimizer's state and scalars."""
    layer = torch.nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0]]))
        layer.bias.fill_(3.0)
    weights = copy.deepcopy(layer.state_dict())
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return {"epoch": 3, "model": weights, "optimizer": optimizer.state_dict(), "best": 0.5}


def detectron():
    """What detectron2's checkpointer saves for Guess What Moves: a loss and a score beside the weights,
    and a module whose state is that of the random generators."""
    weights = collections.OrderedDict(w=torch.tensor([1.0, -2.0]))
    random_state = collections.OrderedDict(
        initial_seed=torch.tensor(42),
        __random_prng_state__=random.Random(0).getstate(),
        __numpy_prng_state__=numpy.random.RandomState(0).get_state(),
        __torch_prng_state__=torch.arange(4, dtype=torch.uint8),
    )
    return {
        "model": weights,
        "random_state": random_state,
        "iteration": 3,
        "loss": torch.tensor(0.5, requires_grad=True) * 2,
        "iou": numpy.float64(79.5),
    }


def expected(state):
    def values(tensor):
        flat = tensor.detach().reshape(-1)
        if flat.dtype.is_floating_point:
            return flat.double().tolist()
        return [str(int(value)) for value in flat]

    return {
        name: {"dtype": DTYPES[t.dtype], "shape": list(t.shape), "values": values(t)}
        for name, t in state.items()
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    kinds, norm, training, detectron2 = every_kind(), module(), checkpoint(), detectron()
    small = {"w": torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "b": torch.tensor([7, -7])}
    files = {
        "kinds": (kinds, kinds, {}),
        "kinds_protocol4": (kinds, kinds, {"pickle_protocol": 4}),
        "module": (norm, norm, {}),
        "checkpoint": (training, training["model"], {}),
        "detectron": (detectron2, detectron2["model"], {}),
        "small": (small, small, {}),
    }
    wanted = {}
    for name, (what, state, options) in files.items():
        for container, zipped in (("zip", True), ("legacy", False)):
            file = f"{name}_{container}.pth"
            torch.save(what, FOLDER / file, _use_new_zipfile_serialization=zipped, **options)
            wanted[file] = expected(state)
    lines = (f"{json.dumps(file)}: {json.dumps(state)}" for file, state in wanted.items())
    (FOLDER / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
