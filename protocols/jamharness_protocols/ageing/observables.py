"""What the ageing protocol estimates."""

from collections.abc import Mapping

from jamharness.api import Observable

_PAPER = "arXiv 1803.06969"
_RULE = "docs/ageing.md"


def _of(unit: str, meaning: str, source: str = _RULE) -> Observable:
    return Observable(unit=unit, meaning=meaning, source=source, comparison="distribution")


OBSERVABLES: Mapping[str, Observable] = {
    "ages": _of("", "1 where older systems move less in the same time, and D(t_w) does not explain it; else 0", _PAPER),
    "ages_p": _of("p-value", "of no such dependence: one-sided, Student's t over seeds; the larger one of Δ and Δ/D"),
    "ageing_slope": _of("", "slope of ln Δ(t_w, t_w+t) in ln t_w at fixed t, last decade of t_w"),
    "unexplained_slope": _of("", "the same of ln Δ/D(t_w): what is left when the gradient's own noise is divided out"),
    "t1": _of("time", "the last waiting time up to which Δ is one curve, within 20%", _PAPER),
    "t2": _of("time", "from which waiting times on Δ/D(t_w) is one curve, within 20%", _PAPER),
    "ageing_exponent": _of("", "μ at which Δ against t/t_w^μ is nearest to one curve, t_w from t1 to t2"),
    "collapse_identity": _of("ln Δ", "spread of Δ against t, t_w up to t1"),
    "collapse_ageing": _of("ln Δ", "spread of Δ against t/t_w^μ, t_w from t1 to t2"),
    "collapse_uncollapsed": _of("ln Δ", "spread of the same curves against t, for comparison"),
    "collapse_diffusion": _of("ln Δ", "spread of Δ/D(t_w) against t, t_w from t2 on", _PAPER),
    "diffusion_exponent": _of("", "of Δ ~ t^a, last decade of t, last curve", _PAPER),
    "loss_slope": _of("loss/decade", "slope of the loss in log10 t, from t1 to t2", _PAPER),
    "participation": _of("", "(Σδ²)²/(N Σδ⁴) of the largest displacement: 1/3 for Gaussian components"),
    "overlap": _of("", "w(t_w)·w(t_w+t) over both lengths, at the last t_w and the longest t after it"),
    "loss": _of("", "at the end; for p_spin the energy per spin"),
    "unsatisfied": _of("N_Δ/N", "unsatisfied patterns, or contacts, at the end"),
    "flat_directions": _of("", "part of all directions whose curvature is small, at the last t_w", _PAPER),
    "flat_rise": _of("", "by how much that part grows from the first t_w to the last", _PAPER),
    "energy": _of("E/N", "p_spin: E at the last of energy_times, at 1/N = 0 where there are sizes; the table has all"),
    "threshold_energy": _of(
        "E/N",
        "p_spin at T = 0: E_∞ of E_∞ + a t^(−2/3), last decade of t, at 1/N = 0 where there are sizes; −√(2(p−1)/p)",
        "arXiv 2305.07956",
    ),
}
