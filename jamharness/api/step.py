"""The result of one Levenberg–Marquardt candidate."""

from dataclasses import dataclass

from jamharness.api.network import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class DampedStep:
    """One Levenberg–Marquardt candidate.

    Arguments:
        w: (N,) the candidate w + s.
        loss: L(w + s).
        unsatisfied: N_Δ at w + s.
        predicted_decrease: what the linearised margins promise, (|Δ|² − |Δ + J s|²) / 2P over the patterns
            unsatisfied at w.
    """

    w: Array
    loss: float
    unsatisfied: int
    predicted_decrease: float
