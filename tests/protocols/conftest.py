"""Cells carried out as the host does, in this process and with the referee."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from jamharness_numpy.backend import NumpyBackend
from jamharness_protocols.plugin import jamharness_protocols

from jamharness.api import Cell, CellResult, FinishedCell
from jamharness.datasets import digits, random
from jamharness.plugins import load_object

SHARED = ("minimisation", "approach")
TASKS = {name: path for spec in jamharness_protocols() for name, path in spec.tasks.items()}


def measured(cell: Cell, done: list[FinishedCell], say: Callable[[str], None] = lambda _text: None) -> CellResult:
    """One cell's result; what it needs is entered among the finished cells first."""
    needed = []
    for need in cell.needs:
        matches = [item for item in done if item.cell == need]
        if not matches:
            matches = [FinishedCell(cell=need, result=measured(need, done, say))]
            done += matches
        needed.append(matches[0].result)
    ready = cell
    if cell.dataset is not None:
        ready = replace(cell, data=(digits if cell.dataset.dataset == "digits" else random).load(cell.dataset))
    result: CellResult = load_object(TASKS[cell.task])(ready, needed, NumpyBackend(), say)
    json.dumps(result.values, allow_nan=False)
    return result


@pytest.fixture
def measure() -> Callable[..., CellResult]:
    """A function that measures one cell."""
    return measured


@pytest.fixture
def carry_out() -> Callable[[Any, Any], list[FinishedCell]]:
    """A function that plans and measures until nothing is left, of a protocol and its settings."""

    def carried_out(protocol: Any, settings: Any) -> list[FinishedCell]:
        done: list[FinishedCell] = []
        while cells := protocol.plan(settings, done):
            assert cells == protocol.plan(settings, done)
            assert not any(item.cell in cells for item in done if item.cell.task not in SHARED)
            for cell in cells:
                if not any(item.cell == cell for item in done):
                    done.append(FinishedCell(cell=cell, result=measured(cell, done)))
        return done

    return carried_out
