"""Newton's method on the conditions of a largest margin, contacts and kinks given: κ_J, w and forces to rounding.

With forces λ_μ ≥ 0, Σ λ = 1, on the contacts and pulls m_k on the kinks, a local maximum of the smallest gap has
Σ λ ∇g + Σ m ∇z + Σ ν n = 0, n the normals of the manifold of w, g_μ = κ on every contact and z_k = 0 on every kink
(Fletcher, Practical Methods of Optimization, §14.2 and §14.5). It is one where −(Σ λ ∇∇g + Σ m ∇∇z + ν/|w|) is
positive in all directions that change no contact and no kink.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, DerivedProblem, Float64
from jamharness_numerics.kinked import Kinks
from jamharness_numerics.minimise.tangent_hessian import normals

STEP = 1e-6
"""Of the central differences for second derivatives of smooth constraints: an error of 1e-10 slows the convergence and
biases nothing, as the conditions themselves are exact."""
STEPS = 12
"""Newton steps at most."""
LEAST = 1e-6
"""Of the largest curvature: the least that ``Conditions.bowl`` has in any direction."""
DEPENDENT = 1e-9
"""Of the largest: singular values of the gradients below it are none, and so are curvatures."""


class Contacts(Protocol):
    """The gaps of some constraints as smooth functions of w."""

    def gaps(self, w: Array, /) -> Float64:
        """G (n,)."""

    def jacobian(self, w: Array, /) -> Float64:
        """∇g (n, N)."""

    def second(self, w: Array, forces: Float64, kinks: Kinks, pulls: Float64, /) -> Float64:
        """Σ forces ∇∇g + Σ pulls ∇∇z, (N, N)."""

    def preactivations(self, w: Array, kinks: Kinks, /) -> Float64:
        """Z (K,)."""

    def slopes(self, w: Array, kinks: Kinks, /) -> Float64:
        """∇z (K, N)."""


class SmoothContacts:
    """Constraints of a problem without kinks.

    Arguments:
        problem: at any margin.
        rows: (n,) which constraints.
    """

    def __init__(self, problem: DerivedProblem, rows: NDArray[np.intp]) -> None:
        self._problem, self._rows = problem, rows

    def gaps(self, w: Array) -> Float64:
        """G (n,)."""
        return np.asarray(self._problem.loss.margin - self._problem.margins(w)[self._rows], dtype=np.float64)

    def jacobian(self, w: Array) -> Float64:
        """∇g (n, N)."""
        return np.asarray(-self._problem.jacobian(w, self._rows), dtype=np.float64)

    def second(self, w: Array, forces: Float64, kinks: Kinks, pulls: Float64) -> Float64:  # noqa: ARG002  (no kinks)
        """Σ forces ∇∇g (N, N), by central differences of Σ forces ∇g."""
        H, w = np.zeros((len(w), len(w))), np.asarray(w, dtype=np.float64)
        if self._problem.system.linear:
            return H
        for column in range(len(w)):
            moved = STEP * np.eye(1, len(w), column)[0]
            H[column] = (forces @ self.jacobian(w + moved) - forces @ self.jacobian(w - moved)) / (2 * STEP)
        return np.asarray((H + H.T) / 2)

    def preactivations(self, w: Array, kinks: Kinks) -> Float64:  # noqa: ARG002
        """None."""
        return np.zeros(len(kinks))

    def slopes(self, w: Array, kinks: Kinks) -> Float64:  # noqa: ARG002
        """None."""
        return kinks.slopes


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """What holds a w at rest.

    Arguments:
        contacts: the gaps of the n contacts.
        forces: (n,) λ, with sum 1.
        kinks: the K kinks at z = 0.
        pulls: (K,) m.
    """

    contacts: Contacts
    forces: Float64
    kinks: Kinks
    pulls: Float64


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditions:
    """How well a w fulfils the conditions, and Newton's step from there.

    Arguments:
        step: (N,) along the manifold.
        balance: |Σ λ ∇g + Σ m ∇z + Σ ν n| over Σ λ |∇g|: the net force.
        curvature: the smallest eigenvalue of −(Σ λ ∇∇g + …) in the directions that contacts and kinks leave, over the
            largest in size; 1 where they leave none. Below 0 it is a saddle.
        second: (N, N) Σ λ ∇∇g + Σ m ∇∇z + ν/|w|.
        softest: (N,) the direction of that smallest eigenvalue; zero where no direction is left.
        fixed: how many directions contacts, kinks and spheres fix: the rank of their gradients, those of the contacts
            less their mean.
    """

    step: Float64
    balance: float
    curvature: float
    second: Float64
    softest: Float64
    fixed: int

    def bowl(self) -> Float64:
        """The positive part of −``second``, (N, N): for a program whose contacts may change."""
        values, vectors = np.linalg.eigh(-self.second)
        least = LEAST * float(np.abs(values).max())
        return np.asarray((vectors * np.maximum(values, least)) @ vectors.T)


def conditions(problem: DerivedProblem, held: Held, w: Array, second: Float64 | None = None) -> Conditions:
    """At w, with a first guess of the forces.

    Arguments:
        problem: for the manifold of w.
        held: its contacts and kinks.
        w: (N,).
        second: (N, N) the second derivatives of a w nearby, where these will do.
    """
    contacts, forces, kinks, pulls = held.contacts, held.forces, held.kinks, held.pulls
    J, Z, units = contacts.jacobian(w), contacts.slopes(w, kinks), normals(problem, w)
    pull = forces @ J + pulls @ Z
    nu = -units.T @ pull
    H = second
    if H is None:
        H = contacts.second(w, forces, kinks, pulls)
        for column, (part, _) in enumerate(problem.spheres):
            diagonal = np.arange(part.start, part.stop)
            H[diagonal, diagonal] += nu[column] / np.linalg.norm(w[part])
    gaps, z = contacts.gaps(w), contacts.preactivations(w, kinks)
    fixed = np.concatenate([J - forces @ J, Z, units.T])
    errors = np.concatenate([gaps - forces @ gaps, z, np.zeros(len(nu))])
    # What contacts and kinks fix, by their shortest step: gradients may depend on each other. The rest by Newton.
    left, values, rows = np.linalg.svd(fixed)
    rank = int(np.count_nonzero(values > DEPENDENT * values[0]))
    bound, free, net = rows[:rank], rows[rank:], pull + units @ nu
    back = -bound.T @ ((left.T[:rank] @ errors) / values[:rank])
    eigenvalues, vectors = np.linalg.eigh(free @ -H @ free.T)
    size = float(np.abs(eigenvalues).max(initial=0.0))
    along = vectors.T @ free
    curved = np.where(np.abs(eigenvalues) > DEPENDENT * size, eigenvalues, np.inf)
    return Conditions(
        step=back + along.T @ ((along @ (net + H @ back)) / curved),
        balance=float(np.linalg.norm(net) / (forces @ np.linalg.norm(J, axis=1))),
        curvature=float(eigenvalues[0]) / size if size else 1.0,
        second=H,
        softest=along[0] if size else np.zeros(len(w)),
        fixed=rank,
    )


def newton_to_rest(problem: DerivedProblem, held: Held, w: Array, second: Float64) -> Array:
    """W after Newton steps on these contacts and kinks, until none is half as long as the one before.

    Arguments:
        problem: for the manifold of w.
        held: its contacts and kinks.
        w: (N,).
        second: (N, N) the second derivatives at w; those further on hardly differ.
    """
    before = np.inf
    for _ in range(STEPS):
        step = conditions(problem, held, w, second).step
        length = float(np.abs(step).max(initial=0.0))
        if not length < 0.5 * before:
            break
        w, before = problem.retract(w + step), length
        held = multipliers(problem, held, w)
    return w


def multipliers(problem: DerivedProblem, held: Held, w: Array) -> Held:
    """The same contacts and kinks with the forces and pulls, Σ λ = 1, that balance best, nearest to those given.

    Arguments:
        problem: for the manifold of w.
        held: its contacts and kinks, with a first guess of forces and pulls.
        w: (N,).
    """
    count, kinks = len(held.forces), len(held.pulls)
    slopes = held.contacts.slopes(w, held.kinks)
    gradients = np.concatenate([held.contacts.jacobian(w), slopes, normals(problem, w).T])
    sums = np.concatenate([np.ones(count), np.zeros(len(gradients) - count)])
    weight = float(np.abs(gradients).max())
    start = np.concatenate([held.forces, held.pulls, np.zeros(len(gradients) - count - kinks)])
    matrix = np.vstack([gradients.T, weight * sums])
    change = np.linalg.lstsq(matrix, np.concatenate([-gradients.T @ start, [weight * (1 - sums @ start)]]), DEPENDENT)
    solution = start + change[0]
    return replace(held, forces=solution[:count], pulls=solution[count : count + kinks])
