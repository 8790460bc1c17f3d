"""What the spectrum protocol estimates."""

from collections.abc import Container, Mapping
from typing import Any

from jamharness.api import Observable

_SOURCE = "arXiv 1809.09349 and 1810.09665"


_NETWORK = {"system": ("fully_connected",), "constraint": ("none",)}
_RELU = {**_NETWORK, "activation": ("relu",)}


def _of(
    unit: str, meaning: str, published: str = "", published_for: Mapping[str, Container[Any]] | None = None
) -> Observable:
    return Observable(
        unit=unit,
        meaning=meaning,
        source=_SOURCE,
        comparison="distribution",
        published=published,
        published_for=published_for or {},
    )


def _count(meaning: str) -> Observable:
    return Observable(unit="runs", meaning=meaning, source="counted", comparison="distribution")


OBSERVABLES: Mapping[str, Observable] = {
    "c0": _of("N_−/N", "C0: part of negative eigenvalues of Hp, at minima", "≈ 1/2", _RELU),
    "stable": _of("seeds", "part of seeds with N_−(Hp) ≤ N_Δ at every minimum, as stability demands", "1"),
    "hp_asymmetry": _of(
        "",
        "Σ |λ_i + λ_(N+1−i)| / Σ |λ_i| over the sorted spectrum of Hp, at minima: 0 when symmetric, 2 when one-signed",
        "0 (relu)",
        _RELU,
    ),
    "negative_hp": _of("eigenvalues", "N_−(Hp), at minima"),
    "negative_h": _of("eigenvalues", "N_−(H), at minima", "0"),
    "zero_h": _of("eigenvalues", "N_0(H), at minima"),
    "zero_weight": _of("N_0/N", "part of zero modes of H, at minima", "1 − N_Δ/N", _NETWORK),
    "zero_excess": _of("N_0/N", "that part minus max(0, 1 − N_Δ/N), at minima"),
    "largest_h": _of("", "largest eigenvalue of H, at minima"),
    "hp_exponent": _of("", "x in max |λ(Hp)| ~ L^x over all minima", "1/2"),
    "gap": _of("", "the least |λ| that counts over the largest that counts as zero, the worst of H and Hp"),
    "minima": _count("minima that count: N_Δ > 0.1 N, pinned patterns left out"),
    "unclear": _count("minima whose zero modes no gap sets apart"),
}
