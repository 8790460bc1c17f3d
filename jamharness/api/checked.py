"""A backend whose results are looked at before anybody computes with them.

A worker hands protocols a ``CheckedBackend``: shapes, dtypes and finiteness of what a backend returns are compared with
what the contract promises, and what does not fit is a ``BackendError`` that names the backend, never a number. It costs
less than a microsecond a call. What overflows because w has diverged is no fault: where w is not finite, or so large
that the network's own formula could overflow, results pass as they are.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api import fallbacks
from jamharness.api.arrays import Array
from jamharness.api.backend import Backend, Problem, free_or_not
from jamharness.api.derived import DerivedProblem
from jamharness.api.differentiator import Differentiator
from jamharness.api.errors import BackendError
from jamharness.api.fallbacks import DampedStep
from jamharness.api.identity import Json
from jamharness.api.loss import QuadraticHinge
from jamharness.api.network import Network
from jamharness.api.optimizers import Optimizer, State
from jamharness.api.replicas import Replicas
from jamharness.api.rounding import overflows, rounding_of_outputs

_ROUNDINGS = 64.0
"""How many times the error that rounding can explain two computations of one margin may differ."""


class CheckedBackend(Backend):
    """A backend, checked.

    Arguments:
        backend: what the plugin made.
        name: what the user calls it, for blame.

    Raises:
        BackendError: it is no ``Backend``.
    """

    def __init__(self, backend: Backend, name: str) -> None:
        self.name = name
        if not isinstance(backend, Backend):
            raise self.wrong("its factory", f"made {_a(backend)}", "a jamharness.api.Backend")
        self.inner, self.capabilities = backend, backend.capabilities
        self.device, self.dtype, self.threads = backend.device, backend.dtype, backend.threads
        self.unavailable = backend.unavailable  # type: ignore[method-assign]
        self._others: dict[str, CheckedBackend] = {self.dtype: self}

    def __getattr__(self, attribute: str) -> Any:
        """Whatever else the backend has, such as native protocols."""
        if attribute == "inner":  # not constructed yet
            raise AttributeError(attribute)
        return getattr(self.inner, attribute)

    def in_dtype(self, dtype: str) -> "CheckedBackend":
        """The same backend in another dtype, checked too; made once."""
        if dtype not in self._others:
            self._others[dtype] = CheckedBackend(self.inner.in_dtype(dtype), self.name)
        return self._others[dtype]

    def network_problem(self, network: Network, x: Array, y: Array, loss: QuadraticHinge) -> "CheckedProblem":
        """A network on patterns, checked."""
        return CheckedProblem(self, free_or_not(self.inner, network, x, y, loss), network, loss, len(y))

    def problem_of(self, *arguments: Any, **named: Any) -> DerivedProblem:
        """A model of the user's own, as the backend itself makes it."""
        return self.inner.problem_of(*arguments, **named)

    def differentiator(self) -> Differentiator:
        """The backend's own."""
        return self.inner.differentiator()

    def replicas(self, problems: Sequence[Problem]) -> Replicas:
        """Several problems side by side, checked."""
        inner = [problem.inner if isinstance(problem, CheckedProblem) else problem for problem in problems]
        return CheckedReplicas(self, problems, self.inner.replicas(inner))

    def describe(self) -> Mapping[str, Json]:
        """What the backend says."""
        return self.inner.describe()

    def synchronize(self) -> None:
        """Return once the device has finished all work."""
        self.inner.synchronize()

    def wrong(self, method: str, came: str, due: str) -> BackendError:
        """The blame, in one sentence and with what to do about it."""
        return BackendError(
            f"Backend {self.name!r} is wrong: {method} {came}; {due} was due. Run: jamharness conformance {self.name}"
        )


