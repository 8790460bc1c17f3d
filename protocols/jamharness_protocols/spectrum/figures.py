"""The figures of the spectrum protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings, Float64
from jamharness_protocols.common.paper import DOUBLE, SINGLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = {"H": "H", "Hp": "Hp"}
_FEW = 2
"""Panels beside each other that have room for two labels on either side of zero."""
_DECADES = 1e-8
"""Of the largest |λ|: below, the axis over all eigenvalues is linear."""


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``spectra``: densities of H and Hp for each load, above on the scale of Hp, below over all of both."""
    from matplotlib.figure import Figure

    loads = loads_of(findings)
    if not loads:
        return {}
    figure = Figure(figsize=(SINGLE if len(loads) == 1 else DOUBLE, 4.0), layout="constrained")
    axes = figure.subplots(2, len(loads), squeeze=False)
    for column, load in enumerate(loads):
        samples, near = _samples(findings, load)
        far = max((float(np.abs(spectrum).max()) for spectrum, _ in samples.values() if len(spectrum)), default=near)
        small = _DECADES * max(far, near)
        wide = small * np.sinh(np.linspace(-1, 1, 121) * np.arcsinh(max(far, near) / small))
        for row, bins in enumerate((_near_bins(near), wide)):
            for (name, (spectrum, weights)), colour in zip(samples.items(), ("C0", "C1"), strict=True):
                if len(spectrum):
                    label = f"${NAMES[name].replace('Hp', 'H_p')}$"
                    axes[row, column].stairs(_density(spectrum, weights, bins), bins, color=colour, label=label)
        axes[1, column].set_xscale("symlog", linthresh=small)
        # Labels of a narrow panel would run into each other.
        inner = [1e-4 * far] if len(loads) <= _FEW else []
        axes[1, column].set_xticks(sorted({0.0, *(sign * tick for tick in (far, *inner) for sign in (-1, 1))}))
        axes[1, column].minorticks_off()
        axes[1, column].xaxis.set_major_formatter(lambda value, _: _power(value))
        axes[1, column].set_yscale("log")
        axes[0, column].locator_params(nbins=4)
        axes[1, column].set_xlabel(f"eigenvalue $\\lambda$ at\n{load:g} of the threshold")
    axes[0, 0].set_ylabel("density, on the scale of $H_p$")
    axes[1, 0].set_ylabel("density, all eigenvalues")
    axes[0, 0].legend()
    return {"spectra": figure}


def loads_of(findings: Findings) -> list[float]:
    """The loads whose spectra are there, relative to each seed's threshold."""
    return sorted({float(name.partition(" at ")[2]) for name in findings.arrays})


def near_density(findings: Findings, load: float) -> tuple[Float64, dict[str, Float64]]:
    """The densities of H and Hp on the scale of Hp.

    Arguments:
        findings: of the protocol.
        load: one of ``loads_of``.

    Returns:
        The edges of n bins, (n + 1,), and the densities by name, (n,) each.
    """
    samples, near = _samples(findings, load)
    bins = _near_bins(near)
    return bins, {name: _density(*sample, bins) for name, sample in samples.items() if len(sample[0])}


def _samples(findings: Findings, load: float) -> tuple[dict[str, tuple[Float64, Float64]], float]:
    """Eigenvalues with their weights by name, and the scale of Hp."""
    samples = {name: _sample(findings, name, load) for name in NAMES}
    return samples, _reach(*samples["Hp"]) or _reach(*samples["H"]) or 1e-12


def _near_bins(near: float) -> Float64:
    return np.linspace(-near, near, 81)


def _density(spectrum: Float64, weights: Float64, bins: Float64) -> Float64:
    counts = np.histogram(spectrum, bins, weights=weights)[0]
    density: Float64 = counts / weights.sum() / np.diff(bins)
    return density


def _sample(findings: Findings, name: str, load: float) -> tuple[Float64, Float64]:
    """Eigenvalues, each counting 1, and the nodes of estimated spectra, those of one spectrum adding up to N."""
    none: Float64 = np.zeros(0)
    exact, nodes, weights = (
        np.asarray(findings.arrays.get(f"{part}{name} at {load:g}", none), dtype=np.float64)
        for part in ("", "nodes_", "weights_")
    )
    return np.concatenate([exact, nodes]), np.concatenate([np.ones(len(exact)), weights])


def _power(value: float) -> str:
    """A tick label without the zeros of an exponent."""
    if not value:
        return "0"
    digit, power = f"{value:.0e}".split("e")
    return f"{digit.replace('-', '−')}e{int(power)}".replace("e-", "e−")


def _reach(size: Float64, weights: Float64) -> float:
    """The |λ| below which 95% lie; 0 without any."""
    if not len(size):
        return 0.0
    size = np.abs(size)
    order = np.argsort(size)
    part = np.cumsum(weights[order])
    return float(size[order][np.searchsorted(part, 0.95 * part[-1])])
