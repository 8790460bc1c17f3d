"""What the quasistatic protocol estimates."""

from collections.abc import Mapping

from jamharness.api import Observable

_SOURCE = "docs/quasistatic.md"


def _of(unit: str, meaning: str) -> Observable:
    return Observable(unit=unit, meaning=meaning, source=_SOURCE, comparison="distribution")


OBSERVABLES: Mapping[str, Observable] = {
    "avalanches": _of("avalanches", "mean number of avalanches of a seed, or of patterns that violated κ_J"),
    "size": _of("contacts", "mean number of contacts that an avalanche exchanges, ΣS/Σ1"),
    "cutoff": _of("contacts", "ΣS²/ΣS, the size of the largest avalanches"),
    "cutoff_share": _of("contacts/N_Δ", "the same over the contacts where driving began"),
    "drop": _of("", "mean part of L that an avalanche takes (κ), or by which κ_J falls, over the first κ_J (patterns)"),
    "moved": _of("|Δw|/|w|", "mean distance that an avalanche moves w"),
    "last_contacts": _of("N_Δ/N", "contacts after the last step"),
    "driven": Observable(
        unit="seeds", meaning="seeds driven to the last step, which are those of the estimates", source="counted",
        comparison="distribution",
    ),
}  # fmt: skip
