"""The key of a cell: everything that can change its numbers, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from jamharness.api import (
    BackendSpec,
    Cell,
    DataRequest,
    DatasetSpec,
    Network,
    PluginError,
    ProtocolSpec,
    QuadraticHinge,
    SystemSpec,
)
from jamharness.execution.facts import Facts
from jamharness.execution.job import Target
from jamharness.running.keys import Keys

BACKEND = BackendSpec(name="b", factory="bpackage.deep:B", distributions=("framework",))
PLACE = Target(backend=BACKEND, device="cuda:0", dtype="float64", threads=1)
NEED = Cell(task="q", coordinates={"seed": 1})
CELL = Cell(
    task="p",
    system=Network(width=3),
    loss=QuadraticHinge(),
    coordinates={"P": 3, "rate": 0.1},
    dataset=DataRequest(dataset="d", folder="/here"),
    needs=(NEED,),
)


def one(name: str) -> str:
    return "1"


def key(
    cell: Cell = CELL,
    target: Target = PLACE,
    protocol: str = "1",
    homes: Callable[[str], str] = one,
    versions: Callable[[str], str] = one,
    sources: Callable[[str], str] = one,
    data: str = "1",
    tasks: Any = (),
) -> str:
    specs = {
        name: ProtocolSpec(name=name, factory=f"{name}package:P", version=protocol, tasks=dict(tasks)) for name in "pq"
    }
    plugins: Any = SimpleNamespace(
        protocols=specs,
        protocol=specs.__getitem__,
        systems={"s": SystemSpec(name="s", factory="jamharness.api:Network")},
        system=lambda name: SystemSpec(name=name, factory="jamharness.api:Network"),
        dataset=lambda name: DatasetSpec(name=name, factory="dpackage:load", distributions=("pictures",)),
        home_of=lambda factory, spec: ("dist", homes(factory)),
    )
    keys = Keys(
        "p",
        plugins,
        target,
        lambda question: Facts(
            versions={name: versions(name) for name in question.requirements},
            sources={name: sources(name) for name in question.modules},
        ),
        SimpleNamespace(of=lambda request: data),  # type: ignore[arg-type]
    )
    return keys.key(keys.plainly(cell))


def other(name: str) -> Callable[[str], str]:
    return lambda each: "2" if each == name else "1"


@pytest.mark.parametrize(
    "change",
    [
        {"cell": replace(CELL, task="q")},
        {"cell": replace(CELL, system=Network(width=4))},
        {"cell": replace(CELL, system=None)},
        {"cell": replace(CELL, loss=QuadraticHinge(margin=1 + 2**-52))},
        {"cell": replace(CELL, loss=None)},
        {"cell": replace(CELL, coordinates={"P": 4, "rate": 0.1})},
        {"cell": replace(CELL, coordinates={"P": 3, "rate": 0.1 + 2**-56})},
        {"cell": replace(CELL, dataset=DataRequest(dataset="d", seed=1))},
        {"cell": replace(CELL, dataset=DataRequest(dataset="e"))},
        {"cell": replace(CELL, dataset=None)},
        {"cell": replace(CELL, needs=())},
        {"cell": replace(CELL, needs=(replace(NEED, coordinates={"seed": 2}),))},
        {"data": "2"},
        {"target": replace(PLACE, device="cpu")},
        {"target": replace(PLACE, dtype="float32")},
        {"target": replace(PLACE, threads=2)},
        {"target": replace(PLACE, backend=replace(BACKEND, name="c"))},
        {"target": replace(PLACE, backend=replace(BACKEND, environment={"FLAG": "1"}))},
        {"target": replace(PLACE, backend=replace(BACKEND, capabilities=frozenset({"protocol:p"})))},
        {"target": replace(PLACE, backend=replace(BACKEND, capabilities=frozenset({"protocol:q"})))},
        {"protocol": "2"},
        {"tasks": {"p": "ppackage:P", "q": "qpackage:P"}},
        {"tasks": {"p": "ppackage:other", "q": "qpackage:P"}},
        *({"homes": other(name)} for name in ("ppackage:P", "qpackage:P", "bpackage.deep:B", "dpackage:load")),
        *({"versions": other(name)} for name in ("framework", "numpy", "scipy", "pictures")),
        *({"sources": other(name)} for name in ("ppackage", "qpackage", "bpackage.deep", "dpackage", "jamharness.api")),
    ],
)
def test_a_change_that_matters_changes_the_key(change: dict[str, Any]) -> None:
    """Typed values and coordinates to the last bit, data, needed cells, backend, versions, all code that computes."""
    assert key(**change) != key()


@pytest.mark.parametrize(
    "change",
    [
        {"cell": replace(CELL, label="shown", cost=3.0)},
        {"cell": replace(CELL, coordinates={"rate": 0.1, "P": 3})},
        {"cell": replace(CELL, dataset=DataRequest(dataset="d", folder="/there"))},
        {"cell": replace(CELL, loss=QuadraticHinge(margin=1))},
        {"cell": replace(CELL, needs=(replace(NEED, label="shown"),))},
        {"target": replace(PLACE, device="cuda:1")},
    ],
)
def test_what_does_not_matter_leaves_the_key(change: dict[str, Any]) -> None:
    """What is shown, the order of coordinates, where files lie, 1 for 1.0, and which of several devices."""
    assert key(**change) == key()


def test_coordinates_that_are_no_json_are_refused() -> None:
    """By their place."""
    with pytest.raises(TypeError, match=r"coordinates\['x'\] is a set"):
        key(cell=replace(CELL, coordinates={"x": {1}}))


def test_a_task_that_nothing_offers_is_the_plugins_error() -> None:
    """With the names that there are."""
    with pytest.raises(PluginError, match=r"Protocol 'p' plans a cell of a task that is not there.*'minimise'.*\bp\b"):
        key(cell=replace(CELL, task="minimise"))
