"""The quadratic model of L that a Newton step minimises: with H in memory, or by products with H alone.

Of a large system the second is far cheaper (``benchmarks/newton_steps.py``). Products need few iterations where they
are preconditioned with the Cholesky factor of an H nearby: a contact that opened or closed since is one direction, and
so one iteration (Nocedal and Wright, Numerical Optimization, §5.1 and ch. 7).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.blas import strsv

from jamharness.api import Array, Constraints
from jamharness_numerics.minimise.certificate import trace_h0
from jamharness_numerics.minimise.tangent_hessian import tangent_hessian

LARGE = 1000
"""N from which factors are used again (``benchmarks/newton_steps.py``)."""
PRODUCTS = 20
"""N over so many products with H take as long as H and its factor in float32 (``benchmarks/newton_steps.py``): with as
many contacts as weights a product and a solution with the factor are some ten N² operations, H and its factor a few N³.
No solution for one μ takes more."""
SINGLE = 1e-3
"""μ over the mean eigenvalue of H0 from which H and its factor are made in float32."""
RESIDUAL = 1e-2
"""Of the equations of a step, over that of s = 0: Newton's method then converges linearly, by so much a step."""
FIRST = 1e-2
"""μ over the mean eigenvalue of H0 to begin with."""
STIFFEST = 1e8
"""μ over the mean eigenvalue of H0 at which no step is left, and no factor is looked for."""
HALF = 0.5
"""Of the residual asked for, that a solution by products in float32 goes to."""

Cholesky: TypeAlias = tuple[Array, bool]
"""A triangle, and whether it is the lower one."""


@dataclass(eq=False)
class Factor:
    """What is kept of an H, for others nearby.

    Arguments:
        margin: κ.
        w: (N,) where.
        decay: λ.
        mu: μ of H + λI + μI.
        trace: tr H0.
        cholesky: of that, as SciPy has it, N² numbers; or what makes it when it is first used.
        single: whether H was made in float32.
        steps: of a minimisation that it served.
        products: they took, those for a μ that was too small among them.
        last: the last of these steps.
    """

    margin: float
    w: Array
    decay: float
    mu: float
    trace: float
    cholesky: "Cholesky | Callable[[], Cholesky]"
    single: bool = False
    steps: int = 0
    products: int = 0
    last: int = 0

    @property
    def worn(self) -> bool:
        """Whether the last step took more products than all with it did on average, its price among them.

        From there on another one is cheaper: the rule for the replacement of what wears out.
        """
        return self.last * self.steps > self.products + len(self.w) / PRODUCTS

    def used(self, products: int) -> None:
        """So many were made for a step."""
        self.steps, self.products, self.last = self.steps + 1, self.products + products, products

    def solve(self, r: Array) -> Array:
        """(H + λI + μI)⁻¹ r, (N,)."""
        if callable(self.cholesky):
            self.cholesky = self.cholesky()
        triangle, lower = self.cholesky
        if triangle.dtype != np.float32:  # enough for another H than its own, in half the memory and half the time
            triangle = np.asarray(triangle, dtype=np.float32, order="F")
            self.cholesky = triangle, lower
        # By vectors, not LAPACK's potrs: that one prepares the triangle for many right-hand sides, three times as long.
        size = float(np.abs(r).max()) or 1.0
        half = strsv(triangle, (r / size).astype(np.float32), lower=lower, trans=not lower)
        return size * np.asarray(strsv(triangle, half, lower=lower, trans=lower), dtype=np.float64)


