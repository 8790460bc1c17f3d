"""One approach to jamming, the task that several protocols share: a system brought to the margin where L vanishes."""

from collections.abc import Sequence

import numpy as np
from jamharness_numerics.approach import Approach, approach
from jamharness_numerics.approach_kinked import approach_kinked
from jamharness_numerics.largest_margin import LargestMargin, has_kinks, largest_margin
from jamharness_numerics.minimise.check import check_margins
from jamharness_numerics.minimise.journal import kept
from jamharness_numerics.quartic import quartic_modes

from jamharness.api import Array, Backend, Cell, CellResult, DerivedProblem, Json, LocalSystem, Progress, generator
from jamharness.api.spherical import SphericalProblem
from jamharness_protocols.common.problem import derived_problem_of, system_of

LARGEST = 3000
"""N up to which quartic modes are counted: every eigenvector of H0, in three N × N arrays of 72 MB each."""

DISPLACED = 1e-5
"""By how much w is displaced, in each component, before κ_J is sought from the satisfied side."""
FAR = 1.0
"""Gaps between particles are kept up to here, in units of R_i + R_j: beyond are no neighbours."""


def measure(cell: Cell, _needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Bring the cell's system from its margin to jamming.

    Returns:
        values: ``outcome`` (``"jammed"``, or why it is not), κ and κ_J, the load there, L, the balance of the forces,
            contacts (all, and those of the backbone), the isostatic number, kinks, rattlers, quartic modes where
            contacts are missing, counts and N, and κ_J from the satisfied side where it was asked for.
        arrays: ``w`` (N,), ``forces`` (N_Δ,) over their mean, which constraints the ``contacts`` are (N_Δ,), which of
            them belong to the ``backbone`` and are ``extended`` (N_Δ,), the ``gaps`` between parts of the backbone (of
            particles up to ``FAR``), and κ, L and N_Δ on the ``path`` (k, 3).
    """
    system, problem, at = system_of(cell), derived_problem_of(cell, backend), cell.coordinates
    w = system.initial(at["seed"], at["initial"])
    with kept(cell.checkpoints):
        if has_kinks(system):
            assert isinstance(problem, SphericalProblem)
            end = approach_kinked(problem, w, loss=at["loss"], say=progress)
        else:
            end = approach(problem, w, loss=at["loss"], say=progress)
        there = problem.with_margin(end.margin)
        below = _from_below(there, end.w, at["seed"], progress) if at.get("below") and end.ending == "jammed" else None
    check_margins(there, end.w, there.margins(end.w))
    backbone = system.backbone(end.contacts)
    held = int(np.count_nonzero(backbone.contacts))
    missing = backbone.isostatic - held
    outcome = "nothing is held" if end.ending == "jammed" and not held else end.ending
    quartic = 0 if isinstance(system, LocalSystem) and outcome == "jammed" and missing <= 0 else None
    if isinstance(system, LocalSystem) and missing > 0 and outcome == "jammed" and system.size <= LARGEST:
        progress("quartic modes")
        quartic = quartic_modes(there, end.w, end.contacts)
    contacts = np.flatnonzero(end.contacts)
    gaps = end.gaps[backbone.present[~end.contacts]]
    if isinstance(system, LocalSystem):
        gaps = gaps[gaps <= FAR]
    return CellResult(
        values={
            "outcome": outcome,
            "margin": end.margin,
            "critical_margin": end.critical,
            "load": system.load(problem.constraints, end.critical),
            "loss": end.loss,
            "balance": end.balance,
            "contacts": len(contacts),
            "held": held,
            "degrees": backbone.degrees,
            "isostatic": backbone.isostatic,
            "kinks": end.kinks,
            "rattlers": backbone.rattlers,
            "quartic": quartic,
            "constraints": problem.constraints,
            "minima": len(end.minima),
            "iterations": end.iterations,
            **_meeting(end, below),
            "parameters": system.size,
            "weights": system.weights,
        },
        arrays={
            "w": end.w,
            "contacts": contacts,
            "forces": end.forces,
            "backbone": backbone.contacts[contacts],
            "extended": backbone.extended[contacts],
            "gaps": gaps,
            "path": end.minima,
        },
    )


def _from_below(problem: DerivedProblem, w: Array, seed: int, progress: Progress) -> LargestMargin:
    """The largest margin near w, from a displaced w, which satisfies a smaller one."""
    progress("from the satisfied side")
    displaced = w + DISPLACED * generator("below", seed, len(w)).standard_normal(len(w))
    return largest_margin(problem, problem.retract(displaced), radius=10 * DISPLACED, say=progress)


def _meeting(end: Approach, below: LargestMargin | None) -> dict[str, Json]:
    """κ_J from the satisfied side, and how far its contacts and forces are from those of the approach."""
    if below is None:
        return {}
    forces = np.zeros(len(end.contacts))
    forces[end.contacts] = end.forces / end.forces.sum()
    return {
        "largest_margin": below.margin,
        "largest_margin_balance": below.balance,
        "largest_margin_curvature": below.curvature,
        "largest_margin_contacts": int(np.count_nonzero(below.forces)),
        "largest_margin_forces": float(np.abs(below.forces - forces).max() / forces.max()),
    }
