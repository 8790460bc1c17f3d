"""What the generalisation protocol estimates."""

from collections.abc import Container, Mapping
from typing import Any

from jamharness.api import Observable
from jamharness_protocols.generalisation.settings import SOURCE

_FLUCTUATIONS = "arXiv 1901.01608"
_MNIST: Mapping[str, Container[Any]] = {"dataset": ("mnist",), "activation": ("relu",), "labels": ("alternate",)}


def _of(unit: str, meaning: str, source: str = SOURCE, published: str = "") -> Observable:
    return Observable(
        unit=unit,
        meaning=meaning,
        source=source,
        comparison="distribution",
        published=published,
        published_for=_MNIST if published else {},
    )


OBSERVABLES: Mapping[str, Observable] = {
    "critical_weights": _of(
        "weights", "N*, the number of weights from which on all patterns are satisfied, mean over draws"
    ),
    "critical_ratio": _of("P/N_w", "the load at N*, mean over draws"),
    "scaling_exponent": _of("", "x of N* ~ P^x, where several P were asked for", published="3/4"),
    "cusp_ratio": _of("N/N*", "where the mean test error peaks, over N*; widths are whole numbers", published="1"),
    "cusp_height": _of("", "test error at that peak over the mean of those at 4 N* and beyond", published="> 1"),
    "stopped_height": _of("", "the same ratio at the same N, each network at the least test error of its way"),
    "stopped_p": _of("p", "p-value of the hypothesis that the mean error of those never rises with N, at any width"),
    "monotonic_p": _of("p", "p-value of the hypothesis that the mean test error never rises beyond the cusp"),
    "output_exponent": _of("", "x of √⟨f²⟩ ~ (N − N*)^(−x) up to 4 N*", published="1"),
    "fluctuation_exponent": _of(
        "", "x of √⟨(f − ⟨f⟩)²⟩ ~ N^(−x) over initial weights, from 2 N* on", _FLUCTUATIONS, "1/4"
    ),
    "asymptotic_exponent": _of("", "x of ε_N − ε_∞ ~ N^(−x), from the cusp (or N*) on", _FLUCTUATIONS, "1/2"),
    "variance_share": _of(
        "",
        "part of ⟨f²⟩ that varies with the initial weights, at the first N from 1.2 N* on",
        _FLUCTUATIONS,
    ),
    "ensemble_gain": _of(
        "networks", "how many networks averaged there are worth networks of twice the width", _FLUCTUATIONS
    ),
    "effective_ratio": _of(
        "N_eff/N",
        "rank of ∇f over patterns per parameter, at the first N from 1.2 N* on (effective=true)",
        _FLUCTUATIONS,
    ),
    "single_error": _of("", "mean test error of one network there", _FLUCTUATIONS),
    "ensemble_error": _of("", "mean test error there of all networks of a draw averaged", _FLUCTUATIONS),
    "widest_error": _of("", "mean test error of one network at the largest N", _FLUCTUATIONS),
}
