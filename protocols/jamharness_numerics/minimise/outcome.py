"""How a minimisation ended, and how each of its stages did."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from jamharness.api import Array
from jamharness_numerics.minimise.quadratic_model import Factor

PUSH = 1.02
"""LM aims at 1.02 κ, so that zero loss is passed through at a finite distance (docs/minimisers.md)."""
Outcome: TypeAlias = Literal["satisfied", "minimum", "arrested", "diverging", "undecided"]


def silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Minimisation:
    """How a minimisation ended.

    Arguments:
        w: (N,) the parameters.
        outcome: ``"satisfied"``: N_Δ = 0 at w, by exact comparison; ``"minimum"``: N_Δ > 0 and w is stationary to
            second order, see ``verdict``; ``"arrested"``: N_Δ > 0 and L hardly falls, at no minimum; ``"diverging"``:
            N_Δ > 0 at a minimum on the sphere |w| = R, and L has levelled off in R
            (smooth activations alone, see ``confined``); ``"undecided"``: none of these was shown within the budget.
        loss: L(w) at the margin asked for.
        unsatisfied: N_Δ at w.
        certificate: the relative residual of last-layer stationarity, see ``certificate.last_layer``; 0 when satisfied.
        balance: |∇L| / √(2 L tr H0), the net force over the size of its parts; for relu of the softplus network of
            sharpness ``SHARPEST``, whose slopes at kinks lie in (0, 1). None where it was not computed.
        decline: the part of L that 100 more Newton steps would take away at the pace of the last 50, or that the last
            fifth of a first-order run took; None where it was not computed.
        slope: −d ln L / d ln |w| along minima on spheres, at a diverging end; None elsewhere.
        kinks: units of unsatisfied patterns that are at a kink, see ``kinks``. Counted where relu networks rest or are
            arrested, 0 elsewhere.
        kinked: patterns with at least one such unit.
        clarke: ``balance`` in the relu network with the best slopes at its kinks; None where there is none.
        resting: ``certificate`` in the softplus network in which a relu network rests, whose kinks have slopes between
            0 and 1; None elsewhere.
        pinned: unsatisfied patterns that no first-layer weight can move, see ``certificate.pinned``.
        iterations: second-order iterations or first-order updates.
        factorisations: linear systems solved; 0 for first-order methods.
        seconds: wall-clock time.
        reason: one sentence on what ended it, with advice when undecided.
    """

    w: Array
    outcome: Outcome
    loss: float
    unsatisfied: int
    certificate: float
    iterations: int
    seconds: float
    reason: str
    balance: float | None = None
    decline: float | None = None
    slope: float | None = None
    pinned: int = 0
    kinks: int = 0
    kinked: int = 0
    clarke: float | None = None
    resting: float | None = None
    factorisations: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class OptimizeResult:
    """Where one algorithm, or a sequence of them, has ended.

    Arguments:
        w: (N,).
        loss: L(w) of the problem that was lowered; None where nobody has asked.
        iterations: steps tried, or first-order updates.
        factorisations: linear systems solved.
        balance: ``certificate.force_balance`` at w; None where it was not computed.
        decline: the part of L that a last stretch of steps took away; None where it was not measured.
        slope: −d ln L / d ln |w| along minima on spheres, where L has levelled off, see ``confined``.
        damping: the last λ or μ, to continue with; None where there is none.
        factor: the last factor of H, to continue with; None where it is not worth keeping.
        finite: whether the loss was finite to the end.
        why: what ended it, in the words of the algorithm that did.
    """

    w: Array
    loss: float | None = None
    iterations: int = 0
    factorisations: int = 0
    balance: float | None = None
    decline: float | None = None
    slope: float | None = None
    damping: float | None = None
    factor: Factor | None = None
    finite: bool = True
    why: str = ""
