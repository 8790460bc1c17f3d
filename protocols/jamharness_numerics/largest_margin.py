"""The jamming point from the satisfied side: the largest margin by sequential quadratic programs.

κ_J is a local maximum of the smallest gap min_μ g_μ(w) over the manifold of w. Each program maximises t + sᵀHs/2
subject to g_μ + ∇g_μ·s ≥ t in a trust region |s_i| ≤ r, with H = Σ λ ∇∇g the curvature that holds what contacts leave
free (Fletcher, Practical Methods of Optimization, §14.5); at first H = 0. Its multipliers λ are the contact forces, up
to a factor, and Newton's step on the contacts that they name ends it. It shares no loss, no minimiser and no Hessian
with the approach from above, so that the two can be held against each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import clarabel
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, block_diag, csc_array, csc_matrix, csr_array, eye_array, hstack, vstack

from jamharness.api import Array, CellResult, DerivedProblem, Float64, Spherical, System
from jamharness_numerics.contact_newton import Contacts, Held, SmoothContacts, conditions, multipliers, newton_to_rest
from jamharness_numerics.kinked import Branch, Kinks, no_kinks
from jamharness_numerics.minimise import journal
from jamharness_numerics.minimise.outcome import silent
from jamharness_numerics.minimise.tangent_hessian import normals

FIRST, LEAST = 1e-2, 1e-9
"""The trust region at first, and the one at which it ends: of a component of w of the order of 1."""
NEAR = 0.5
"""Constraints take part whose gap so many trust regions, a step all against it, could bring down to the smallest one.
No step is against one constraint in every component; one that is missed costs a smaller trust region."""
CORRECTED = 0.9
"""Of the rise that a program promises: where less comes, its second-order correction is tried."""
EQUAL = 1e-11
"""Gaps that are equal: Newton's steps leave them so to rounding."""
TINY = 1e-300
"""A force that a program did not see, before it is solved for."""
SOLVED = (1e-11, 1e-8)
"""The tolerances of a program, in units of the trust region; the second where rounding does not allow the first."""
CLOSE = 1e-2
"""The trust region from which on H is used: before, contacts have hardly any chance to be right."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LargestMargin:
    """A local maximum of the smallest gap.

    Arguments:
        w: (N,) there.
        margin: the smallest gap, κ_J.
        forces: (M,) multipliers with sum 1; one that is negative bears no force, and the w is no maximum.
        kinks: directions that units of contacts fix by being held at z = 0, beside the contacts.
        balance: the net force over the sum of its parts.
        curvature: along the directions that contacts and kinks leave, as ``contact_newton.Conditions`` has it.
        programs: that were solved.
        why: ``"converged"``, ``"budget"``, ``"no step"``, or what the solver said.
        softest: (N,) the direction of the least curvature.
    """

    w: Array
    margin: float
    forces: Float64
    kinks: int
    balance: float
    curvature: float
    programs: int
    why: str
    softest: Float64


def largest_margin(
    problem: DerivedProblem,
    w: Array,
    *,
    tolerance: float = 1e-13,
    budget: int = 300,
    radius: float = FIRST,
    largest: float | None = None,
    say: Callable[[str], None] = silent,
) -> LargestMargin:
    """Climb from w to the nearest local maximum of the smallest gap.

    Arguments:
        problem: at any margin.
        w: (N,) where to start.
        tolerance: it ends when a program promises less than this.
        budget: programs at most.
        radius: the first trust region.
        largest: the largest; None for the first.
        say: told where it stands.
    """
    largest = largest or radius
    call = journal.begin("largest_margin", problem.loss.margin, w, tolerance, budget, radius, largest)
    climb = partial(_climb, problem, w, tolerance, budget, radius, largest, say, call)
    return call.through(climb, _packed, _unpacked)


def _climb(
    problem: DerivedProblem,
    w: Array,
    tolerance: float,
    budget: int,
    radius: float,
    largest: float,
    say: Callable[[str], None],
    call: journal.Call,
) -> LargestMargin:
    why, programs = "budget", 0
    solution: _Solution | None = None
    bowl: Float64 | None = None
    if call.state is not None:
        values: Any = call.state.values
        radius, programs = values["radius"], values["programs"]
        w, bowl = call.state.arrays["w"], call.state.arrays.get("bowl")
    gaps = gaps_of(problem, w)
    while programs < budget:
        call.keep(partial(_state, w, radius, programs, bowl))
        smallest = float(gaps.min())
        near = _linearise(problem, w, gaps, radius)
        programs += 1
        answer = _program(near, normals(problem, w), radius, bowl)
        if isinstance(answer, str):
            why, solution = answer, None
            break
        solution = answer
        predicted = solution.value - smallest
        held = _held_constraints(problem, near, solution)
        # A linear program sees no curvature: what it calls stationary may still have other multipliers.
        still = predicted < tolerance and (bowl is not None or problem.system.linear)
        if still or radius < LEAST:
            why = "converged" if still else "no step"
            break
        ends, bowl_before = [problem.retract(w + solution.step)], bowl
        if radius <= CLOSE:
            second = conditions(problem, held, w)
            bowl = None if problem.system.linear else second.bowl()
            ends.append(newton_to_rest(problem, held, w, second.second))
        reached = [gaps_of(problem, end) for end in ends]
        gain = (float(reached[0].min()) - smallest) / predicted
        if gain < CORRECTED:
            again = _program(_bent(problem, w, near, ends[0]), normals(problem, w), radius, bowl_before)
            if not isinstance(again, str):
                ends.append(problem.retract(w + again.step))
                reached.append(gaps_of(problem, ends[-1]))
                gain = max(gain, (float(reached[-1].min()) - smallest) / predicted)
        best = int(np.argmax([end.min() for end in reached]))
        if reached[best].min() > smallest:
            w, gaps = ends[best], reached[best]
        radius = min(2 * radius, largest) if gain > 0.75 else radius / 2 if gain > 0.25 else radius / 4
        say(
            f"program {programs} for the largest margin: κ = {gaps.min():.6g}, {len(held.forces)} contacts, "
            f"trust region {radius:.1e}"
        )
    result = LargestMargin(
        w=w, margin=float(gaps.min()), forces=np.zeros(len(gaps)), kinks=0, balance=np.inf, curvature=-1.0,
        programs=programs, why=why, softest=np.zeros(len(w)),
    )  # fmt: skip
    if solution is None:
        return result
    if why == "converged":
        # At rest the contacts are those whose gaps are equal; a program may miss the weakest.
        closed = near.gaps - near.gaps.min() <= EQUAL
        at_zero = (np.abs(near.kinks.preactivations) <= EQUAL) & closed[near.kinks.patterns]
        forces = np.where(closed, np.maximum(solution.forces, TINY), 0.0)
        solution = replace(solution, forces=forces, held=solution.held | at_zero)
        held = _held_constraints(problem, near, solution)
    # The multipliers of a program are right to a part of the trust region; those that balance best are exact.
    held = multipliers(problem, held, w)
    at = conditions(problem, held, w)
    np.add.at(result.forces, near.rows[solution.forces > 0], held.forces)
    kinked = at.fixed - len(problem.spheres) - (int(np.count_nonzero(result.forces)) - 1)
    return replace(result, kinks=kinked, balance=at.balance, curvature=at.curvature, softest=at.softest)


def _state(w: Array, radius: float, programs: int, bowl: Float64 | None) -> CellResult:
    """All that the next program depends on."""
    arrays = {"w": w} if bowl is None else {"w": w, "bowl": bowl}
    return CellResult(values={"radius": radius, "programs": programs}, arrays=arrays)


def _packed(result: LargestMargin) -> CellResult:
    plain, arrays = ("margin", "kinks", "balance", "curvature", "programs", "why"), ("w", "forces", "softest")
    return CellResult(
        values={name: getattr(result, name) for name in plain},
        arrays={name: getattr(result, name) for name in arrays},
    )


def _unpacked(stored: CellResult) -> LargestMargin:
    arguments: Any = {**stored.values, **stored.arrays}
    return LargestMargin(**arguments)


def gaps_of(problem: DerivedProblem, w: Array) -> Float64:
    """G = κ − Δ, (M,)."""
    return np.asarray(problem.loss.margin - problem.margins(w), dtype=np.float64)


def has_kinks(system: System) -> bool:
    """Whether it is a relu network at fixed |w|."""
    return isinstance(system, Spherical) and system.network.nonlinearity.name == "relu"


@dataclass(frozen=True, kw_only=True, eq=False)
class _LinearModel:
    """g_μ(w + s) ≈ g_μ + ∇g_μ·s + Σ a max(0, ±(z + ∇z·s)), over the kinks of μ.

    Arguments:
        rows: (n,) which constraint each is; one that has several branches is there several times.
        gaps, jacobian: (n,) and (n, N).
        kinks: of these.
        branch: the network on them; None where gaps are smooth.
    """

    rows: NDArray[np.intp]
    gaps: Float64
    jacobian: Float64
    kinks: Kinks
    branch: Branch | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Solution:
    """Of a program.

    Arguments:
        step: (N,) s.
        value: t + sᵀHs/2, the smallest gap that it promises.
        forces: (n,) λ, with sum 1; 0 for what is no contact.
        pulls: (K,) m.
        held: (K,) which kinks are held at z = 0: their pull is neither none nor all that it can be.
    """

    step: Float64
    value: float
    forces: Float64
    pulls: Float64
    held: NDArray[np.bool_]


def _linearise(problem: DerivedProblem, w: Array, gaps: Float64, radius: float) -> _LinearModel:
    """The constraints that may become the smallest within the trust region, from the smallest gap on."""
    order = np.argsort(gaps, kind="stable")
    steepest = float(np.abs(problem.jacobian(w, order[: problem.size])).sum(axis=1).max())
    rows = order[gaps[order] <= gaps[order[0]] + NEAR * radius * steepest]
    if not has_kinks(problem.system):
        J = np.asarray(-problem.jacobian(w, rows), dtype=np.float64)
        return _LinearModel(rows=rows, gaps=gaps[rows], jacobian=J, kinks=no_kinks(problem.size), branch=None)
    assert isinstance(problem.system, Spherical)
    x, y = (problem.given[name][rows] for name in ("x", "y"))
    branch, origin = Branch.at(problem.system.network, x, y, w).split(w, radius)
    return _LinearModel(
        rows=rows[origin], gaps=branch.gaps(w), jacobian=branch.jacobian(w), kinks=branch.kinks(w, radius),
        branch=branch,
    )  # fmt: skip


def _bent(problem: DerivedProblem, w: Array, near: _LinearModel, end: Array) -> _LinearModel:
    """The same gradients through the gaps and preactivations that an end really has: a second-order correction.

    Each constraint bends in its own way, and the smallest gap feels the one that bends most (Maratos' effect; Nocedal
    and Wright, Numerical Optimization, §18.3).
    """
    step = end - w
    contacts = SmoothContacts(problem, near.rows) if near.branch is None else near.branch
    z = contacts.preactivations(end, near.kinks) - near.kinks.slopes @ step
    return replace(near, gaps=contacts.gaps(end) - near.jacobian @ step, kinks=replace(near.kinks, preactivations=z))


def _held_constraints(problem: DerivedProblem, near: _LinearModel, solution: _Solution) -> Held:
    """The contacts and kinks that a program holds, with their forces and pulls."""
    chosen = np.flatnonzero(solution.forces)
    place = np.zeros(len(near.rows), dtype=np.intp)
    place[chosen] = np.arange(len(chosen))
    kinks = near.kinks.chosen(solution.held)
    contacts: Contacts = (
        SmoothContacts(problem, near.rows[chosen]) if near.branch is None else near.branch.chosen(chosen)
    )
    kinks = replace(kinks, patterns=place[kinks.patterns])
    return Held(contacts=contacts, forces=solution.forces[chosen], kinks=kinks, pulls=solution.pulls[solution.held])


def _program(near: _LinearModel, units: Float64, radius: float, bowl: Float64 | None) -> _Solution | str:
    """The program with ``bowl`` in the place of −sᵀHs/2; what the solver said where it has no solution."""
    (count, size), kinks, lowest = near.jacobian.shape, near.kinks, float(near.gaps.min())
    # In units of the trust region, with the smallest gap as zero: the solver's tolerances are absolute.
    scale = radius * max(float(np.abs(near.jacobian).max()), np.finfo(np.float64).tiny)
    reach = radius * np.maximum(np.abs(kinks.slopes).max(axis=1, initial=0.0), np.finfo(np.float64).tiny)
    crossed = np.where(kinks.states > 0, -1.0, 1.0) / reach
    places = kinks.patterns, np.arange(len(kinks))
    share = csr_array((-kinks.weights * reach / scale, places), shape=(count, len(kinks)))
    one = eye_array(len(kinks))
    blocks: list[list[Any]] = [
        [csr_array(units.T), None, None],
        [-near.jacobian * (radius / scale), np.ones((count, 1)), share],
        [kinks.slopes * (radius * crossed)[:, np.newaxis], None, -one],
        [None, None, -one],
    ]
    rows = block_array(blocks, format="csc")
    right = np.concatenate([
        np.zeros(units.shape[1]), (near.gaps - lowest) / scale, -kinks.preactivations * crossed, np.zeros(len(kinks)),
    ])  # fmt: skip
    cost = np.zeros(size + 1 + len(kinks))
    cost[size] = -1.0
    solved = (
        _linear(cost, rows, right, units.shape[1], size)
        if bowl is None
        else _quadratic(bowl * (radius**2 / scale), cost, rows, right, units.shape[1])
    )
    if isinstance(solved, str):
        return solved
    x, z, slack = solved
    gap_rows = slice(units.shape[1], units.shape[1] + count)
    kink_rows = slice(gap_rows.stop, gap_rows.stop + len(kinks))
    floor_rows = slice(kink_rows.stop, kink_rows.stop + len(kinks))
    step = x[:size] * radius
    forces = np.where(z[gap_rows] > slack[gap_rows], z[gap_rows], 0.0)
    return _Solution(
        step=step,
        value=lowest + float(x[size]) * scale - (0.0 if bowl is None else float(step @ bowl @ step) / 2),
        forces=forces / forces.sum(),
        pulls=-z[kink_rows] * crossed * scale,
        held=(z[kink_rows] > slack[kink_rows]) & (z[floor_rows] > slack[floor_rows])
        & (forces[kinks.patterns] > 0),
    )  # fmt: skip


_Solved: TypeAlias = tuple[Float64, Float64, Float64]


def _linear(cost: Float64, rows: Any, right: Float64, equal: int, size: int) -> _Solved | str:
    """Minimise c·x under A x ≤ b, the first rows with equality, and |x_i| ≤ 1 of the first ``size`` components.

    Returns:
        x, multipliers and slacks, by the simplex method.
    """
    from scipy.optimize import linprog

    answer = linprog(
        cost, A_ub=rows[equal:], b_ub=right[equal:], A_eq=rows[:equal], b_eq=right[:equal],
        bounds=[(-1, 1)] * size + [(None, None)] * (len(cost) - size), method="highs-ds",
    )  # fmt: skip
    if answer.status != 0:
        return f"the solver of the program said {answer.message}"
    none = np.zeros(equal)
    return np.asarray(answer.x), np.concatenate([none, -answer.ineqlin.marginals]), np.concatenate([none, answer.slack])


def _quadratic(P: Float64, cost: Float64, rows: Any, right: Float64, equal: int) -> _Solved | str:
    """The same with xᵀPx/2 of the first components, by an interior point."""
    options = clarabel.DefaultSettings()
    options.verbose, options.max_threads = False, 1
    size, count = len(P), len(right)
    whole = block_diag([csc_array(np.triu(P)), csc_array((len(cost) - size, len(cost) - size))], format="csc")
    box = hstack([eye_array(size), csc_array((size, len(cost) - size))])
    every = csc_matrix(vstack([rows, box, -box]))
    cones = [clarabel.ZeroConeT(equal), clarabel.NonnegativeConeT(count + 2 * size - equal)]
    limits = np.concatenate([right, np.ones(2 * size)])
    for options.tol_gap_abs in SOLVED:
        options.tol_gap_rel = options.tol_feas = options.tol_gap_abs
        answer = clarabel.DefaultSolver(csc_matrix(whole), cost, every, limits, cones, options).solve()
        if answer.status == clarabel.SolverStatus.Solved:
            break
    if answer.status not in (clarabel.SolverStatus.Solved, clarabel.SolverStatus.AlmostSolved):
        return f"the solver of the program said {answer.status}"
    return np.asarray(answer.x), np.asarray(answer.z)[:count], np.asarray(answer.s)[:count]
