"""Approach jamming from above: lower the margin κ of a system at rest until its loss is all but zero.

At a minimum dL/dκ = (1/M) Σ ℓ′(Δ), as the gradient vanishes, and near jamming L ∝ (κ − κ_J)², so that one minimum tells
where zero lies: κ_J ≈ κ − 2L/(dL/dκ). Each step goes most of the way there and comes to rest again: the decompression
of O'Hern, Silbert, Liu and Nagel (Phys. Rev. E 68, 011306, §II), the length of its steps taken from the pressure.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, CellResult, DerivedProblem
from jamharness_numerics.largest_margin import largest_margin
from jamharness_numerics.minimise import journal
from jamharness_numerics.minimise.levenberg_marquardt import levenberg_marquardt
from jamharness_numerics.minimise.outcome import OptimizeResult, silent
from jamharness_numerics.minimise.quadratic_model import Dense, Factor, mean_of, model_at, reusable
from jamharness_numerics.minimise.rest import FLAT, TOLERANCE, balance_of, rest, satisfied
from jamharness_numerics.minimise.saddles import beside, downhill
from jamharness_numerics.minimise.states import factor_from, packed_factor

LOSS = 1e-14
"""Where an approach ends: overlaps of 1e-7, at which forces balance to 1e-6 of themselves or better. At L = 1e-18
rounding leaves 1e-5 of them, and contacts of the weakest forces are missed: those of bucklers first."""
FIRST, LAST = 0.5, 0.1
"""The part of the distance to κ_J that a step leaves, at first and when its predictions come true."""
LOOSE = 1e-3
"""Of the L that the law above predicts: below, it came loose. L only falls, so that the minimisation ends there."""
SHORT = 0.7
"""A step that leaves more than this part is tried no shorter: the minimum ends before jamming, and the approach goes on
from where that leads."""
BALANCE = 1e-7
"""Of the forces at the minima on the way; the last one comes to rest as any other. With 1e-5 three perceptrons of 40
lost a contact (docs/calibration.md)."""
CLOSED = 1e-4
"""The trust region in which contacts that bear a force are told from gaps that are closed by chance: overlaps of 1e-7
times N, by which w moves to undo them."""
UNBALANCED = 1e-6
"""Of the forces at the end: beyond, it is no state of rest. Of four packings one at 5e-5 lacked a contact."""
DEEPER = 1e-3
"""Of ``LOSS``: how far it goes on where there are more contacts than an isostatic state has, a decade at a time."""
ALONG = 1e-8
"""The residual of dw/dκ: what it leaves of a step must be small beside the overlaps where that ends."""
STEPS = 400
"""Newton steps for one minimum, of a system of up to ``STEPS * PER_STEP`` parameters."""
PER_STEP = 4
"""Parameters for each step of larger ones: of 7875 the first minimum took 709."""
COARSE = 0.1
"""Least-squares steps end when ten of them lower L by less than this part: Newton does the rest."""
RISE = 0.02
"""By how much κ rises where every constraint is satisfied."""
RISES = 500
"""How often, at most: κ by 10. What is satisfied there has a free scale, or constraints that nothing can violate."""
ROUNDS = 20
"""How often an approach goes on from beside a saddle, or from where a minimum that it followed is lost."""
LONG = 5
"""Times ``STEPS``, for the way from a minimum that is lost to the next: along a valley it is slow."""
LOOSENED = 1e-7
"""By how much κ rises at first where a system came loose beside a saddle; four times as much each time."""
Ending: TypeAlias = Literal["jammed", "no minimum", "not at rest", "budget"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Approach:
    """How close to jamming a system was brought.

    Arguments:
        w: (N,) at the last minimum.
        margin: κ there.
        critical: κ_J by the law above.
        loss: L there.
        contacts: (M,) the constraints with Δ > 0.
        forces: (N_Δ,) their Δ over its mean: forces, as jamming is approached.
        gaps: (M − N_Δ,) −Δ of the others.
        balance: the net force over its parts.
        minima: (k, 3) κ, L and N_Δ of every minimum on the way.
        iterations: steps of all minimisations.
        ending: ``"jammed"``: L fell to what was asked for; else why not.
        kinks: units that contacts hold at a kink, each a constraint as a contact is; 0 for smooth systems.
    """

    w: Array
    margin: float
    critical: float
    loss: float
    contacts: NDArray[np.bool_]
    forces: Array
    gaps: Array
    balance: float
    minima: Array
    iterations: int
    ending: Ending
    kinks: int = 0


def steps_for(problem: DerivedProblem) -> int:
    """Newton steps for one minimum: cut short, a minimum that is nearly reached is given up as one that is lost."""
    return max(STEPS, problem.size // PER_STEP)


def _loose(problem: DerivedProblem, w: Array, _: float) -> bool:
    return satisfied(problem, w)


def approach(
    problem: DerivedProblem,
    w: Array,
    *,
    loss: float = LOSS,
    most: int = 100,
    coarse: bool = True,
    say: Callable[[str], None] = silent,
) -> Approach:
    """Minimise, then lower κ from minimum to minimum until L is small.

    Arguments:
        problem: the system at a κ at which it cannot be satisfied; where it can, κ is raised first.
        w: (N,) where to start.
        loss: L at which it ends.
        most: minima at most.
        coarse: begin with least-squares steps, which are long; without them the minimum is one near w.
        say: told of every minimum.
    """
    margin, iterations = problem.loss.margin, 0
    minima: list[tuple[float, float, int]] = []
    ending: Ending = "no minimum"
    bearing: NDArray[np.bool_] | None = None
    near: Factor | None = None
    for _ in range(RISES):
        if coarse:
            start = levenberg_marquardt(problem, w, STEPS, done=partial(_loose, problem), stall=COARSE)
            w, iterations = start.w, iterations + start.iterations
        if not satisfied(problem, w):
            minimum = rest(problem, w, steps_for(problem), BALANCE)
            w, iterations, near = minimum.w, iterations + minimum.iterations, minimum.factor
            if not minimum.finite or problem.loss_of(problem.margins(w)) > loss:
                break
        margin += RISE
        problem = problem.with_margin(margin)
    for _ in range(ROUNDS if problem.loss_of(problem.margins(w)) > loss else 0):
        problem, w, ending, spent = _descend(problem, w, loss, most, minima, say, near)
        iterations, near = iterations + spent, None
        if ending == "budget":
            break
        if ending == "jammed":
            unstable = downhill(problem, w)
            if unstable is None:
                bearing = _bearing(problem, w, say)
                if bearing is not None or loss <= DEEPER * LOSS:
                    break
                loss /= 10
                continue
            say(f"κ = {problem.loss.margin:.6g}: a saddle, left along its direction of negative curvature")
            problem, w, spent = _pushed(problem, w, unstable, loss)
            ending = "not at rest"
        else:
            say(f"κ = {problem.loss.margin:.6g}: the minimum is lost, on to the next")
            # Where it came loose it need not come to rest: it is made tighter next.
            end = rest(problem, w, LONG * steps_for(problem), BALANCE, zero=loss if ending == "no minimum" else FLAT)
            problem, w, spent = _tightened(problem, end.w, loss)
            spent += end.iterations
        iterations += spent
    margins, balance = problem.margins(w), balance_of(problem, w)
    contacts = margins > 0
    if ending == "jammed" and not (balance <= UNBALANCED and contacts.any() and problem.loss_of(margins) <= loss):
        ending = "not at rest"
    if ending == "jammed" and bearing is not None:
        contacts = bearing
    L, delta = problem.loss_of(margins), margins[contacts]
    slope = float(np.mean(problem.loss.slope(margins)))
    return Approach(
        w=w,
        margin=problem.loss.margin,
        critical=problem.loss.margin - 2 * L / slope if slope else problem.loss.margin,
        loss=L,
        contacts=contacts,
        forces=delta / delta.mean() if len(delta) else delta,
        gaps=-margins[~contacts],
        balance=balance,
        minima=np.array(minima).reshape(-1, 3),
        iterations=iterations,
        ending=ending,
    )


def _bearing(problem: DerivedProblem, w: Array, say: Callable[[str], None]) -> NDArray[np.bool_] | None:
    """Which contacts bear a force at κ_J itself; None where this cannot be told at this L.

    A gap shorter than the overlaps is closed there, by chance: one of 120 perceptrons of N = 400 had such a gap
    (docs/calibration.md). So where there are more contacts than an isostatic state has, a linear program tells, unless
    it ends in another state, whose contacts are none of these.
    """
    contacts = problem.margins(w) > 0
    backbone = problem.system.backbone(contacts)
    if np.count_nonzero(backbone.contacts) <= backbone.isostatic:
        return contacts
    say("more contacts than an isostatic state has: which of them bear a force?")
    top = largest_margin(problem, w, radius=CLOSED, budget=1)
    bearing = top.forces > 0
    backbone = problem.system.backbone(bearing)
    enough = np.count_nonzero(backbone.contacts) >= backbone.isostatic
    return bearing if enough and top.balance <= UNBALANCED and not (bearing & ~contacts).any() else None


def _descend(
    problem: DerivedProblem,
    w: Array,
    loss: float,
    most: int,
    minima: list[tuple[float, float, int]],
    say: Callable[[str], None],
    near: Factor | None,
) -> tuple[DerivedProblem, Array, Ending, int]:
    """From a w that is not satisfied to one where L is small: the problem there, w, why it ended, and the steps."""
    minimum = rest(problem, w, steps_for(problem), BALANCE, near=near)
    iterations, margin, left = minimum.iterations, problem.loss.margin, FIRST
    ending: Ending = "budget"
    w = minimum.w
    if minimum.why not in ("balanced", "no step"):
        ending = "not at rest"
    for _ in range(most):
        margins = problem.margins(w)
        L = problem.loss_of(margins)
        minima.append((margin, L, int(np.count_nonzero(margins > 0))))
        say(f"κ = {margin:.6g}: L = {L:.2e}, N_Δ = {minima[-1][2]}")
        if loss >= L:
            ending = "jammed"
            break
        if ending == "not at rest":
            break
        distance = 2 * L / float(np.mean(problem.loss.slope(margins)))
        minimum, margin, problem, left = _step(problem, minimum, margin, L, distance, left)
        w, iterations = minimum.w, iterations + minimum.iterations
        if left >= 1:
            ending = "no minimum"
            break
    if ending == "jammed":
        minimum = rest(
            problem, w, LONG * steps_for(problem), TOLERANCE,
            zero=0.0, damping=minimum.damping, near=minimum.factor,
        )  # fmt: skip
        w, iterations = minimum.w, iterations + minimum.iterations
        ending = "jammed" if balance_of(problem, w) <= UNBALANCED else "not at rest"
    return problem, w, ending, iterations


def _pushed(problem: DerivedProblem, w: Array, direction: Array, loss: float) -> tuple[DerivedProblem, Array, int]:
    """Rest again from both sides of a saddle, at the lower of the two; where it comes loose there, at a larger κ."""
    ends = [rest(problem, problem.retract(at), steps_for(problem), TOLERANCE, zero=0.0) for at in beside(w, direction)]
    spent = sum(end.iterations for end in ends)
    lowest = min(ends, key=lambda end: problem.loss_of(problem.margins(end.w)))
    problem, w, more = _tightened(problem, lowest.w, loss)
    return problem, w, spent + more


def _tightened(problem: DerivedProblem, w: Array, loss: float) -> tuple[DerivedProblem, Array, int]:
    """Rest at a larger κ, where a system came loose at its own; as it was, where it did not."""
    spent, rise = 0, LOOSENED
    while problem.loss_of(problem.margins(w)) < loss and rise < RISE:
        problem = problem.with_margin(problem.loss.margin + rise)
        end = rest(problem, w, steps_for(problem), BALANCE, zero=loss)
        w, spent, rise = end.w, spent + end.iterations, 4 * rise
    return problem, w, spent


def drift(
    problem: DerivedProblem, w: Array, damping: float | None = None, near: Factor | None = None
) -> tuple[Array, Factor | None]:
    """dw/dκ along minima: H dw/dκ = −∂∇L/∂κ with the contacts as they are, which keeps the forces in balance.

    Arguments:
        problem: at the κ of the minimum.
        w: (N,) the minimum.
        damping: μ of the minimisation that ended there, where directions without curvature need one.
        near: the factor of an H nearby.

    Returns:
        (N,); 0 where H is not positive whatever the damping. And the last factor, where it is worth keeping.
    """
    call = journal.begin("drift", problem.loss.margin, w, damping)
    return call.through(partial(_direction, problem, w, damping, near), _packed_drift, partial(_drift_from, problem))


def _packed_drift(solution: tuple[Array, Factor | None]) -> CellResult:
    direction, factor = solution
    place = packed_factor(factor)
    return CellResult(values=place.values, arrays={"direction": direction, **place.arrays})


def _drift_from(problem: DerivedProblem, stored: CellResult) -> tuple[Array, Factor | None]:
    return stored.arrays["direction"], factor_from(problem, stored)


def _direction(
    problem: DerivedProblem, w: Array, damping: float | None, near: Factor | None
) -> tuple[Array, Factor | None]:
    margins = problem.margins(w)
    bends = problem.loss.curvature(margins) / len(margins)
    contacts = np.flatnonzero(bends)
    pull = problem.tangent(w, bends[contacts] @ problem.jacobian(w, contacts))
    slope = problem.loss_and_gradient(w)[1]
    model = model_at(problem, w, slope, near=near, mu=damping or 0.0)
    mean = mean_of(model.trace, len(w))
    direction, mu = np.zeros_like(w), max(damping or 0.0, 1e-12 * mean)
    while mu < mean:
        solved = model.step(pull, mu, ALONG)
        if solved is not None:
            direction = solved[0]
            break
        if model.spent:
            model = Dense(problem, w, slope)
        else:
            mu *= 10
    return direction, model.factor if reusable(problem) else None


def _step(
    problem: DerivedProblem, here: OptimizeResult, margin: float, L: float, distance: float, left: float
) -> tuple[OptimizeResult, float, DerivedProblem, float]:
    """The next minimum, nearer to jamming by the part that ``left`` leaves; a part of 1 where it is lost on the way."""
    spent, nearer, lower, there = 0, problem, margin, here
    direction, near = drift(problem, here.w, here.damping, here.factor)
    while left < 1:
        lower = margin - (1 - left) * distance
        nearer = problem.with_margin(lower)
        w = problem.retract(here.w + (lower - margin) * direction)
        loose = LOOSE * left**2 * L
        there = rest(nearer, w, steps_for(nearer), BALANCE, zero=loose, damping=here.damping, near=near)
        spent += there.iterations
        reached = nearer.loss_of(nearer.margins(there.w))
        at_rest = there.balance is not None and there.balance <= UNBALANCED
        if at_rest and reached > loose:  # a minimum, and not a packing that came loose
            part = max(LAST, left / 2) if reached < 4 * left**2 * L else left
            return replace(there, iterations=spent), lower, nearer, part
        left = (1 + left) / 2 if left < SHORT else 1.0
    return replace(there, iterations=spent), lower, nearer, 1.0
