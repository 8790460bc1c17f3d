"""What a trained network gives on the test set: its error, the size of its output, and the outputs themselves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Backend, BadInput, Cell, CellResult, Float64, Json, Progress
from jamharness_protocols.common.problem import problem_of

_TAKEN = ("outcome", "unsatisfied", "loss", "weights", "parameters", "seconds")
_BLOCK = 4096
"""Test patterns at a time: a layer of 1000 units takes 32 MB."""


def measure(cell: Cell, needed: Sequence[CellResult], backend: Backend, _progress: Progress) -> CellResult:
    """Test the network whose minimisation the cell needs.

    Returns:
        values: how the minimisation ended, with errors and the size of the output; arrays: ``outputs`` (M,) on the test
        set and its ``labels`` (M,).
    """
    minimisation = needed[0]
    w, margins = (np.asarray(minimisation.arrays[name]) for name in ("w", "margins"))
    outputs = tested(cell, problem_of(cell, backend), w)
    return CellResult(
        values={
            **{name: minimisation.values[name] for name in _TAKEN},
            "updates": minimisation.values["iterations"],
            **values_of(cell, outputs, margins),
        },
        arrays={"outputs": outputs, "labels": labels(cell)},
    )


def tested(cell: Cell, problem: Any, w: Array) -> Float64:
    """F of the test patterns, (M,), block by block.

    Raises:
        BadInput: there is no test set.
    """
    assert cell.data is not None, "the host loads the data before measure"
    x = cell.data.x_test
    if not len(x):
        raise BadInput(
            f"Data set {cell.data.description.get('dataset', '')!r} has no test set: raise test_fraction, or take "
            "another one."
        )
    blocks = [problem.outputs(w, x[start : start + _BLOCK]) for start in range(0, len(x), _BLOCK)]
    return np.concatenate(blocks).astype(np.float64)


def labels(cell: Cell) -> NDArray[np.int8]:
    """The signs of the test patterns, (M,)."""
    assert cell.data is not None
    return cell.data.y_test.astype(np.int8)


def test_error(cell: Cell, outputs: Float64) -> float:
    """The part of the test set whose sign is wrong; an output of zero is wrong."""
    assert cell.data is not None
    return float(np.mean(outputs * cell.data.y_test <= 0))


def values_of(cell: Cell, outputs: Float64, margins: Array) -> dict[str, Json]:
    """Errors on both sets, and √⟨f²⟩ on the test set.

    Arguments:
        cell: with its data.
        outputs: (M,) on the test set.
        margins: (P,) Δ of the training set, κ − y f.
    """
    assert cell.loss is not None
    return {
        "test_error": test_error(cell, outputs),
        "train_error": float(np.mean(margins >= cell.loss.margin)),
        "output": float(np.sqrt(np.mean(outputs**2))),
    }
