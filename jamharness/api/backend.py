"""The backend contract: NumPy in and NumPy out at the edges, arrays on the device inside.

Requirements on a backend:
- a class with ``problem`` and ``describe``, named by a ``BackendSpec``; the host constructs it in a worker process;
- a ``Problem`` with ``outputs``, ``margins`` and ``loss_and_gradient``; everything else has a default here, or raises
  ``NotSupported`` until the backend provides it and lists it among its capabilities; a faster override must equal the
  default;
- results are new NumPy arrays in the backend's dtype, of the shapes stated here and finite wherever w is and nothing
  overflows: a worker checks that (``jamharness.api.checked``); inputs are never modified.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from jamharness.api import fallbacks
from jamharness.api.arrays import Array, as_array
from jamharness.api.blocked import BlockedProblem
from jamharness.api.capabilities import ALWAYS, DERIVED
from jamharness.api.data import check_patterns
from jamharness.api.derived import DerivedProblem
from jamharness.api.differentiator import Differentiator
from jamharness.api.errors import BadInput, NotSupported, unknown_name
from jamharness.api.fallbacks import DampedStep
from jamharness.api.identity import Json
from jamharness.api.loss import BEYOND, MARGINS, Loss, QuadraticHinge, margin_problem
from jamharness.api.models import OwnModel
from jamharness.api.network import Network
from jamharness.api.optimizers import Optimizer, State
from jamharness.api.replicas import Replicas
from jamharness.api.spherical import Spherical, SphericalProblem
from jamharness.api.systems import System

DTYPES = ("float64", "float32")


class Problem(ABC):
    """One network on one set of patterns: the functions of w that protocols are written in.

    Δ_μ(w) = κ − y_μ f(x_μ; w); L(w) = (1/2P) Σ max(0, Δ_μ)². Patterns with Δ_μ > 0 are unsatisfied.
    """

    def __init__(self, backend: "Backend", network: Network, x: Array, y: Array, loss: QuadraticHinge) -> None:
        check_patterns(x, y)
        if x.shape[1] != network.inputs:
            raise BadInput(f"x has {x.shape[1]} columns and the network {network.inputs} inputs; make them equal.")
        self.backend, self.network, self.loss = backend, network, loss
        self.x, self.y = _own(x, backend.dtype), _own(y, backend.dtype)

    @property
    def patterns(self) -> int:
        """P, the number of patterns."""
        return len(self.y)

    def can(self, capability: str) -> bool:
        """Whether a method of ``CAPABILITIES`` can be called: provided, or derived from what is provided."""
        if capability in ALWAYS or _provides(self, capability):
            return True
        return any(_provides(self, source) for source in DERIVED.get(capability, ()))

    @property
    def constraints(self) -> int:
        """M = P: every pattern is a constraint."""
        return self.patterns

    @property
    def size(self) -> int:
        """N."""
        return self.network.size

    @property
    def spheres(self) -> tuple[tuple[slice, float], ...]:
        """None: the weights of a network are free; ``Spherical`` has some that are not."""
        return self.network.spheres

    @property
    def matrix_free(self) -> bool:
        """Whether a product with H costs about as much as a gradient: where the backend has one."""
        return self.can("hessian_vector")

    def retract(self, w: Array) -> Array:
        """W itself."""
        return w

    def tangent(self, w: Array, v: Array) -> Array:
        """V itself."""
        return v

    @abstractmethod
    def outputs(self, w: Array, x: Array) -> Array:
        """f(x; w) of shape (M,) for inputs x of shape (M, d)."""

    @abstractmethod
    def margins(self, w: Array) -> Array:
        """Δ_μ(w) of shape (P,)."""

    @abstractmethod
    def loss_and_gradient(self, w: Array) -> tuple[float, Array]:
        """L(w) and ∇L(w) of shape (N,)."""

    def restated(self, network: Network, loss: QuadraticHinge) -> "Problem":
        """The same patterns, another activation or loss; override it to keep data on the device."""
        problem: Problem = free_or_not(self.backend, network, self.x, self.y, loss)
        return problem

    def with_activation(self, activation: str) -> "Problem":
        """The same problem with another activation; data are not copied."""
        return self.restated(replace(self.network, activation=activation), self.loss)

    def with_margin(self, margin: float) -> "Problem":
        """The same problem with another margin κ; data are not copied."""
        return self.restated(self.network, QuadraticHinge(margin=margin))

    def with_dtype(self, dtype: str) -> "Problem":
        """The same problem in another dtype, under a backend of the same kind; patterns are copied.

        Raises:
            BadInput: an unknown dtype.
        """
        if dtype == self.backend.dtype:
            return self
        return self.backend.in_dtype(dtype).problem(self.network, self.x, self.y, self.loss)

    def descend(self, state: State, steps: int, optimizer: Optimizer) -> State:
        """Up to ``steps`` first-order updates; stops before an update at the first w that satisfies every pattern.

        By a ``Minibatch`` all updates are made. Calling it in chunks gives the same states as calling it once.
        """
        return fallbacks.descend(self, state, steps, optimizer)

    def batch_gradient(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """(1/n) Σ ∇ℓ over n patterns, (N,): ∇L of a minibatch; one that occurs twice among ``rows`` counts twice."""
        return fallbacks.batch_gradient(self, w, rows)

    def jacobian(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∂Δ_μ/∂w of shape (len(rows), N) for the patterns ``rows``."""
        return fallbacks.jacobian(self, w, rows)

    def damped_step(self, w: Array, damping: float) -> DampedStep:
        """The candidate w + s with (JᵀJ + λI) s = −JᵀΔ, J and Δ over the unsatisfied patterns only.

        Arguments:
            w: (N,).
            damping: λ > 0, in units of JᵀJ (not divided by P).
        """
        return fallbacks.damped_step(self, w, damping)

    def truncated_step(self, w: Array, damping: float, tolerance: float) -> DampedStep:
        """A damped step whose linear system may be solved to a tolerance only, where that is cheaper.

        Arguments:
            w: (N,).
            damping: λ > 0, in units of JᵀJ.
            tolerance: the largest |(JᵀJ + λI) s + JᵀΔ| / |JᵀΔ|. The default solves in full.
        """
        return self.damped_step(w, damping)

    def hessian(self, w: Array) -> tuple[Array, Array]:
        """H0 = (1/P) Σ ∇Δ∇Δᵀ and Hp = (1/P) Σ Δ ∇∇Δ over unsatisfied patterns, each (N, N).

        The default makes them of ``jacobian`` and ``hessian_vector``.
        """
        if not Problem.can(self, "hessian"):
            raise _missing(self, "hessian")
        return fallbacks.hessian(self, w)

    def hessian_eigenvalues(self, w: Array) -> tuple[Array, Array, Array]:
        """The sorted eigenvalues of H, H0 and Hp, each (N,), computed on the device; by default, of ``hessian``."""
        if not Problem.can(self, "hessian_eigenvalues"):
            raise _missing(self, "hessian_eigenvalues")
        return fallbacks.hessian_eigenvalues(self, w)

    def hessian_vector(self, w: Array, v: Array) -> Array:
        """H v of shape (N, k) for v of shape (N, k), with nothing of size N² in memory.

        For a v of a lower precision than the problem's the product may be made in that one, at the patterns that are
        unsatisfied in the problem's own.
        """
        raise _missing(self, "hessian_vector")

    def tangent_kernel(self, w: Array, x1: Array, x2: Array) -> Array:
        """Θ = ∇f(x1) · ∇f(x2) of shape (M1, M2)."""
        raise _missing(self, "tangent_kernel")


