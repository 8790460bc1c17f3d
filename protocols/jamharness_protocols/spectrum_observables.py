"""What the spectrum protocol estimates."""

from collections.abc import Mapping

from jamharness.api import Observable

_SOURCE = "arXiv 1809.09349 and 1810.09665"


def _of(unit: str, meaning: str, published: str = "") -> Observable:
    return Observable(unit=unit, meaning=meaning, source=_SOURCE, comparison="distribution", published=published)


def _count(meaning: str) -> Observable:
    return Observable(unit="runs", meaning=meaning, source="counted", comparison="distribution")


OBSERVABLES: Mapping[str, Observable] = {
    "c0": _of("N_−/N", "C0: part of negative eigenvalues of Hp, at minima", "≈ 1/2"),
    "stable": _of("minima", "part of minima with N_−(Hp) ≤ N_Δ, as stability demands", "1"),
    "zero_weight": _of("N_0/N", "part of zero modes of H, at minima", "1 − N_Δ/N at the transition"),
    "zero_excess": _of("N_0/N", "that part minus max(0, 1 − N_Δ/N), at minima"),
    "negative_h": _of("N_−/N", "part of negative eigenvalues of H, at minima", "0"),
    "asymmetry": _of("", "tr Hp over the sum of |λ(Hp)|, at minima: 0 for a symmetric spectrum", "0 (relu)"),
    "largest_h": _of("", "largest eigenvalue of H, at minima"),
    "hp_exponent": _of("", "x in max |λ(Hp)| ~ L^x over all minima", "1/2"),
    "minima": _count("runs that ended in a minimum"),
    "unclear": _count("minima whose zero modes no gap sets apart"),
}
