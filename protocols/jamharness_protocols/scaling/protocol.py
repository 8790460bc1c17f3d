"""Scaling: N* against P, with random labels on the same inputs beside it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Cell, ComparisonPoint, Findings, FinishedCell, Observable, Outlook, Plot
from jamharness_protocols.jamming.protocol import Jamming, searches
from jamharness_protocols.jamming.settings import JammingSettings
from jamharness_protocols.scaling import analysis, figures
from jamharness_protocols.scaling.observables import OBSERVABLES
from jamharness_protocols.scaling.settings import ScalingSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_JAMMING = Jamming()


class Scaling:
    """How N* grows with P."""

    Settings = ScalingSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {},
        "paper": {"dataset": "mnist", "depth": 5, "patterns": (500, 1000, 2000, 5000, 10_000, 20_000)},
    }
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: ScalingSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """The next trial of every search, of both kinds of labels."""
        return [cell for search, own in _parts(settings, done).values() for cell in _JAMMING.plan(search, own)]

    def outlook(self, settings: ScalingSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How many searches have found their bracket."""
        parts = [_JAMMING.outlook(search, own) for search, own in _parts(settings, done).values()]
        most = [part.most for part in parts if part.most is not None]
        return Outlook(
            words=", ".join(
                f"{labels} labels: {part.words}" for labels, part in zip(settings.searches(), parts, strict=True)
            ),
            fewest=sum(part.fewest for part in parts),
            most=sum(most) if len(most) == len(parts) else None,
        )

    def comparison_points(self, settings: ScalingSettings) -> Sequence[ComparisonPoint]:
        """The first search of each kind of labels, where it starts."""
        return [point for search in settings.searches().values() for point in _JAMMING.comparison_points(search)]

    def analyse(self, settings: ScalingSettings, done: Sequence[FinishedCell]) -> Findings:
        """Exponents with intervals, and N* at every P."""
        parts = _parts(settings, done)
        axes = {
            labels: {(each.seed, each.patterns): each.axis for each in searches(search)}
            for labels, (search, _) in parts.items()
        }
        return analysis.analyse(axes, {labels: own for labels, (_, own) in parts.items()})

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """N* against P."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """The same, point by point, for a report."""
        return figures.plots(findings)


def _parts(
    settings: ScalingSettings, done: Sequence[FinishedCell]
) -> dict[str, tuple[JammingSettings, list[FinishedCell]]]:
    """By kind of labels, the search's settings and its finished cells."""
    return {
        labels: (
            search,
            [item for item in done if item.cell.dataset is not None and item.cell.dataset.labels == search.labels],
        )
        for labels, search in settings.searches().items()
    }