def _free(loss: QuadraticHinge) -> bool:
    """Whether a network whose outputs may be scaled freely can have this margin."""
    return loss.margin >= MARGINS[0] / BEYOND


def free_or_not(backend: "Backend", network: Network, x: Array, y: Array, loss: QuadraticHinge) -> Any:
    """A network's problem at any margin: at fixed |w| κ may be 0 or negative.

    Arguments:
        backend: what makes it.
        network: the network.
        x: (P, d) patterns.
        y: (P,) labels.
        loss: the quadratic hinge at any κ.
    """
    if _free(loss):
        return backend.problem(network, x, y, loss)
    return backend.network_problem(network, x, y, loss)


def _provides(problem: Problem, capability: str) -> bool:
    return getattr(type(problem), capability) is not getattr(Problem, capability)


def _missing(problem: Problem, capability: str) -> NotSupported:
    return NotSupported(
        f"{type(problem).__module__.partition('.')[0]} has no capability {capability!r}; use a backend that lists it."
    )


class Backend(ABC):
    """A framework on one device in one dtype.

    Arguments:
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:i"``.
        dtype: ``"float64"`` or ``"float32"``.
        threads: CPU threads to use; None leaves the framework's default.

    Raises:
        BadInput: the device or dtype is unknown or not available here.
    """

    name: str
    capabilities: frozenset[str] = frozenset()

    def __init__(self, device: str = "cpu", dtype: str = "float64", threads: int | None = None) -> None:
        problems = []
        if dtype not in DTYPES:
            problems.append(unknown_name("dtype", dtype, DTYPES))
        kind, _, index = device.partition(":")
        if kind not in ("cpu", "cuda") or (":" in device and not (kind == "cuda" and index.isdigit())):
            problems.append(unknown_name("device", device, ("cpu", "cuda", "cuda:0")))
        elif reason := self.unavailable(device):
            problems.append(reason)
        if problems:
            raise BadInput(*problems)
        self.device, self.dtype, self.threads = device, dtype, threads

    def in_dtype(self, dtype: str) -> "Backend":
        """The same backend in another dtype; made once.

        Raises:
            BadInput: an unknown dtype.
        """
        backends: dict[str, Backend] = self.__dict__.setdefault("_in_dtype", {self.dtype: self})
        if dtype not in backends:
            backends[dtype] = type(self)(device=self.device, dtype=dtype, threads=self.threads)
        return backends[dtype]

    @classmethod
    def unavailable(cls, device: str) -> str | None:
        """Why a device cannot be used here, in one sentence; None when it can."""
        return (
            None if device == "cpu" else f"Device {device!r}: this backend computes on the CPU only; use --device cpu."
        )

    @overload
    def problem(self, system: Network, *data: Any, loss: QuadraticHinge | None = None, **named: Any) -> Problem: ...
    @overload
    def problem(self, system: System, *data: Any, loss: Loss | None = None, **named: Any) -> DerivedProblem: ...
    def problem(self, system: System, *data: Any, loss: Loss | None = None, **named: Any) -> Any:
        """A system on data under a loss.

        ``problem(system, {"x": x, "y": y}, loss)`` in general; ``problem(network, x, y, loss=…)`` for patterns x (P, d)
        with labels y (P,) of ±1; ``problem(spheres)`` where there are no data.

        Arguments:
            system: the system.
            data: its data, one mapping of named arrays, or x and y; a loss may follow.
            loss: None for the quadratic hinge, with κ = 1 for a network and 0 for all else.
            named: ``x`` and ``y``, by name.

        Returns:
            A ``Problem`` where the backend has closed forms, as for fully connected networks under the quadratic hinge;
            otherwise a ``DerivedProblem``.

        Raises:
            BadInput: all that is wrong with the data.
            NotSupported: there are no closed forms, and the backend brings no ``Differentiator``.
        """
        arrays, chosen = _sorted(data, named, loss)
        if isinstance(system, Network):
            chosen = chosen or QuadraticHinge()
            if type(chosen) is QuadraticHinge and not chosen.offsets:
                if not _free(chosen):
                    raise BadInput(margin_problem(chosen.margin))
                return self.network_problem(system, arrays["x"], arrays["y"], chosen)
        chosen = chosen or QuadraticHinge(margin=0.0)
        if isinstance(system, Spherical) and type(chosen) is QuadraticHinge and not chosen.offsets:
            inner = free_or_not(self, system.network, arrays["x"], arrays["y"], chosen)
            return SphericalProblem(self, system, system.arrays(arrays), inner)
        return self.derived_problem(system, arrays, chosen)

    def network_problem(self, network: Network, x: Array, y: Array, loss: QuadraticHinge) -> Any:
        """A fully connected network under the quadratic hinge: override it where the backend has closed forms."""
        return self.derived_problem(network, {"x": x, "y": y}, loss)

    def derived_problem(self, system: System, data: Mapping[str, Any], loss: Loss | None = None) -> DerivedProblem:
        """A system on data by automatic differentiation of its formula, whether there are closed forms or not.

        Raises:
            NotSupported: the backend brings no ``Differentiator``.
        """
        kind = DerivedProblem if system.block is None else BlockedProblem
        return kind(self, system, data, loss, self.differentiator())

    def problem_of(
        self, function: Callable[..., Any], w0: Array | None, x: Array, y: Array, loss: Loss | None = None
    ) -> DerivedProblem:
        """A user's own model: f(w, x) in the framework's operations, or a model object that the backend knows.

        Arguments:
            function: maps the framework's w (N,) and x (P, …) to outputs (P,).
            w0: (N,) initial parameters; None for a model object, which has its own. Kept as ``problem.w0``.
            x: (P, …) inputs.
            y: (P,) labels ±1.
            loss: None for the quadratic hinge at κ = 1.

        Raises:
            BadInput: no w0 for a mere function, or data that do not fit.
        """
        if w0 is None:
            raise BadInput(f"w0 is missing: backend {self.name!r} knows no parameters of a {type(function).__name__}.")
        system = OwnModel(function=function, count=len(w0))
        problem = self.derived_problem(system, {"x": np.asarray(x), "y": np.asarray(y)}, loss or QuadraticHinge())
        problem.w0 = np.array(w0, dtype=self.dtype)
        return problem

    def differentiator(self) -> Differentiator:
        """How the backend differentiates a formula.

        Raises:
            NotSupported: it does not.
        """
        raise NotSupported(f"Backend {self.name!r} has closed forms only: it brings no Differentiator for systems.")

    def replicas(self, problems: Sequence[Problem]) -> Replicas:
        """Several of this backend's problems side by side; by default one after the other.

        Raises:
            BadInput: problems that differ in network, κ or P.
        """
        return Replicas(problems)

    @abstractmethod
    def describe(self) -> Mapping[str, Json]:
        """Versions, device, threads and precision flags: what a number may depend on."""

    def synchronize(self) -> None:  # noqa: B027  (nothing to wait for on a CPU)
        """Return once the device has finished all work."""


def _sorted(
    data: tuple[Any, ...], named: Mapping[str, Any], loss: Loss | None
) -> tuple[Mapping[str, Any], Loss | None]:
    """Data by name and the loss, in whichever of the ways they were given."""
    rest = list(data)
    if rest and (isinstance(rest[-1], Loss) or (rest[-1] is None and len(rest) == 3)):
        loss = rest.pop() or loss
    if not rest:
        return dict(named), loss
    if isinstance(rest[0], Mapping):
        return rest[0], loss
    return {**dict(zip(("x", "y"), rest, strict=False)), **named}, loss


def _own(value: Array, dtype: str) -> Array:
    """An array that nobody writes into: what a caller does with its patterns later is no matter of the problem's."""
    array = as_array(value, dtype)
    if array.flags.writeable or not array.flags.owndata:
        array = array.copy()
        array.flags.writeable = False
    return array
