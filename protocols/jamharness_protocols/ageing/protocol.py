"""Ageing: how far a system moves in a time t, and how that depends on its age t_w (arXiv 1803.06969)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness_systems.p_spin import PSpin

from jamharness.api import Cell, DynamicsPoint, Findings, FinishedCell, Observable, PatternSystem, Plot, System
from jamharness_protocols.ageing import analysis, figures, plots
from jamharness_protocols.ageing.observables import OBSERVABLES
from jamharness_protocols.ageing.settings import AgeingSettings
from jamharness_protocols.ageing.task import moving, rule_of, updates_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COMPARED = 1000
"""Updates of a trajectory along which backends are compared, at most."""


class Ageing:
    """Δ(t_w, t_w + t) of networks and of glasses, with its collapses and a verdict."""

    Settings = AgeingSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"seeds": 6, "budget": 2000},
        "paper": {"learning_rate": 0.01, "momentum": 0.5, "budget": 1_000_000, "waits": 12},
    }
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: AgeingSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """One cell for each size and seed that has not been followed."""
        tried = {analysis.place(item.cell) for item in done}
        cells = [
            _cell(settings, system, seed)
            for system in settings.systems()
            for seed in range(settings.seed, settings.seed + settings.seeds)
        ]
        return [cell for cell in cells if analysis.place(cell) not in tried]

    def comparison_points(self, settings: AgeingSettings) -> Sequence[DynamicsPoint]:
        """The first seed at every size, under the rule of the run, for a thousand updates or all."""
        return [_comparison_point(_cell(settings, system, settings.seed)) for system in settings.systems()]

    def analyse(self, settings: AgeingSettings, done: Sequence[FinishedCell]) -> Findings:
        """Estimates over seeds, mean curves, and E(t) size by size."""
        return analysis.analyse(settings, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """Δ against t for every t_w, raw and collapsed; the loss against log t."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)

    def draw_comparison(self, findings: Mapping[str, Findings]) -> "Mapping[str, Figure]":
        """Δ of several runs side by side, raw above and collapsed below."""
        return figures.draw_comparison(findings)


def _cell(settings: AgeingSettings, system: System, seed: int) -> Cell:
    """One run of one seed; a glass has its own couplings for each."""
    if isinstance(system, PSpin):
        system = replace(system, disorder=seed)
    patterned = isinstance(system, PatternSystem)
    return Cell(
        task="ageing",
        system=system,
        loss=settings.chosen_loss(),
        coordinates={
            "seed": seed,
            "patterns": settings.count,
            "initial": settings.scheme(system),
            "dynamics": settings.dynamics(),
            "steps": settings.steps,
            "waiting": list(settings.waiting),
            "lags": list(settings.lags),
            "energy_steps": list(settings.energy_steps) if not patterned else [],
            "kept": settings.kept,
            "flat": settings.flat(),
        },
        dataset=settings.request(seed, system.inputs, settings.count) if isinstance(system, PatternSystem) else None,
        label=f"seed {seed}, N = {system.size}",
        cost=float(system.size) * max(1, settings.count) * settings.steps,
    )


def _comparison_point(cell: Cell) -> DynamicsPoint:
    """What a cell follows."""
    assert cell.system is not None
    assert cell.loss is not None
    at = cell.coordinates
    return DynamicsPoint(
        label=cell.label, system=moving(cell.system), loss=cell.loss, rule=rule_of(at["dynamics"], at["seed"]),
        dataset=cell.dataset, patterns=at["patterns"], seed=at["seed"], scheme=at["initial"],
        updates=min(_COMPARED, at["steps"] * updates_of(at["dynamics"])),
    )  # fmt: skip
