"""What the margins protocol estimates."""

from collections.abc import Mapping

from jamharness.api import Observable

_SOURCE = "arXiv 1809.09349"
_RELATION = "γ = 1/(2 + θ) of marginal stability: arXiv 1501.03397 for the perceptron"
_OURS = "docs/margins.md"
_MINIMA = "at the minimum of each seed at the smallest load that has one"


_PAPERS = {
    "system": ("fully_connected",), "constraint": ("none",), "dataset": ("random",), "activation": ("relu",),
    "minimiser": ("adam", "fire"), "width": range(40, 10**6 + 1),
}  # fmt: skip
"""What the paper measured: its minimisers, at N of about 8000."""


def _of(unit: str, meaning: str, published: str = "", source: str = _SOURCE) -> Observable:
    return Observable(
        unit=unit,
        meaning=meaning,
        source=source,
        comparison="distribution",
        published=published,
        published_for=_PAPERS if published else {},
    )


def _goodness(of: str) -> Observable:
    return _of("p-value", f"Kolmogorov–Smirnov test of the fit of {of} in its window", source="statistics/goodness.py")


OBSERVABLES: Mapping[str, Observable] = {
    "theta": _of("", f"θ of P(Δ) ~ Δ^θ for small Δ > 0, in units of each seed's median, {_MINIMA}", "≈ 0.3"),
    "gamma": _of("", f"γ of P(Δ) ~ (−Δ)^(−γ) for small Δ < 0, {_MINIMA}", "≈ 0.2"),
    "gamma_times_2_plus_theta": _of("", "γ (2 + θ), from both exponents resampled together", "0.2 × 2.3", _RELATION),
    "gamma_satisfied": _of("", "γ of the satisfied network of each seed at the largest load", source=_OURS),
    "theta_goodness": _goodness("theta"),
    "gamma_goodness": _goodness("gamma"),
    "gamma_satisfied_goodness": _goodness("gamma_satisfied"),
    "bulk": _of("patterns/P", f"part of the patterns beyond the window of gamma, {_MINIMA}", source=_OURS),
    "overlap": _of("κ", f"median of Δ > 0, the distance from the transition, {_MINIMA}", source=_OURS),
    "theta_window": _of("decades", "width of the window in which θ is fitted, at jamming", source=_OURS),
    "gamma_window": _of("decades", "width of the window in which γ is fitted, at jamming", source=_OURS),
    "jammed": _of("seeds", "seeds that were brought to jamming (other systems than networks)", source="counted"),
    "minima": _of("seeds", "seeds with a minimum near the threshold", source="counted"),
    "satisfied": _of("seeds", "seeds with a satisfied network near the threshold", source="counted"),
}
