"""Approach jamming of a relu network at fixed |w|: in softplus(β) first, then as a piecewise smooth function.

L of relu has no Hessian where units are at their kinks, and near jamming every minimum has some there. softplus(β) is
smooth and tends to relu; from there programs that take kinks as constraints (``kinked``) climb to a local maximum of
relu's own smallest gap.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from jamharness.api import Array, generator
from jamharness.api.spherical import SphericalProblem
from jamharness_numerics.approach import LOSS, RISE, UNBALANCED, Approach, approach
from jamharness_numerics.largest_margin import largest_margin
from jamharness_numerics.minimise.outcome import silent

SHARPNESSES = (8.0, 64.0, *(4.0**k for k in range(4, 10)))
"""β of softplus on the way: the first is smooth on the scale of |w|; at the last the kinks that hold a maximum lie
within 1e-5 of z = 0, so that the first program finds them all. From β = 64 programs climb for hours at 15 units."""
RISEN = 2.0
"""Over β: by how much κ is raised for the next sharpness, ten times what κ_J changes by."""
DISPLACED = 0.5
"""Over β: by how much each component of w is displaced at random before the next sharpness. A unit whose incoming and
outgoing weights are all zero lies in a trap as wide as softplus is round at its kink, from which relu may rise: seed 0
at 15 units ended at such a saddle, with four of them."""
RADIUS, LARGEST = 3e-5, 2e-3
"""The trust region of programs, at first and at most: the kinks within reach, and with them a program's cost, grow with
it, at 15 units from 1400 at 1e-3 to 6800 at 1e-2."""
ROUNDS = 6
"""How often it goes on from beside a saddle."""
PUSH = 1e-3
"""How far beside, in units of √N times a component of w."""


def approach_kinked(
    problem: SphericalProblem, w: Array, *, loss: float = LOSS, say: Callable[[str], None] = silent
) -> Approach:
    """From a margin at which relu is not satisfied to a local maximum of its smallest gap.

    Arguments:
        problem: a relu network at the margin where the approach begins.
        w: (N,) where to start.
        loss: L at which the smooth approaches end.
        say: told where it stands.

    Returns:
        ``margin`` and ``critical`` are κ_J itself and ``loss`` that of relu there: rounding. ``forces`` are the
        multipliers of the contacts over their mean, ``kinks`` the units that contacts hold at z = 0. ``minima`` are
        those of the smooth networks.
    """
    margin, minima, iterations = problem.loss.margin, [], 0
    for before, beta in pairwise((np.inf, *SHARPNESSES)):
        w = problem.retract(w + generator("sharpening", beta).standard_normal(len(w)) * (DISPLACED / before))
        say(f"softplus({beta:g})")
        smooth = problem.with_activation(f"softplus({beta:g})").with_margin(margin)
        end = approach(smooth, w, loss=loss, say=say)
        w, margin, iterations = end.w, end.margin + min(RISE, RISEN / beta), iterations + end.iterations
        minima.append(end.minima)
    say("relu")
    top = largest_margin(problem, w, radius=RADIUS, largest=LARGEST, say=say)
    programs = top.programs
    for _ in range(ROUNDS):
        if top.why != "converged" or top.curvature > 0:
            break
        say("a saddle, left along its direction of negative curvature")
        ends = [problem.retract(top.w + sign * PUSH * np.sqrt(len(w)) * top.softest) for sign in (1, -1)]
        tops = [largest_margin(problem, end, radius=LARGEST, say=say) for end in ends]
        top = max(tops, key=lambda each: each.margin)
        programs += top.programs
    contacts = top.forces > 0
    margins, forces = problem.with_margin(top.margin).margins(top.w), top.forces[contacts]
    stable = (
        top.why == "converged" and top.balance <= UNBALANCED and top.curvature > 0 and bool((top.forces >= 0).all())
    )
    return Approach(
        w=top.w,
        margin=top.margin,
        critical=top.margin,
        loss=problem.loss_of(margins),
        contacts=contacts,
        forces=forces / forces.mean() if len(forces) else forces,
        gaps=-margins[~contacts],
        balance=top.balance,
        minima=np.concatenate(minima),
        iterations=iterations + programs,
        ending="jammed" if stable else "not at rest",
        kinks=top.kinks,
    )
