"""Cells as JSON and back."""

import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamharness.api import Cell, DataRequest, Network, PluginError, QuadraticHinge
from jamharness.plugins import Plugins
from jamharness.running.encoding import CellEncoding

ENCODING = CellEncoding(Plugins.load())
NEED = Cell(task="minimisation", system=Network(width=(3, 4), depth=2), coordinates={"seed": 1})
CELL = Cell(
    task="spectrum",
    system=Network(inputs=5, activation="gelu(2)"),
    loss=QuadraticHinge(margin=0.1),
    coordinates={"P": 3, "x": [0.1, None, "κ"]},
    dataset=DataRequest(dataset="random", inputs=5, patterns=8),
    needs=(NEED,),
)
NETWORKS = st.builds(
    lambda inputs, widths, bias: Network(inputs=inputs, width=tuple(widths), depth=len(widths), bias=bias),
    st.integers(1, 50), st.lists(st.integers(1, 50), max_size=4), st.booleans(),
)  # fmt: skip


@given(system=NETWORKS, margin=st.floats(1e-3, 1e3), seed=st.integers(0, 2**40))
def test_what_is_encoded_is_decoded(system: Network, margin: float, seed: int) -> None:
    """To equal typed values, through the text of a file."""
    cell = replace(CELL, system=system, loss=QuadraticHinge(margin=margin), coordinates={"seed": seed})
    assert ENCODING.decode(json.loads(json.dumps(ENCODING.encode(cell)))) == cell


def test_systems_and_losses_have_registered_names() -> None:
    """And where files lie is not part of it."""
    document = ENCODING.encode(replace(CELL, dataset=replace(CELL.dataset, folder="/here")))  # type: ignore[type-var]
    assert set(document["system"]) == {"fully_connected"}  # type: ignore[arg-type]
    assert set(document["loss"]) == {"hinge"}  # type: ignore[arg-type]
    assert document["loss"]["hinge"]["margin"] == 0.1  # type: ignore[index, call-overload]
    assert document == ENCODING.encode(CELL)


@pytest.mark.parametrize(
    "forged",
    [
        {"system": {"antigravity:fly": {}}},
        {"system": {"antigravity": {}}},
        {"system": {"fully_connected": {"width": 3, "factory": "antigravity:fly"}}},
        {"system": {"fully_connected": {"width": -3}}},
        {"system": {"fully_connected": {}, "other": {}}},
        {"system": "fully_connected"},
        {"loss": {"antigravity": {}}},
        {"loss": {"QuadraticHinge": {"margin": "nan"}}},
        {"dataset": {"dataset": "random", "antigravity": 1}},
        {"coordinates": None},
        {"task": 3},
        {"needs": [{"task": "x"}]},
        {"needs": 3},
    ],
)
def test_a_forged_cell_is_refused_and_imports_nothing(forged: dict[str, Any]) -> None:
    """Names that are not registered, fields that are not there, values that cannot be."""
    with pytest.raises(ValueError, match="no cell that can be read here"):
        ENCODING.decode({**ENCODING.encode(CELL), **forged})
    assert "antigravity" not in sys.modules


def test_a_system_that_nobody_registers_is_the_plugins_error() -> None:
    """It could not be read back."""

    class Own(Network):
        pass

    with pytest.raises(PluginError, match="is not registered"):
        ENCODING.encode(replace(CELL, system=Own()))
