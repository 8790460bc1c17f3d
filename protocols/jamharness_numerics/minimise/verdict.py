"""When a w that leaves patterns unsatisfied may be called a minimum.

Where forces balance to 1e-8, the last layer is stationary to 1e-8 and H has no negative eigenvalue: Newton's method
gets there, for smooth activations. Then L ≥ κ²/2P, and further steps change nothing.

A relu network rests on kinks, in softplus(512), and near its transition it rarely rests at all: it creeps down valleys
along which |w| grows, and thousands of exact Newton steps lower L by several per cent and the median overlap to a
quarter (docs/minimisers.md). A run whose forces balance to 1e-3 and whose L would fall by less
than 10% in a hundred further steps is "arrested": it has stopped as far as a search for zero loss can tell, and is no
minimum, whose spectrum or forces could be measured. The same is a run that ends at a saddle.
"""

from typing import Literal

from jamharness.api import Problem

SMOOTH_TOLERANCE = 1e-8
RESTING_TOLERANCE = 1e-6
"""Of the stationarity of the last layer of softplus(512), where a relu network rests: its margins are of 1e-3."""
BALANCE_TOLERANCE = 1e-3
DECLINE_TOLERANCE = 0.1
FLAT = 0.25
"""−d ln L / d ln |w| below which the loss has levelled off: doubling |w| would take less than a sixth of it away."""
GIVEN_UP = 0.2
"""ΣΔ²/κ² per parameter above which the loss is taken for one that stays: the patterns that are given up, Δ ≈ κ. At a
critical point it is at least 1 in all; runs with less than this were satisfied in the end (docs/minimisers.md)."""
MANY = 0.3
"""The same for a minimum on a sphere that has settled only: below, one of five was satisfied by more steps."""


def verdict_of(
    *, smooth: bool, certificate: float, resting: float | None, balance: float | None, decline: float | None
) -> Literal["minimum", "arrested"] | None:
    """What the evidence makes of a w, apart from the curvature; None where it shows nothing.

    Arguments:
        smooth: whether the activation has continuous derivatives.
        certificate: ``certificate.last_layer``.
        resting: the same in the softplus network in which a relu network rests; None for smooth ones.
        balance: ``certificate.force_balance``; None when unknown.
        decline: the part of L that a last stretch takes away; None when unknown.
    """
    if balance is None:
        return None
    stationary = certificate < SMOOTH_TOLERANCE if smooth else resting is not None and resting < RESTING_TOLERANCE
    if stationary and balance < SMOOTH_TOLERANCE:
        return "minimum"
    return "arrested" if not smooth and settled(balance, decline) else None


def settled(balance: float | None, decline: float | None) -> bool:
    """Whether forces balance to 1e-3 and L hardly falls, or they balance to 1e-8."""
    if balance is None:
        return False
    return balance < SMOOTH_TOLERANCE or (
        balance < BALANCE_TOLERANCE and decline is not None and decline < DECLINE_TOLERANCE
    )


def levelled(problem: Problem, loss: float, slope: float, balance: float | None, decline: float | None) -> bool:
    """Whether a minimum on a sphere shows that the loss stays above its floor however large the weights become.

    The minimum on its sphere has converged, or settled where many patterns are given up.

    Arguments:
        problem: for κ and P.
        loss: L(w).
        slope: −d ln L / d ln |w| there.
        balance: ``certificate.force_balance`` of the tangential forces.
        decline: the part of the objective that a last stretch takes away.
    """
    converged = balance is not None and balance < SMOOTH_TOLERANCE
    return settled(balance, decline) and slope < FLAT and given_up(problem, loss) > (GIVEN_UP if converged else MANY)


def given_up(problem: Problem, loss: float) -> float:
    """ΣΔ²/κ² per parameter, about the number of patterns that are given up."""
    return 2 * problem.patterns * loss / (problem.loss.margin**2 * problem.network.size)
