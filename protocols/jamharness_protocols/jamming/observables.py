"""What the jamming protocol estimates."""

from collections.abc import Container, Mapping
from typing import Any

from jamharness.api import Observable
from jamharness_protocols.common.settings import PAPER

_EQUIVALENCE = 0.25
_WINDOW = "half of the window 2.80 to 3.30 in which arXiv 1809.09349 finds both satisfied and unsatisfied runs"


_RANDOM: Mapping[str, Container[Any]] = {
    "system": ("fully_connected",), "dataset": ("random",), "activation": ("relu",), "normalise": (True,),
    "depth": range(1, 1001), "constraint": ("none",), "minimiser": ("adam", "fire"), "width": range(40, 10**6 + 1),
}  # fmt: skip
"""What the paper measured, with its minimisers and N of about 8000; it finds no dependence on the depth."""


def _load(unit: str, meaning: str, published: str = "", equivalence: float | None = None) -> Observable:
    return Observable(
        unit=unit,
        meaning=meaning,
        source=PAPER,
        comparison="distribution",
        published=published,
        published_for=_RANDOM if published else {},
        equivalence=equivalence,
        equivalence_source=_WINDOW if equivalence else "",
    )


def _count(meaning: str) -> Observable:
    return Observable(unit="runs", meaning=meaning, source="counted", comparison="distribution")


def _jammed(unit: str, meaning: str, source: str = "docs/systems.md") -> Observable:
    return Observable(unit=unit, meaning=meaning, source=source, comparison="distribution")


_PACKINGS = "O'Hern, Silbert, Liu and Nagel, Phys. Rev. E 68, 011306"
OBSERVABLES: Mapping[str, Observable] = {
    "critical_load": _jammed("", "mean over seeds of the load at jamming: P/N_w, or the packing fraction φ_J", PAPER),
    "critical_margin": _jammed("", "mean over seeds of κ_J, the margin at which L vanishes", PAPER),
    "zero_margin_load": _jammed(
        "P/N_w", "load at which κ_J is zero (loads=…), by a line; networks do not cross it", "docs/at-jamming.md"
    ),
    "contacts": _jammed("N_Δ/N", "contacts at jamming per degree of freedom, both without rattlers", _PACKINGS),
    "excess_contacts": _jammed("contacts", "contacts at jamming beyond the isostatic number", _PACKINGS),
    "contacts_weights": _jammed("N_Δ/N_w", "contacts at jamming per weight, biases not counted", PAPER),
    "kinks": _jammed("kinks/N", "units of contacts held at the kink of relu: constraints beside the contacts"),
    "sides_apart": _jammed("", "largest distance of κ_J from above and from the satisfied side (both_sides=true)"),
    "quartic_modes": _jammed(
        "modes", "modes that Hp alone holds at jamming, where contacts are missing", "arXiv 0812.1234"
    ),
    "rattlers": _jammed("particles", "mean number of particles that no contacts hold", _PACKINGS),
    "jammed": _count("seeds that were brought to jamming"),
    "critical_ratio": _load(
        "P/N_w",
        "mean over seeds of the load beyond which no run was satisfied: of this algorithm and these initial weights",
        "≈ 3",
        _EQUIVALENCE,
    ),
    "half_satisfied": _load(
        "P/N_w", "load at which half of single runs are satisfied, by logistic regression over all of them", "≈ 3"
    ),
    "satisfied_width": _load("P/N_w", "from the load at which 90% of single runs are satisfied to that of 10%"),
    "critical_ratio_parameters": _load("P/N", "the same load per parameter, biases included", "", _EQUIVALENCE),
    "transition_width": _load("P/N_w", "standard deviation of the load at the jamming point over seeds"),
    "jump_smallest": _load(
        "N_Δ/N_w", "smallest N_Δ of the first runs beyond a seed's threshold, of those with N_Δ > 0.1 N", "> 0.5"
    ),
    "jump_median": _load(
        "N_Δ/N_w", "median N_Δ of the first runs beyond a seed's threshold, of those with N_Δ > 0.1 N", "≈ 0.75"
    ),
    "scaling_exponent": Observable(
        unit="",
        meaning="x of N* ~ P^x, N* in weights",
        source="arXiv 1810.09665",
        comparison="distribution",
        published="3/4 (MNIST)",
        published_for={
            "system": ("fully_connected",),
            "constraint": ("none",),
            "dataset": ("mnist",),
            "activation": ("relu",),
        },
    ),
    "satisfied": _count("runs that ended with N_Δ = 0"),
    "minimum": _count("runs that ended in a minimum"),
    "arrested": _count("runs whose loss hardly falls any more, at no minimum: unsatisfied by this algorithm"),
    "diverging": _count("runs whose loss levelled off above zero while |w| grew: unsatisfied, without a minimum"),
    "undecided": _count("runs that were not decided, or failed"),
}
