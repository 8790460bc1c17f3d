"""From systems at jamming to θ of their forces and γ of their gaps."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.power_law import PowerLaw
from numpy.typing import NDArray

from jamharness.api import Estimate, Findings, FinishedCell, Float64
from jamharness_protocols.common.approaches import jammed, why_none
from jamharness_protocols.margins.analysis import estimate_of, fit_of, fit_row, product_of, windows_table
from jamharness_protocols.margins.samples import Samples

CLOSED = 30.0
"""Gaps shorter than so many typical overlaps at the end of an approach are left out: some may be contacts to be."""


def analyse(done: Sequence[FinishedCell]) -> Findings:
    """Estimates from the forces and gaps of every seed that was brought to jamming.

    θ is that of the forces between particles none of which buckles, where there are bucklers (arXiv 1411.3975); forces
    are in units of each seed's mean. γ is that of gaps between particles that are held.

    Arguments:
        done: finished cells in any order.
    """
    there = jammed(done)
    samples = {"forces": _forces(there), "gaps": _gaps(there)}
    fits = {name: fit_of(name, some) for name, some in samples.items()}
    estimates = {}
    for name, (of, fit) in zip(("theta", "gamma"), fits.items(), strict=True):
        estimates[name] = estimate_of(fit, samples[of])
        estimates[f"{name}_goodness"] = Estimate(value=fit.goodness, count=fit.count)
        estimates[f"{name}_window"] = Estimate(value=_decades(fit, samples[of]), count=fit.count)
    estimates["gamma_times_2_plus_theta"] = product_of(fits["forces"], fits["gaps"], len(there))
    estimates["jammed"] = Estimate(value=float(len(there)), count=len(done))
    return Findings(
        estimates=estimates,
        tables={
            "fits": pd.DataFrame([fit_row(name, fit) for name, fit in fits.items()]),
            "windows": windows_table(samples),
        },
        arrays={
            f"{name} {part}": getattr(some, part) for name, some in samples.items() for part in ("values", "seeds")
        },
        objection=why_none(done) if done else "",
    )


def _decades(fit: PowerLaw, some: Samples) -> float | None:
    """From the smallest sample of a fit to the end of its window, as a power of ten."""
    if fit.exponent is None:
        return None
    lengths = np.abs(some.values)
    return float(np.log10(fit.window[1] / lengths[lengths > fit.window[0]].min()))


def _forces(there: Sequence[FinishedCell]) -> Samples:
    parts = []
    for item in there:
        arrays = _arrays(item)
        forces = np.asarray(arrays["forces"], dtype=np.float64)
        parts.append((item, forces[np.asarray(arrays["extended"], dtype=bool)]))
    return _pooled(parts, 0.0)


def _gaps(there: Sequence[FinishedCell]) -> Samples:
    parts, shortest, lengths = [], 0.0, []
    for item in there:
        assert item.result is not None
        values = item.result.values
        constraints, contacts, loss = (float(values[name]) for name in ("constraints", "contacts", "loss"))  # type: ignore[arg-type]
        shortest = max(shortest, CLOSED * float(np.sqrt(2 * loss * constraints / contacts)))
        gaps = np.asarray(_arrays(item)["gaps"], dtype=np.float64)
        parts.append((item, -gaps))
        lengths.append(gaps)
    # Each system's smallest gap ends the power law: below, the density of gaps is cut off by N.
    pooled = np.sort(np.concatenate([np.zeros(0), *lengths]))
    if len(pooled) > len(lengths):
        shortest = max(shortest, float(pooled[len(lengths)]))
    return _pooled(parts, shortest)


def _arrays(item: FinishedCell) -> "dict[str, NDArray[np.generic]]":
    assert item.result is not None
    return dict(item.result.arrays)


def _pooled(parts: Sequence[tuple[FinishedCell, Float64]], lower: float) -> Samples:
    values = [sample for _, sample in parts]
    seeds = [np.full(len(sample), int(item.cell.coordinates["seed"])) for item, sample in parts]
    return Samples(
        values=np.concatenate([np.zeros(0), *values]),
        seeds=np.concatenate([np.zeros(0, dtype=int), *seeds]),
        lower=lower,
    )