class Model(Protocol):
    """L(w + s) ≈ L(w) + ∇L·s + sᵀHs/2 in the tangent space at w."""

    @property
    def trace(self) -> float:
        """Tr H0; by products with H, that of the H whose factor is used."""

    @property
    def factor(self) -> Factor | None:
        """The last one; None where there is none yet."""

    @property
    def dense(self) -> bool:
        """Whether H is in memory."""

    @property
    def fresh(self) -> bool:
        """Whether the factor is that of H at w itself."""

    @property
    def made(self) -> int:
        """Products so far."""

    @property
    def spent(self) -> bool:
        """Whether the last step was given up, too many products being needed for it."""

    def step(self, gradient: Array, mu: float, residual: float = RESIDUAL) -> tuple[Array, Array] | None:
        """The s with (H + μI) s = −∇L, and H s; None where H + μI is seen not to be positive, or the step is given up.

        A Cholesky factor sees all of H + μI, products what lies in the space of the gradient: there s lowers L anyhow.

        Arguments:
            gradient: ∇L (N,), tangent.
            mu: μ.
            residual: |(H + μI) s + ∇L| over |∇L| at most, where this is not solved to rounding.
        """


class Dense:
    """H itself.

    Arguments:
        problem: the problem.
        w: (N,).
        slope: ∇L (N,), in the space around.
        decay: λ: H + λI takes the place of H.
        single: whether to make it and to keep it in float32.
    """

    dense, fresh, spent, made = True, True, False, 0

    def __init__(
        self, problem: Constraints, w: Array, slope: Array, decay: float = 0.0, *, single: bool = False
    ) -> None:
        H0, Hp = (problem.with_dtype("float32") if single else problem).hessian(w)
        self.trace = float(np.trace(H0, dtype=np.float64))
        H: Array = np.asarray(H0 + Hp, dtype=np.float32 if single else np.float64)
        self.H = tangent_hessian(problem, w, H, mean_of(self.trace, len(w)), slope)
        self.H[np.diag_indices_from(self.H)] += decay
        self.factor: Factor | None = None
        self._place = float(problem.loss.margin), w, decay

    def step(self, gradient: Array, mu: float, residual: float = RESIDUAL) -> tuple[Array, Array] | None:  # noqa: ARG002
        """As ``Model.step``; by a Cholesky factor, which is kept."""
        try:
            cholesky = self.cholesky(mu)
        except np.linalg.LinAlgError:
            return None
        self.factor = Factor(*self._place, mu, self.trace, cholesky)
        s = -cho_solve(cholesky, gradient, check_finite=False)
        return s, self.H @ s

    def cholesky(self, mu: float) -> Cholesky:
        """The factor of H + μI.

        Raises:
            LinAlgError: it is not positive.
        """
        shifted = self.H.copy()
        shifted[np.diag_indices_from(shifted)] += mu
        factor: Cholesky = cho_factor(shifted, overwrite_a=True, check_finite=False)
        return factor

    def positive(self, mu: float) -> tuple[Cholesky, float]:
        """The factor of H + μI for the least of μ, 4 μ, 16 μ, … for which there is one, and that μ.

        Raises:
            LinAlgError: there is none.
        """
        mean = mean_of(self.trace, len(self.H))
        while True:
            try:
                return self.cholesky(mu), mu
            except np.linalg.LinAlgError:
                if not mu <= STIFFEST * mean:
                    raise
                mu = max(4 * mu, 1e-12 * mean)


