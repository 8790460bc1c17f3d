"""What the regimes protocol estimates."""

from collections.abc import Mapping

from jamharness.api import Observable
from jamharness_protocols.regimes.settings import SOURCE

LAZY, FEATURE = 0.01, 2.0
"""‖ΔΘ‖/‖Θ₀‖ below which a place is lazy, and above which it is one of features; the crossover is in neither.

What bends a line of slope −1 is of the relative size of ‖ΔΘ‖/‖Θ₀‖ itself: below .1 a slope was 6% off, below .01 less
than 1% (docs/regimes.md)."""


_SAME = 0.05


def _of(unit: str, meaning: str, published: str = "") -> Observable:
    slope = published != ""
    return Observable(
        unit=unit, meaning=meaning, source=SOURCE, comparison="distribution", published=published,
        published_for={"loss": ("softhinge", "hinge")} if slope else {}, equivalence=_SAME if slope else None,
        equivalence_source="a sixth of what the slopes −1 and −4/3 of the two regimes differ by" if slope else "",
    )  # fmt: skip


OBSERVABLES: Mapping[str, Observable] = {
    "alpha_star_exponent": _of("", "x of α* ~ h^x, where ‖ΔΘ‖ = ‖Θ₀‖, α being the article's", "-1/2"),
    "kernel_slope_lazy": _of("", "d ln ‖ΔΘ‖/d ln α where ‖ΔΘ‖ < .01 ‖Θ₀‖, all widths together", "-1"),
    "kernel_slope_feature": _of("", "the same where ‖ΔΘ‖ > 2 ‖Θ₀‖", "-4/3"),
    "displacement_slope_lazy": _of("", "d ln ‖w − w₀‖/d ln α in the first of these regimes", "-1"),
    "displacement_slope_feature": _of("", "the same in the second", "-.23"),
    "variance_slope_lazy": _of("", "d ln Var F/d ln h over initial weights at fixed √h α, on the test set, lazy", "-1"),
    "variance_slope_limit": _of("", "the same of the flows of initial kernels, α → ∞, at limit_widths", "-1"),
    "variance_slope_feature": _of("", "the same where features are learned", "-1"),
    "collapse_scaled": _of("ln", "root mean square difference of ln ‖ΔΘ‖/‖Θ₀‖ between widths at the same √h α"),
    "collapse_unscaled": _of("ln", "the same at the same α"),
    "critical_weights_lazy": _of("weights", "N where half of the networks are satisfied, at the largest √h α searched"),
    "critical_weights_feature": _of("weights", "the same at the smallest"),
    "lazy_error": _of("", "mean test error of one network of the largest width at the largest √h α"),
    "feature_error": _of("", "the same at the smallest"),
    "lazy_ensemble_error": _of("", "test error of the mean of all networks of the largest width at the largest √h α"),
    "feature_ensemble_error": _of("", "the same at the smallest"),
    "gradients": _of("gradients", "of one flow, mean"),
    "undecided": _of("flows", "flows whose budget ended before they did"),
}