class CheckedProblem(Problem):
    """A problem of a checked backend.

    Arguments:
        backend: the checked backend.
        inner: what the plugin's backend made.
        network, loss, patterns: what it was asked for.

    Raises:
        BackendError: it made something else.
    """

    def __init__(
        self, backend: CheckedBackend, inner: Problem, network: Network, loss: QuadraticHinge, patterns: int
    ) -> None:
        if not isinstance(inner, Problem):
            raise backend.wrong("problem", f"returned {_a(inner)}", "a jamharness.api.Problem")
        for name, actual, due in (
            ("network", inner.network, network), ("loss", inner.loss, loss), ("patterns", len(inner.y), patterns)
        ):  # fmt: skip
            if actual != due:
                raise backend.wrong("problem", f"has {name} = {actual}", f"{due}")
        self.backend, self.inner = backend, inner
        self.network, self.loss, self.x, self.y = inner.network, inner.loss, inner.x, inner.y
        self._blame, self._dtype, self._steps = backend.wrong, np.dtype(backend.dtype), 0
        self._in_w, self._in_patterns = (network.size,), (patterns,)

    def can(self, capability: str) -> bool:
        """Whether the backend's own problem can."""
        return self.inner.can(capability)

    def restated(self, network: Network, loss: QuadraticHinge) -> "CheckedProblem":
        """The same patterns, another activation or loss."""
        return self._like(self.inner.restated(network, loss), network, loss)

    def with_dtype(self, dtype: str) -> "CheckedProblem":
        """The same problem in another dtype."""
        if dtype == self.backend.dtype:
            return self
        other = self.backend.in_dtype(dtype)
        assert isinstance(other, CheckedBackend)
        return CheckedProblem(other, self.inner.with_dtype(dtype), self.network, self.loss, self.patterns)

    def outputs(self, w: Array, x: Array) -> Array:
        """f(x; w), (M,)."""
        return self._array("outputs", self.inner.outputs(w, x), (len(x),), w, x)

    def margins(self, w: Array) -> Array:
        """Δ, (P,)."""
        margins = self.inner.margins(w)
        # What _array looks at, without its calls: no method is called as often.
        fits = type(margins) is np.ndarray and margins.shape == self._in_patterns and margins.dtype == self._dtype
        if fits and isfinite(margins.dot(margins)):
            return margins
        return self._array("margins", margins, self._in_patterns, w)

    def loss_and_gradient(self, w: Array) -> tuple[float, Array]:
        """L and ∇L, (N,)."""
        loss, gradient = self._several("loss_and_gradient", self.inner.loss_and_gradient(w), 2)
        self._number("loss_and_gradient", "L", loss, w)
        return loss, self._array("loss_and_gradient", gradient, self._in_w, w)

    def batch_gradient(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∇L of some patterns, (N,)."""
        return self._array("batch_gradient", self.inner.batch_gradient(w, rows), self._in_w, w)

    def jacobian(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∂Δ/∂w, (n, N)."""
        return self._array("jacobian", self.inner.jacobian(w, rows), (len(rows), self.network.size), w)

    def hessian(self, w: Array) -> tuple[Array, Array]:
        """H0 and Hp, (N, N) each."""
        H0, Hp = self._several("hessian", self.inner.hessian(w), 2)
        shape = self._in_w * 2
        return self._array("hessian", H0, shape, w), self._array("hessian", Hp, shape, w)

    def hessian_eigenvalues(self, w: Array) -> tuple[Array, Array, Array]:
        """Eigenvalues of H, H0 and Hp, (N,) each."""
        method = "hessian_eigenvalues"
        spectra = self._several(method, self.inner.hessian_eigenvalues(w), 3)
        H, H0, Hp = (self._array(method, values, self._in_w, w) for values in spectra)
        return H, H0, Hp

    def hessian_vector(self, w: Array, v: Array) -> Array:
        """H v, (N, k)."""
        product = self.inner.hessian_vector(w, v)
        # v times 1e300 is the caller's overflow; its own size is no matter of the backend's otherwise.
        return self._array("hessian_vector", product, v.shape, w, v)

    def tangent_kernel(self, w: Array, x1: Array, x2: Array) -> Array:
        """Θ, (M1, M2)."""
        return self._array("tangent_kernel", self.inner.tangent_kernel(w, x1, x2), (len(x1), len(x2)), w, x1, x2)

    def damped_step(self, w: Array, damping: float) -> DampedStep:
        """A candidate w + s."""
        return self._candidate("damped_step", self.inner.damped_step(w, damping), w, damping)

    def truncated_step(self, w: Array, damping: float, tolerance: float) -> DampedStep:
        """A candidate w + s, to a tolerance."""
        return self._candidate("truncated_step", self.inner.truncated_step(w, damping, tolerance), w, damping)

    def descend(self, state: State, steps: int, optimizer: Optimizer) -> State:
        """First-order updates; where they end in NaN, those of the api must too, or it was not w that diverged."""
        after = self.inner.descend(state, steps, optimizer)
        if not isinstance(after, State):
            raise self._blame("descend", f"returned {_a(after)}", "a State")
        self._check_shape("descend", after.w, self._in_w)
        if not state.step <= after.step <= state.step + steps:
            due = f"at most {steps} updates from step {state.step}"
            raise self._blame("descend", f"ends at step {after.step}", due)
        if not _finite(after.w):
            if np.isfinite(state.w).all() and _finite(fallbacks.descend(self, state, steps, optimizer).w):
                raise self._blame("descend", "made w infinite or NaN", f"the finite w of {optimizer}")
        elif after.step < state.step + steps:
            margins = self.margins(after.w)
            left = int(np.count_nonzero(margins > self._rounding(after.w)))
            if left:
                ending = f"stopped after {after.step - state.step} of {steps} updates with {left} patterns unsatisfied"
                raise self._blame("descend", ending, "N_Δ = 0")
        return after

    def _like(self, inner: Problem, network: Network, loss: QuadraticHinge) -> "CheckedProblem":
        assert isinstance(self.backend, CheckedBackend)
        return CheckedProblem(self.backend, inner, network, loss, self.patterns)

    def _check_shape(self, method: str, array: Any, shape: tuple[int, ...]) -> None:
        if type(array) is not np.ndarray:
            raise self._blame(method, f"returned {_a(array)}", "a NumPy array")
        if array.shape != shape:
            raise self._blame(method, f"returned an array of shape {array.shape}", f"shape {shape}")
        if array.dtype != self._dtype:
            raise self._blame(method, f"returned {array.dtype}", f"{self._dtype}, the dtype asked for,")

    def _array(self, method: str, array: Any, shape: tuple[int, ...], w: Array, *inputs: Array) -> Array:
        self._check_shape(method, array, shape)
        if not _finite(array) and not self._may_overflow(w, *inputs):
            count = int(np.count_nonzero(~np.isfinite(array)))
            raise self._blame(method, f"returned {count} NaN or infinite of {array.size} values", "finite values")
        return array  # type: ignore[no-any-return]

    def _several(self, method: str, returned: Any, count: int) -> tuple[Any, ...]:
        if not isinstance(returned, tuple) or len(returned) != count:
            raise self._blame(method, f"returned {_a(returned)}", f"a tuple of {count}")
        return returned

    def _number(self, method: str, quantity: str, number: Any, w: Array) -> None:
        if not isinstance(number, Real):
            raise self._blame(method, f"returned {_a(number)} for {quantity}", "a number")
        if not isfinite(number) and not self._may_overflow(w):
            raise self._blame(method, f"returned {number} for {quantity}", "a finite number")

    def _may_overflow(self, w: Array, *inputs: Array) -> bool:
        return overflows(self.network, w, (self.x, *inputs), self.patterns, self._dtype)

    def _rounding(self, w: Array) -> float:
        """By how much two computations of a margin at w may differ."""
        return _ROUNDINGS * float(rounding_of_outputs(self.network, w, self.x, self._dtype).max())

    def _candidate(self, method: str, step: Any, w: Array, damping: float) -> DampedStep:
        if not isinstance(step, DampedStep):
            raise self._blame(method, f"returned {_a(step)}", "a DampedStep")
        self._check_shape(method, step.w, self._in_w)
        count: Any = step.unsatisfied
        if not isinstance(count, int | np.integer) or not 0 <= count <= self.patterns:
            raise self._blame(method, f"says N_Δ = {count!r}", f"a whole number up to {self.patterns}")
        for quantity, number in (("L", step.loss), ("the predicted decrease", step.predicted_decrease)):
            if not isinstance(number, Real):
                raise self._blame(method, f"returned {_a(number)} for {quantity}", "a number")
        if not (isfinite(step.loss) and isfinite(step.predicted_decrease) and _finite(step.w)):
            # A minimiser takes no such candidate and raises λ; a system that was nearly singular is no fault.
            if not self._may_overflow(w) and damping >= self._stiffness(w):
                raise self._blame(method, f"returned NaN or infinite values at λ = {damping:.3g}", "finite values")
            return step
        self._steps += 1
        if self._steps & (self._steps - 1) == 0:  # at the 1st, 2nd, 4th, 8th, … as it costs a forward pass
            self._own_loss(method, step)
        return step

    def _stiffness(self, w: Array) -> float:
        """Tr JᵀJ over the unsatisfied patterns: a system damped by as much is well conditioned."""
        rows = np.flatnonzero(self.margins(w) > 0)
        return float(np.sum(np.square(self.jacobian(w, rows), dtype=np.float64)))

    def _own_loss(self, method: str, step: DampedStep) -> None:
        """What a candidate says of itself must be so at its w."""
        margins, error = self.margins(step.w).astype(np.float64), self._rounding(step.w)
        loss = float(np.sum(np.maximum(margins, 0) ** 2)) / (2 * self.patterns)
        if abs(step.loss - loss) > error * (error + np.sqrt(2 * loss)):
            raise self._blame(method, f"says L = {step.loss:.9g} at its w", f"{loss:.9g}, of its own margins there,")
        least, most = (int(np.count_nonzero(margins > bound)) for bound in (error, -error))
        if not least <= step.unsatisfied <= most:
            due = f"{int(np.count_nonzero(margins > 0))}, of its own margins there,"
            raise self._blame(method, f"says N_Δ = {step.unsatisfied} at its w", due)


class CheckedReplicas(Replicas):
    """Replicas of a checked backend: shapes, dtypes and numbers of results."""

    def __init__(self, backend: CheckedBackend, problems: Sequence[Problem], inner: Replicas) -> None:
        super().__init__(problems)
        self._inner, self._blame = inner, backend.wrong

    def margins(self, w: Array) -> Array:
        """Δ of shape (R, P) at w (R, N)."""
        margins = self._inner.margins(w)
        return self._check_shape("replicas: margins", margins, (len(self), self.problems[0].patterns))

    def loss_and_gradient(self, w: Array) -> tuple[Array, Array]:
        """L (R,) and ∇L (R, N) at w (R, N)."""
        loss, gradient = self._inner.loss_and_gradient(w)
        return self._check_shape("replicas: L", loss, (len(self),)), self._check_shape(
            "replicas: ∇L", gradient, w.shape
        )

    def descend(self, states: Sequence[State], steps: int, optimizer: Optimizer) -> list[State]:
        """Up to ``steps`` updates of each."""
        after = self._inner.descend(states, steps, optimizer)
        if len(after) != len(self):
            raise self._blame("replicas: descend", f"returned {len(after)} states", f"{len(self)}")
        for state in after:
            self._check_shape("replicas: descend", state.w, (self.problems[0].network.size,))
        return after

    def _check_shape(self, method: str, array: Any, shape: tuple[int, ...]) -> Array:
        if np.shape(array) != shape:
            raise self._blame(method, f"returned shape {np.shape(array)}", f"shape {shape}")
        return np.asarray(array)


def _finite(array: Array) -> bool:
    """Whether all is finite; the sum of squares is the fastest way to see it, and overflows for finite values too."""
    flat = array.ravel(order="K")
    return isfinite(flat.dot(flat)) or bool(np.isfinite(flat).all())


def _a(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