class Products:
    """Products with H, and the factor of another.

    Arguments:
        problem: the problem; it has ``hessian_vector``.
        w: (N,).
        slope: ∇L (N,), in the space around.
        decay: λ.
        near: of the H nearby.
        fresh: whether it is that of H at w.
    """

    dense = False

    def __init__(
        self, problem: Constraints, w: Array, slope: Array, decay: float, near: Factor, *, fresh: bool = False
    ) -> None:
        self.problem, self.w, self.decay, self.trace, self.fresh = problem, w, decay, near.trace, fresh
        self.factor: Factor = near
        self.spent, self.made = False, 0
        self.bends = [(part, float(slope[part] @ w[part]) / float(w[part] @ w[part])) for part, _ in problem.spheres]

    def times(self, v: Array, dtype: type[np.floating] = np.float64) -> Array:
        """H v for a tangent v, as ``tangent_hessian`` has it.

        Arguments:
            v: (N,).
            dtype: that products with the network's H are made in, where its backend can.
        """
        self.made += 1
        size = float(np.abs(v).max()) or 1.0 if dtype == np.float32 else 1.0
        column = np.asarray(v / size, dtype=dtype)[:, None]
        image = np.asarray(self.problem.hessian_vector(self.w, column)[:, 0], dtype=np.float64)
        product = size * image + self.decay * v
        for part, bend in self.bends:
            product[part] -= bend * v[part]
        return self.problem.tangent(self.w, product)

    def step(self, gradient: Array, mu: float, residual: float = RESIDUAL) -> tuple[Array, Array] | None:
        """As ``Model.step``; by conjugate gradients in the tangent space.

        Products are made in float32 first. What that leaves of the equations is seen in float64, and solved for again,
        in the end in float64 too (iterative refinement: Higham, Accuracy and Stability of Numerical Algorithms, §12).
        """
        s, r = np.zeros_like(gradient), -gradient
        enough, left = residual * float(np.linalg.norm(gradient)), max(1, len(gradient) // PRODUCTS)
        for dtype in (np.float32, np.float32, np.float64):
            further = self._solved(r, mu, HALF * enough if dtype == np.float32 else enough, left, dtype)
            if further is None:
                return None
            correction, left = further
            s = s + correction
            bent = self.times(s)
            r = -gradient - bent - mu * s
            if float(np.linalg.norm(r)) <= enough:
                return s, bent
            if not left:
                break
        self.spent = True
        return None

    def _solved(
        self, r: Array, mu: float, enough: float, most: int, dtype: type[np.floating]
    ) -> tuple[Array, int] | None:
        """The s with (H + μI) s = r, to within ``enough`` or by ``most`` products, and how many of these are left.

        None where the curvature along it is not positive.
        """
        s, along, last = np.zeros_like(r), np.zeros_like(r), 1.0
        for left in reversed(range(most)):
            z = self.problem.tangent(self.w, self.factor.solve(r))
            here = float(r @ z)
            along = z + (here / last) * along
            last = here
            product = self.times(along, dtype) + mu * along
            curvature = float(along @ product)
            if not curvature > 0:
                self.spent = not np.isfinite(curvature)
                return None
            s = s + (here / curvature) * along
            r = r - (here / curvature) * product
            if float(np.linalg.norm(r)) <= enough:
                return s, left
        return s, 0


def model_at(
    problem: Constraints,
    w: Array,
    slope: Array,
    decay: float = 0.0,
    near: Factor | None = None,
    mu: float | None = None,
) -> Model:
    """By products with H where there is a factor of another nearby that is not worn, else as ``renewed``."""
    if near is not None and not near.worn:
        return Products(problem, w, slope, decay, near)
    return renewed(problem, w, slope, decay, near, mu)


def renewed(problem: Constraints, w: Array, slope: Array, decay: float, near: Factor | None, mu: float | None) -> Model:
    """By H at w: of a large system by products, with a factor in float32, where μ is not too small for that.

    Arguments:
        problem: the problem.
        w: (N,).
        slope: ∇L (N,), in the space around.
        decay: λ.
        near: the factor until now.
        mu: μ; None: ``FIRST`` of the mean eigenvalue of H0.
    """
    if reusable(problem):
        mean = mean_of(trace_h0(problem, w) if near is None else near.trace, len(w))
        mu = FIRST * mean if mu is None else mu
        if mu >= SINGLE * mean:
            H = Dense(problem, w, slope, decay, single=True)
            try:
                cholesky, damping = H.positive(mu)
            except np.linalg.LinAlgError:
                return Dense(problem, w, slope, decay)
            factor = Factor(float(problem.loss.margin), w, decay, damping, H.trace, cholesky, single=True)
            return Products(problem, w, slope, decay, factor, fresh=True)
    return Dense(problem, w, slope, decay)


def reusable(problem: Constraints) -> bool:
    """Whether a factor is worth keeping: the system is large, and products with its H are cheap."""
    return problem.size >= LARGE and problem.matrix_free


def mean_of(trace: float, size: int) -> float:
    """The mean eigenvalue of H0; the least positive number where it is zero."""
    return max(trace / size, float(np.finfo(np.float64).tiny))
