"""When a w that leaves patterns unsatisfied may be called a minimum.

For a smooth activation a minimum is a point where the last layer is stationary to 1e-8 and all forces balance to
1e-8; Newton's method gets there.

A relu network rests on kinks, and near the transition its landscape is flat in many directions: measured at N_w = 444
and P/N_w = 3.25 to 3.75, a thousand exact Newton steps still lower L by a few per cent, while N_Δ/N has long been
constant and the net force is 1e-4 of its parts. So for relu "minimum" means settled: the forces of the softplus
network that stands for it balance to 1e-3, as packings are called in mechanical equilibrium, and a hundred further
steps that use negative curvature would lower L by less than 10% at the pace of the last fifty. The stationarity
residual is reported beside it and is not small there.
"""

from jamharness.api import Problem

SMOOTH_TOLERANCE = 1e-8
BALANCE_TOLERANCE = 1e-3
DECLINE_TOLERANCE = 0.1
FLAT = 0.25
"""−d ln L / d ln |w| below which the loss has levelled off: doubling |w| would take less than a sixth of it away."""
GIVEN_UP = 0.2
"""ΣΔ²/κ² per parameter above which the loss is taken for one that stays: the patterns that are given up, Δ ≈ κ. At a
critical point it is at least 1 in all; runs with less than this were satisfied in the end (docs/minimisers.md)."""
MANY = 0.3
"""The same for a minimum on a sphere that has settled only: below, one of five was satisfied by more steps."""


def settled(*, smooth: bool, certificate: float, balance: float | None, decline: float | None) -> bool:
    """Whether the evidence makes a minimum.

    Arguments:
        smooth: whether the activation has continuous derivatives.
        certificate: ``certificate.last_layer``.
        balance: ``certificate.force_balance``; None when unknown.
        decline: the part of L that a last stretch takes away; None when unknown.
    """
    if balance is None:
        return False
    if smooth:
        return certificate < SMOOTH_TOLERANCE and balance < SMOOTH_TOLERANCE
    converged = balance < SMOOTH_TOLERANCE
    return converged or (balance < BALANCE_TOLERANCE and decline is not None and decline < DECLINE_TOLERANCE)


def levelled(problem: Problem, loss: float, slope: float, balance: float | None, decline: float | None) -> bool:
    """Whether a minimum on a sphere shows that the loss stays above its floor however large the weights become.

    The minimum counts as one under the same rule as that of a relu network: it has converged, or settled where many
    patterns are given up.

    Arguments:
        problem: for κ and P.
        loss: L(w).
        slope: −d ln L / d ln |w| there.
        balance: ``certificate.force_balance`` of the tangential forces.
        decline: the part of the objective that a last stretch takes away.
    """
    converged = balance is not None and balance < SMOOTH_TOLERANCE
    rests = converged or settled(smooth=False, certificate=0.0, balance=balance, decline=decline)
    return rests and slope < FLAT and given_up(problem, loss) > (GIVEN_UP if converged else MANY)


def given_up(problem: Problem, loss: float) -> float:
    """ΣΔ²/κ² per parameter, about the number of patterns that are given up."""
    return 2 * problem.patterns * loss / (problem.loss.margin**2 * problem.network.size)
