"""The spectrum of the Hessian H = H0 + Hp below, at and beyond the jamming transition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Cell, ComparisonPoint, Findings, FinishedCell, Json, Observable, Outlook, Plot
from jamharness_protocols.common.approaches import approach_points, approaches, approaches_outlook, jammed, why_none
from jamharness_protocols.common.own_threshold import outlook, own_thresholds
from jamharness_protocols.spectrum import analysis, figures, plots
from jamharness_protocols.spectrum.observables import OBSERVABLES
from jamharness_protocols.spectrum.settings import SpectrumSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Spectrum:
    """N_−, N_0 and N_+ of H, H0 and Hp, their symmetry and scale, phase by phase."""

    Settings = SpectrumSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"seeds": 6, "compressions": (0.0, 0.01)},
        "paper": {"width": 40, "depth": 5, "seeds": 4, "constraint": "none", "activation": "relu"},
    }
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: SpectrumSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """Each seed's search for its threshold unless one is given, then every load that has not been tried."""
        tried = {_place(item.cell) for item in done if item.cell.task == "spectrum"}
        if settings.approached:
            own = (cell for item in jammed(done) for cell in _compressed(settings, item.cell))
            planned = approaches(settings, [settings.fixed_patterns], done)
            return [*planned, *(cell for cell in own if _place(cell) not in tried)]
        searches, thresholds = _thresholds(settings, done)
        cells = [cell for seed, at in thresholds.items() for cell in _cells(settings, seed, at)]
        return [*searches, *(cell for cell in cells if _place(cell) not in tried)]

    def outlook(self, settings: SpectrumSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How many seeds' thresholds are known, and how many cells follow."""
        if settings.approached:
            return approaches_outlook(settings, done, len(settings.compressions))
        planned = self.plan(settings, done)
        if settings.threshold is not None:
            return Outlook(words="", fewest=len(planned), most=2 * len(planned))
        return outlook(settings, done, planned, len(settings.relative))

    def comparison_points(self, settings: SpectrumSettings) -> Sequence[ComparisonPoint]:
        """The first seed at the largest load; at 3 N_w where its threshold is not known before it is searched."""
        if settings.approached:
            return approach_points(settings, settings.fixed_patterns)
        network = settings.network()
        at = network.weights * (settings.threshold or 3.0)
        largest = max(settings.counts(settings.relative, at), default=2)
        return [settings.comparison_point(network, largest, settings.pool(), settings.seed)]

    def analyse(self, settings: SpectrumSettings, done: Sequence[FinishedCell]) -> Findings:
        """Estimates over the minima of each load, and the table of cells."""
        own = [item for item in done if item.cell.task == "spectrum"]
        if not settings.approached:
            return analysis.analyse(settings.relative, own)
        findings = analysis.analyse(settings.compressions, own)
        return replace(findings, objection=why_none(done) or findings.objection if done else "")

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """Densities of H and Hp, phase by phase, linear and logarithmic."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)


def _place(cell: Cell) -> tuple[Json, ...]:
    at = cell.coordinates
    return at["seed"], at["patterns"], at["relative"] if "approached" in at else None


def _compressed(settings: SpectrumSettings, approach: Cell) -> Iterator[Cell]:
    """The spectra of a system that has been brought to jamming, at every κ − κ_J."""
    system, at = settings.measured(), approach.coordinates
    for value in settings.compressions:
        yield Cell(
            task="spectrum",
            system=system,
            loss=approach.loss,
            coordinates={
                "seed": at["seed"], "patterns": at.get("patterns", 0), "relative": value, "approached": True,
                **settings.lanczos(system),
            },
            dataset=approach.dataset,
            needs=(approach,),
            label=f"seed {at['seed']}, κ − κ_J = {value:g}",
            cost=approach.cost,
        )  # fmt: skip


def _thresholds(settings: SpectrumSettings, done: Sequence[FinishedCell]) -> tuple[Sequence[Cell], dict[int, float]]:
    """The trials still to be made to find thresholds, and those known, in patterns by seed."""
    if settings.threshold is not None:
        patterns = settings.threshold * settings.network().weights
        return [], dict.fromkeys(range(settings.seed, settings.seed + settings.seeds), patterns)
    thresholds = own_thresholds(settings, done)
    return thresholds.cells, {seed: (low + high) / 2 for seed, (low, high) in thresholds.brackets.items()}


def _cells(settings: SpectrumSettings, seed: int, threshold: float) -> Iterator[Cell]:
    network = settings.network()
    method = settings.lanczos(network)
    for patterns, value in settings.counts(settings.relative, threshold).items():
        minimisation = settings.minimisation(network, seed, patterns, settings.pool())
        yield Cell(
            task="spectrum",
            system=network,
            loss=minimisation.loss,
            coordinates={"seed": seed, "patterns": patterns, "relative": value, **method},
            dataset=minimisation.dataset,
            needs=(minimisation,),
            label=f"seed {seed}, P = {patterns}, {value:g} of the threshold",
            cost=minimisation.cost,
        )
