"""Which code a claim was registered with, and how another differs from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jamharness.api import Cell, Json
from jamharness.execution.facts import Question, look_up
from jamharness.plugins import Plugins
from jamharness.running.experiments import Experiment
from jamharness.running.keys import Keys, with_needs

ANALYSIS = "plan and analysis"


def code_of(experiment: Experiment, cells: Sequence[Cell], keys: Keys, plugins: Plugins) -> dict[str, Json]:
    """What computes and analyses: hashes of sources and versions of libraries, as the keys of cells have them.

    Arguments:
        experiment: the protocol.
        cells: those that are planned first, and what they need; of tasks that come later only those of the protocol
            itself are looked up.
        keys: of its cells.
        plugins: what there is.

    Returns:
        By kind of cell (its task, system and data set), and under ``ANALYSIS`` those of the protocol itself.
    """
    spec = plugins.protocol(experiment.name)
    code: dict[str, Json] = {}
    every = list(with_needs(cells))
    later = [replace(cell, task=task, needs=()) for cell in every[:1] for task in spec.tasks]
    for cell in [*every, *later]:
        system = "" if cell.system is None else keys.encoding.name_of(cell.system)
        kind = ", ".join(filter(None, (cell.task, system, cell.dataset.dataset if cell.dataset else "")))
        if kind not in code:
            code[kind] = keys.code(cell)
    home, number = plugins.home_of(spec.factory, spec)
    facts = look_up(
        Question(
            modules=(spec.factory.partition(":")[0],),
            requirements=("numpy", "pandas", "scipy"),
            distributions=(home,) if home else (),
        )
    )
    analysis: dict[str, Json] = {"distribution": [home, number], "versions": dict(facts.versions)}
    code[ANALYSIS] = {**analysis, "sources": dict(facts.sources)}
    return code


def differences(registered: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """How the code differs, each difference in a few words and once; kinds that only one of them has are left out.

    Arguments:
        registered: from ``code_of``, when the claim was registered.
        now: likewise.
    """
    texts: dict[str, None] = {}
    for kind in registered:
        if kind not in now:
            continue
        old, new = registered[kind], now[kind]
        for name in dict.fromkeys([*old["sources"], *new["sources"]]):
            if old["sources"].get(name) != new["sources"].get(name):
                texts[f"{name} ({kind})"] = None
        for name in dict.fromkeys([*old["versions"], *new["versions"]]):
            before, after = old["versions"].get(name), new["versions"].get(name)
            if before != after:
                texts[f"{name} {before or 'absent'} then, {after or 'absent'} now"] = None
        before, after = old.get("version"), new.get("version")
        if before != after:
            texts[f"version {before or 'none'} of the protocol then, {after or 'none'} now"] = None
    yield from texts


def new_settings(registered: Mapping[str, Json], now: Mapping[str, Json]) -> list[str]:
    """Settings that a protocol has now and had not, or with other values, when the claim was registered."""
    return [f"setting {key} = {now[key]!r}, which was not registered" for key in now if registered.get(key) != now[key]]
