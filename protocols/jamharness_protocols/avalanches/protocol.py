"""Avalanches: how the set of unsatisfied patterns changes along training, and how often patterns are forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jamharness_numerics.minimise import RULES
from jamharness_numerics.minimise.certificate import loss_of

from jamharness.api import (
    Adam,
    Backend,
    Cell,
    CellResult,
    ComparisonPoint,
    Findings,
    FinishedCell,
    Observable,
    Optimizer,
    Progress,
    Sgd,
)
from jamharness_protocols.avalanches import analysis, figures
from jamharness_protocols.avalanches.following import changes, follow
from jamharness_protocols.avalanches.observables import OBSERVABLES
from jamharness_protocols.avalanches.settings import AvalanchesSettings
from jamharness_protocols.common.trial import problem_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Avalanches:
    """Sizes of the changes between records, and how often patterns are learned and forgotten again."""

    Settings = AvalanchesSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"seeds": 4},
        "paper": {"width": 40, "depth": 5, "learning_rate": 1e-4, "budget": 2_000_000, "records": 20_000, "load": 3.0},
    }
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: AvalanchesSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """One cell for each seed that has not been followed."""
        tried = {item.cell.coordinates["seed"] for item in done}
        network, patterns = settings.network(), settings.patterns
        return [
            Cell(
                protocol="avalanches",
                coordinates={
                    **settings.coordinates(network, seed, patterns),
                    "learning_rate": settings.learning_rate,
                    "records": settings.records,
                },
                dataset=settings.request(seed, network.inputs, patterns),
                label=f"seed {seed}, P = {patterns}",
            )
            for seed in range(settings.seed, settings.seed + settings.seeds)
            if seed not in tried
        ]

    def comparison_points(self, settings: AvalanchesSettings) -> Sequence[ComparisonPoint]:
        """The first seed."""
        return [settings.comparison_point(settings.network(), settings.patterns, settings.patterns, settings.seed)]

    def measure(self, cell: Cell, backend: Backend, progress: Progress) -> CellResult:
        """Follow one minimisation and count changes between its records."""
        at, problem = cell.coordinates, problem_of(cell, backend)
        w = problem.network.initial(seed=int(at["seed"]), scheme=str(at["initial"]))  # type: ignore[arg-type]
        budget, records = int(at["budget"]), int(at["records"])  # type: ignore[arg-type]
        rule = _rule(str(at["minimiser"]), float(at["learning_rate"]))  # type: ignore[arg-type]
        steps, margins = follow(problem, w, rule, np.linspace(0, budget, records).round().astype(int), progress)
        unsatisfied = margins > 0
        found = changes(unsatisfied)
        return CellResult(
            values={
                "unsatisfied": int(unsatisfied[-1].sum()),
                "loss": loss_of(margins[-1]),
                "updates": int(steps[-1]),
                "weights": problem.network.weights,
                "parameters": problem.network.size,
            },
            arrays={
                "steps": steps,
                "learned": found.learned,
                "forgotten": found.forgotten,
                "times": found.times,
                "left": unsatisfied.sum(axis=1),
            },
        )

    def analyse(self, settings: AvalanchesSettings, done: Sequence[FinishedCell]) -> Findings:
        """Estimates over seeds, the table of seeds, sizes and times of all of them."""
        return analysis.analyse(settings.load, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """How often a change is larger than a size; how often patterns are forgotten."""
        return figures.draw(findings)


def _rule(name: str, learning_rate: float) -> Optimizer:
    rule = RULES[name]
    return replace(rule, learning_rate=learning_rate) if isinstance(rule, Adam | Sgd) else rule
