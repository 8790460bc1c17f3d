"""Files of a data set that are replaced are other data, whatever their name and folder."""

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np


def write_mnist(folder: Path, seed: int) -> Path:
    """Four IDX files of 5×5 pixels."""
    draw = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    for name, count in (("train", 60), ("t10k", 10)):
        for kind, array in (("images-idx3", draw.integers(0, 256, (count, 5, 5))), ("labels-idx1", np.arange(count))):
            values = array.astype(np.uint8) if array.ndim == 3 else (array % 10).astype(np.uint8)
            head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            (folder / f"{name}-{kind}-ubyte").write_bytes(head + values.tobytes())
    return folder


def asked(folder: Path, store: str) -> list[str]:
    settings = {
        "dataset": "mnist", "folder": folder, "patterns": 60, "width": 2, "depth": 1, "inputs": 6, "seeds": 2,
        "start_ratio": 1,
    }  # fmt: skip
    arguments = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    return ["run", "jamming", "--backend", "numpy", "--store", store, *arguments]


def test_other_idx_files_print_their_own_numbers(command: Any, work: Path) -> None:
    """In another folder, and edited in place: as in an empty store, with nothing from the store; a copy is the same."""
    one, two = write_mnist(work / "m1", 1), write_mnist(work / "m2", 2)

    def run(folder: Path, store: str = "store") -> tuple[int, Any]:
        outcome = command(*asked(folder, store), "--json", "--quiet")
        assert outcome.code in (0, 1), outcome
        part = json.loads(outcome.out)["protocols"]["jamming"]
        return part["cells"]["reused"], part["estimates"]

    reused, first = run(one)
    assert reused == 0
    reused, second = run(two)
    assert (reused, second) == run(two, "another")
    assert reused == 0
    assert second != first
    shutil.copytree(two, one, dirs_exist_ok=True)
    assert run(one)[0] > 0
    write_mnist(one, 3)
    assert run(one) == run(write_mnist(work / "m3", 3), "third")
    outcome = command(*asked(write_mnist(work / "m4", 4), "store"))
    assert "from the store" not in outcome.out
