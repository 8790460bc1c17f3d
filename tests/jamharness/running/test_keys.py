"""The key of a cell: everything that can change its numbers, and nothing else."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from jamharness.api import BackendSpec, Cell, DataRequest, DatasetSpec, ProtocolSpec
from jamharness.execution.job import Target
from jamharness.running.keys import Keys

BACKEND = BackendSpec(name="b", factory="bpackage.deep:B", distributions=("framework",))
PLACE = Target(backend=BACKEND, device="cuda:0", dtype="float64", threads=1)
CELL = Cell(protocol="p", coordinates={"P": 3, "rate": 0.1}, dataset=DataRequest(dataset="d", folder="/here"))


def key(
    cell: Cell = CELL,
    target: Target = PLACE,
    protocol: str = "1",
    distribution: str = "1.0",
    versions: Any = lambda name: "1",
    sources: Any = lambda name: "1",
) -> str:
    plugins: Any = SimpleNamespace(
        protocol=lambda name: ProtocolSpec(name=name, factory="ppackage:P", version=protocol),
        dataset=lambda name: DatasetSpec(name=name, factory="dpackage:load", distributions=("pictures",)),
        distribution_of=lambda spec: ("bdist", distribution),
    )
    keys = Keys(
        plugins,
        target,
        lambda libraries, packages: ({n: versions(n) for n in libraries}, {n: sources(n) for n in packages}),
    )
    return keys.key(keys.plainly(cell))


def other(name: str) -> Any:
    return lambda each: "2" if each == name else "1"


@pytest.mark.parametrize(
    "change",
    [
        {"cell": replace(CELL, protocol="q")},
        {"cell": replace(CELL, coordinates={"P": 4, "rate": 0.1})},
        {"cell": replace(CELL, coordinates={"P": 3, "rate": 0.1 + 2**-56})},
        {"cell": replace(CELL, dataset=DataRequest(dataset="d", seed=1))},
        {"cell": replace(CELL, dataset=DataRequest(dataset="e"))},
        {"cell": replace(CELL, dataset=None)},
        {"target": replace(PLACE, device="cpu")},
        {"target": replace(PLACE, dtype="float32")},
        {"target": replace(PLACE, threads=2)},
        {"target": replace(PLACE, backend=replace(BACKEND, name="c"))},
        {"protocol": "2"},
        {"distribution": "1.1"},
        *({"versions": other(name)} for name in ("framework", "numpy", "scipy", "pictures")),
        *(
            {"sources": other(name)}
            for name in ("jamharness.api", "jamharness.datasets", "ppackage", "bpackage", "dpackage")
        ),
    ],
)
def test_a_change_that_matters_changes_the_key(change: dict[str, Any]) -> None:
    """Coordinates to the last bit, data, backend, versions, and the code of all that computes."""
    assert key(**change) != key()


@pytest.mark.parametrize(
    "change",
    [
        {"cell": replace(CELL, label="shown", cost=3.0)},
        {"cell": replace(CELL, coordinates={"rate": 0.1, "P": 3})},
        {"cell": replace(CELL, dataset=DataRequest(dataset="d", folder="/there"))},
        {"target": replace(PLACE, device="cuda:1")},
    ],
)
def test_what_does_not_matter_leaves_the_key(change: dict[str, Any]) -> None:
    """What is shown, the order of coordinates, where files lie, and which of several devices."""
    assert key(**change) == key()


def test_coordinates_that_are_no_json_are_refused() -> None:
    """By their place."""
    with pytest.raises(TypeError, match=r"coordinates\['x'\] is a set"):
        key(cell=replace(CELL, coordinates={"x": {1}}))  # type: ignore[dict-item]
