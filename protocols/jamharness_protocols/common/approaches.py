"""Approaches to jamming, seed by seed: planned alike by every protocol whose system has its load in κ."""

from collections.abc import Sequence
from dataclasses import replace

from jamharness.api import Cell, ComparisonPoint, FinishedCell, Outlook
from jamharness_protocols.common.search_settings import APPROACH, SearchSettings


def approaches(settings: SearchSettings, patterns: Sequence[int], done: Sequence[FinishedCell]) -> list[Cell]:
    """The approaches that have not been tried.

    Arguments:
        settings: of the protocol that asks.
        patterns: every P, for systems of patterns; any one number for others.
        done: its finished cells.
    """
    tried = {
        (item.cell.coordinates["seed"], item.cell.coordinates.get("patterns"))
        for item in done
        if item.cell.task == APPROACH
    }
    seeds = range(settings.seed, settings.seed + settings.seeds)
    cells = [settings.approach(seed, count) for seed in seeds for count in patterns]
    return [cell for cell in cells if (cell.coordinates["seed"], cell.coordinates.get("patterns")) not in tried]


def approach_points(settings: SearchSettings, patterns: int) -> list[ComparisonPoint]:
    """The first seed before its approach, for backends to be compared at; none for other systems than networks.

    Arguments:
        settings: of the protocol that asks.
        patterns: P.
    """
    if settings.system.value is not None:
        return []
    point = settings.comparison_point(settings.network(), patterns, patterns, settings.seed)
    return [replace(point, margin=settings.first_margin)]


def jammed(done: Sequence[FinishedCell]) -> list[FinishedCell]:
    """The approaches that ended at jamming, by seed."""
    some = [
        item
        for item in done
        if item.cell.task == APPROACH and item.result is not None and item.result.values["outcome"] == "jammed"
    ]
    return sorted(some, key=lambda item: (int(item.cell.coordinates["seed"]), item.cell.coordinates.get("patterns", 0)))


def approaches_outlook(
    settings: SearchSettings, done: Sequence[FinishedCell], following: int = 0, loads: int = 1
) -> Outlook:
    """How many seeds have been brought to jamming, and how many cells are left.

    Arguments:
        settings: of the protocol that asks.
        done: its finished cells.
        following: cells after each approach.
        loads: approaches of each seed.
    """
    tried = sum(item.cell.task == APPROACH for item in done)
    own = sum(item.cell.task != APPROACH for item in done)
    there = len(jammed(done))
    planned = settings.seeds * loads
    left = planned - tried
    most = left * (1 + following) + max(0, there * following - own)
    return Outlook(
        words=f"{there} of {planned} {'seeds' if loads == 1 else 'approaches'} at jamming", fewest=left, most=most
    )


def why_none(done: Sequence[FinishedCell]) -> str:
    """Why no seed was brought to jamming, and what helps; empty where one was.

    Arguments:
        done: finished cells, the approaches among them.
    """
    if jammed(done):
        return ""
    tried = [item for item in done if item.cell.task == APPROACH]
    failed = [item.failure for item in tried if item.result is None]
    if failed and len(failed) == len(tried):
        return f"{len(failed)} of {len(tried)} approaches failed. The first: {failed[0]}"
    reasons = sorted({str(item.result.values["outcome"]) for item in tried if item.result is not None})
    return (
        f"No seed was brought to jamming ({', '.join(reasons) or 'none was tried'}): "
        "begin at another start_margin, ask for more particles or patterns, or use dtype float64."
    )
