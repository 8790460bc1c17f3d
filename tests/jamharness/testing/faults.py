"""Backends that are wrong on purpose, one fault each, derived from the referee; and which test must find each.

This module is a plugin of its own in the process that runs the suite on them.
"""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from jamharness_numpy import nonlinear
from jamharness_numpy import plugin as numpy_plugin
from jamharness_numpy.backend import NumpyBackend, NumpyProblem
from jamharness_numpy.dual import Dual, NumpyNamespace
from jamharness_numpy.layers import backward, forward
from jamharness_numpy.systems import NumpyDifferentiator

from jamharness.api import (
    Adam,
    Backend,
    BackendSpec,
    DerivedProblem,
    Problem,
    QuadraticHinge,
    State,
    fallbacks,
    hookimpl,
)

(NUMPY,) = numpy_plugin.jamharness_backends()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Arguments:
        problem: the class of its problems of networks.
        differentiator: the class that differentiates formulas.
        derived: the class of its problems of systems.
        what: the fault in words.
        test: the test that must find it, as a third party would write it in ``expected_failures``.
        phrase: what the message of that test must say.
        declares: capabilities beyond those of the referee.
        lacks: capabilities of the referee that it does not declare.
    """

    problem: type = NumpyProblem
    differentiator: type = NumpyDifferentiator
    derived: type = DerivedProblem
    what: str
    test: str
    phrase: str
    declares: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


class Sign(NumpyProblem):
    def loss_and_gradient(self, w):
        loss, gradient = super().loss_and_gradient(w)
        return loss, -gradient


class Single(NumpyProblem):
    def margins(self, w):
        return super().margins(w.astype(np.float32)).astype(np.float32).astype(self.backend.dtype)


class NoAverage(NumpyProblem):
    def loss_and_gradient(self, w):
        loss, gradient = super().loss_and_gradient(w)
        return loss, self.patterns * gradient


class NoBias(NumpyProblem):
    def loss_and_gradient(self, w):
        loss, gradient = super().loss_and_gradient(w)
        if self.network.bias:
            gradient[self.network.slices[0][1]] = 0
        return loss, gradient


class LeakySlope(NumpyProblem):
    def jacobian(self, w, rows):
        passed = forward(self.network, self._cast(w), self.x[rows])
        if self.network.activation != "relu":
            return super().jacobian(w, rows)
        # σ' = 1 everywhere instead of 0 at negative inputs
        passed = replace(passed, preactivations=[np.abs(z) + 1 for z in passed.preactivations])
        blocks = []
        for g, a in zip(backward(self.network, passed), passed.inputs, strict=True):
            blocks.append((g[:, :, None] * a[:, None, :]).reshape(len(g), -1))
            if self.network.bias:
                blocks.append(g)
        return -self.y[rows, None] * np.concatenate(blocks, axis=1)


class NoSecondPart(NumpyProblem):
    def hessian(self, w):
        H0, Hp = super().hessian(w)
        return H0, np.zeros_like(Hp)


class Asymmetric(NumpyProblem):
    def hessian(self, w):
        H0, Hp = super().hessian(w)
        return H0, 2 * np.triu(Hp)


class UnsortedSpectrum(NumpyProblem):
    def hessian_eigenvalues(self, w):
        return tuple(np.ascontiguousarray(values[::-1]) for values in super().hessian_eigenvalues(w))


class Uncorrected(NumpyProblem):
    """Adam without dividing by 1 − β^t."""

    def descend(self, state, steps, optimizer):
        if not isinstance(optimizer, Adam):
            return super().descend(state, steps, optimizer)
        state = replace(state, w=np.array(state.w, dtype=self.backend.dtype))
        for _ in range(steps):
            if not np.any(self.margins(state.w) > 0):
                break
            gradient, zero = self.loss_and_gradient(state.w)[1], np.zeros_like(state.w)
            first = 0.9 * state.moments.get("first", zero) + 0.1 * gradient
            second = 0.999 * state.moments.get("second", zero) + 0.001 * gradient**2
            w = state.w - optimizer.rate(state.step) * first / (np.sqrt(second) + optimizer.epsilon)
            state = State(w=w, step=state.step + 1, moments={"first": first, "second": second})
        return state


class NoLabels(NumpyProblem):
    def margins(self, w):
        return self.loss.margin - self.outputs(w, self.x)


class LastDropped(NumpyProblem):
    def loss_and_gradient(self, w):
        if self.patterns == 1:
            return super().loss_and_gradient(w)
        shorter = NumpyProblem(self.backend, self.network, self.x[:-1], self.y[:-1], self.loss)
        loss, gradient = shorter.loss_and_gradient(w)
        part = (self.patterns - 1) / self.patterns
        return loss * part, gradient * part


class InPlace(NumpyProblem):
    def damped_step(self, w, damping):
        step = super().damped_step(w, damping)
        w[:] = step.w
        return step


class Stale(NumpyProblem):
    """A cache by network that forgets that the data may be others."""

    kept: ClassVar[dict] = {}

    def jacobian(self, w, rows):
        key = (self.network, w.tobytes(), tuple(rows), str(self.backend.dtype))
        if key not in self.kept:
            self.kept[key] = super().jacobian(w, rows)
        return self.kept[key].copy()


class StaleW(NumpyProblem):
    """A cache by the identity of w, which a caller may have overwritten."""

    def margins(self, w):
        last = getattr(self, "_last", None)
        if last is None or last[0] is not w:
            self._last = w, super().margins(w)
        return self._last[1].copy()


class Random(NumpyProblem):
    def loss_and_gradient(self, w):
        loss, gradient = super().loss_and_gradient(w)
        return loss, gradient * (1 + 1e-14 * np.random.default_rng().standard_normal(len(gradient)))


class Column(NumpyProblem):
    def margins(self, w):
        return super().margins(w)[:, None]


class DampingOverP(NumpyProblem):
    def damped_step(self, w, damping):
        return super().damped_step(w, damping / self.patterns)


class TwiceDamping(NumpyProblem):
    def damped_step(self, w, damping):
        return super().damped_step(w, 2 * damping)


class Boaster(NumpyProblem):
    def damped_step(self, w, damping):
        step = super().damped_step(w, damping)
        return replace(step, predicted_decrease=2 * step.predicted_decrease)


class Forgetful(NumpyProblem):
    """Restarts its moments with every call."""

    def descend(self, state, steps, optimizer):
        return fallbacks.descend(self, replace(state, moments={}), steps, optimizer)


class Overrun(NumpyProblem):
    """Does not look whether every pattern is satisfied."""

    def descend(self, state, steps, optimizer):
        state = replace(state, w=np.array(state.w, dtype=self.backend.dtype))
        for _ in range(steps):
            state = optimizer.update(state, self.loss_and_gradient(state.w)[1])
        return state


class UnitMargin(NumpyProblem):
    def __init__(self, backend, network, x, y, loss):
        super().__init__(backend, network, x, y, QuadraticHinge())


class NetworkSettings(NumpyProblem):
    """Hands out the same array each time."""

    def margins(self, w):
        margins = super().margins(w)
        if getattr(self, "_out", None) is None:
            self._out = np.empty_like(margins)
        self._out[:] = margins
        return self._out


class Doubles(NumpyProblem):
    """Computes in float64 whatever it is asked for."""

    def jacobian(self, w, rows):
        return super().jacobian(w, rows).astype(np.float64)


class Unchecked(NumpyProblem):
    """Takes labels as they come."""

    def __init__(self, backend, network, x, y, loss):
        y = np.asarray(y, dtype=np.float64)
        super().__init__(backend, network, x, np.where(np.isin(y, (0.0, 1.0)), 1.0, y) if y.ndim == 1 else y, loss)


class KernelWithoutBias(NumpyProblem):
    def tangent_kernel(self, w, x1, x2):
        return super().tangent_kernel(w, x1, x2) - (1.0 if self.network.bias else 0.0)


@contextmanager
def half_at_zero():
    """relu's slope as automatic differentiation of max(z, 0) has it."""
    right = nonlinear.slope

    def slope(rule, z):
        return right(rule, z) + (0.5 * (z == 0) if rule.name == "relu" else 0)

    nonlinear.slope = slope
    try:
        yield
    finally:
        nonlinear.slope = right


class HalfSlope(NumpyProblem):
    def loss_and_gradient(self, w):
        with half_at_zero():
            return super().loss_and_gradient(w)


class HalfSlopeInJacobian(NumpyProblem):
    def jacobian(self, w, rows):
        with half_at_zero():
            return super().jacobian(w, rows)


class HalfSlopeInHessian(NumpyProblem):
    def hessian(self, w):
        with half_at_zero():
            return super().hessian(w)


class NeverNewton(NumpyProblem):
    """Has H v alone, and keeps minimisers from the Hessian that is made of it."""

    hessian = Problem.hessian
    hessian_eigenvalues = Problem.hessian_eigenvalues

    def can(self, capability):
        return capability != "hessian" and super().can(capability)


class LargeSoftplus(NumpyProblem):
    """log(1 + exp(βz)) as it is written, which overflows where βz > 709: at the sharp ones that lead to relu."""

    def margins(self, w):
        margins = super().margins(w)
        rule = self.network.nonlinearity
        if rule.name == "softplus":
            passed = forward(self.network, self._cast(w), self.x)
            margins[(rule.beta * passed.preactivations[0] > 709).any(axis=1)] = np.nan
        return margins


class Blocks(NumpyProblem):
    """Computes in blocks of 128 patterns, and forgets what is left over."""

    def outputs(self, w, x):
        outputs = super().outputs(w, x)
        if self.network.depth and len(x) > 128:
            outputs[len(x) // 128 * 128 :] = 0
        return outputs


class FlatErf(NumpyNamespace):
    def erf(self, a):
        right = super().erf(a)
        return Dual(right.value, right.moves * (np.sqrt(np.pi) / 2)) if isinstance(right, Dual) else right


class TanhErf(NumpyNamespace):
    """erf as the quick gelu has it."""

    def erf(self, a):
        return self.tanh(2 / np.sqrt(np.pi) * (a + 11 / 123 * a * a * a))


class PlainSoftplus(NumpyNamespace):
    def softplus(self, a):
        with np.errstate(over="ignore"):
            return self.log(1.0 + self.exp(a))


class WrongFunctions(NumpyDifferentiator):
    """Right but for the functions of formulas."""

    functions: type = NumpyNamespace

    def __init__(self, dtype):
        super().__init__(dtype)
        self.namespace = self.functions(dtype)


class FlatErfDifferentiator(WrongFunctions):
    functions = FlatErf


class TanhErfDifferentiator(WrongFunctions):
    functions = TanhErf


class PlainSoftplusDifferentiator(WrongFunctions):
    functions = PlainSoftplus


class Unweighted(NumpyDifferentiator):
    """Sums second derivatives whatever their coefficients."""

    def bend(self, formula, w, data, coefficients, v):
        return super().bend(formula, w, data, np.ones_like(coefficients), v)


class OneCompilation(NumpyDifferentiator):
    """Keeps what it has differentiated by the formula alone: the first constraints stand for all others."""

    def jacobian(self, formula, w, data):
        cache = self.__dict__.setdefault("_kept", {})
        return super().jacobian(formula, w, cache.setdefault(formula, data))


class Radial(DerivedProblem):
    """Takes steps in the space around the sphere."""

    def tangent(self, w, v):
        return v


class ProductsOnly(NumpyProblem):
    """Not a fault: H is made by the api, of J and H v."""

    hessian = Problem.hessian
    hessian_eigenvalues = Problem.hessian_eigenvalues


FAULTS = {
    "sign": Fault(
        problem=Sign, what="the gradient's sign is flipped", test="test_loss_and_gradient", phrase="the sign is wrong"
    ),
    "single": Fault(problem=Single, what="float32 inside", test="test_margins", phrase="computed in float32"),
    "no-average": Fault(
        problem=NoAverage,
        what="the gradient's 1/P is missing",
        test="test_loss_and_gradient",
        phrase="a factor 1/P is missing",
    ),
    "no-bias": Fault(
        problem=NoBias,
        what="the first biases get no gradient",
        test="test_loss_and_gradient",
        phrase="wrong in the biases of layer 1, right elsewhere",
    ),
    "leaky-slope": Fault(
        problem=LeakySlope,
        what="relu's slope is 1 at negative inputs",
        test="test_jacobian_by_differences",
        phrase="relu",
    ),
    "no-hp": Fault(problem=NoSecondPart, what="Hp is forgotten", test="test_hessian", phrase="hessian: Hp differs"),
    "asymmetric": Fault(
        problem=Asymmetric,
        what="the Hessian is not symmetric",
        test="test_hessian_symmetric",
        phrase="it is not symmetric",
    ),
    "unsorted": Fault(
        problem=UnsortedSpectrum,
        what="eigenvalues in falling order",
        test="test_hessian_eigenvalues",
        phrase="sorted eigenvalues of H ",
    ),
    "uncorrected": Fault(
        problem=Uncorrected,
        what="Adam without bias correction",
        test="test_descend_one_update",
        phrase="the first update of adam",
        declares=("descend",),
    ),
    "no-labels": Fault(problem=NoLabels, what="the labels are ignored", test="test_margins", phrase="patterns"),
    "last-dropped": Fault(
        problem=LastDropped,
        what="the last pattern is dropped",
        test="test_loss_of_the_margins",
        phrase="the loss of the backend's own margins",
    ),
    "in-place": Fault(
        problem=InPlace,
        what="w is modified in place",
        test="test_inputs_are_not_modified",
        phrase="the caller's array w was modified",
        declares=("damped_step",),
    ),
    "stale": Fault(
        problem=Stale, what="a cache outlives the data", test="test_other_patterns", phrase="J of other labels"
    ),
    "stale-w": Fault(
        problem=StaleW, what="a cache outlives w", test="test_another_w", phrase="it belongs to the last w"
    ),
    "random": Fault(
        problem=Random,
        what="not deterministic",
        test="test_deterministic",
        phrase="gives other bits when it is called again",
    ),
    "column": Fault(
        problem=Column,
        what="margins of the wrong shape",
        test="test_margins",
        phrase="has shape (14, 1); it must be (14,)",
    ),
    "damping-over-p": Fault(
        problem=DampingOverP,
        what="λ is divided by P",
        test="test_damped_step",
        phrase="w + s at λ",
        declares=("damped_step",),
    ),
    "twice-damping": Fault(
        problem=TwiceDamping,
        what="λ is doubled",
        test="test_damped_step_descends",
        phrase="hint: it is 0.4",
        declares=("damped_step",),
    ),
    "boaster": Fault(
        problem=Boaster,
        what="the predicted decrease is doubled",
        test="test_damped_step_promise",
        phrase="predicted decrease",
        declares=("damped_step",),
    ),
    "forgetful": Fault(
        problem=Forgetful,
        what="descend restarts its moments in every chunk",
        test="test_descend_in_chunks",
        phrase="in chunks end elsewhere than at once",
        declares=("descend",),
    ),
    "overrun": Fault(
        problem=Overrun,
        what="descend does not stop at N_Δ = 0",
        test="test_descend_stops",
        phrase="the number of updates",
        declares=("descend",),
    ),
    "unit-margin": Fault(problem=UnitMargin, what="the margin κ is ignored", test="test_margins", phrase="Δ differs"),
    "shared": Fault(
        problem=NetworkSettings,
        what="the same array is handed out twice",
        test="test_results_are_new_arrays",
        phrase="shares memory with the result of another call",
    ),
    "doubles": Fault(
        problem=Doubles,
        what="float64 from a float32 backend",
        test="test_dtype_of_results",
        phrase="the backend's dtype is float32",
    ),
    "unchecked": Fault(
        problem=Unchecked, what="labels 0 and 1 are accepted", test="test_bad_patterns", phrase="it must raise BadInput"
    ),
    "half-slope": Fault(
        problem=HalfSlope,
        what="relu's slope is ½ at zero",
        test="test_gradient_at_a_tie",
        phrase="∇L at relu's kink, where its slope is 0, differs",
    ),
    "half-slope-jacobian": Fault(
        problem=HalfSlopeInJacobian,
        what="relu's slope is ½ at zero in the Jacobian",
        test="test_jacobian_at_a_tie",
        phrase="J at relu's kink, where its slope is 0, differs",
    ),
    "half-slope-hessian": Fault(
        problem=HalfSlopeInHessian,
        what="relu's slope is ½ at zero in the Hessian",
        test="test_hessian_at_a_tie",
        phrase="at relu's kink, where its slope is 0, differs",
    ),
    "never-newton": Fault(
        problem=NeverNewton,
        what="declares H v, and minimisers never get Newton's method",
        test="test_minimisations",
        phrase="undecided, not arrested",
        lacks=("hessian", "hessian_eigenvalues"),
    ),
    "large-softplus": Fault(
        problem=LargeSoftplus,
        what="a softplus overflows where it is sharp",
        test="test_minimisations",
        phrase="is wrong: margins returned",
    ),
    "blocks": Fault(
        problem=Blocks,
        what="patterns beyond the last whole block of 128 are forgotten",
        test="test_minimisations",
        phrase="NumPy's formulas give",
    ),
    "kernel": Fault(
        problem=KernelWithoutBias,
        what="the kernel lacks the output's bias",
        test="test_tangent_kernel",
        phrase="tangent_kernel: Θ differs",
    ),
    "flat-erf": Fault(
        differentiator=FlatErfDifferentiator,
        what="in formulas erf's slope lacks its 2/√π",
        test="test_function",
        phrase="systems: ∇ of erf differs",
    ),
    "tanh-erf": Fault(
        differentiator=TanhErfDifferentiator,
        what="in formulas erf is a tanh, as in quick gelus",
        test="test_network_by_its_formula",
        phrase="f by its formula differs from the backend's closed form",
    ),
    "plain-softplus": Fault(
        differentiator=PlainSoftplusDifferentiator,
        what="in formulas softplus overflows",
        test="test_softplus_far_from_zero",
        phrase="entries that are not finite",
    ),
    "unweighted": Fault(
        differentiator=Unweighted,
        what="Hp of a system forgets the losses' slopes",
        test="test_system_hessian",
        phrase="systems: Hp differs",
    ),
    "one-compilation": Fault(
        differentiator=OneCompilation,
        what="a compiled formula keeps the data of its first call",
        test="test_system_jacobian",
        phrase="systems: J of rows [12, 0, 3, 3] has shape (13, 16)",
    ),
    "radial": Fault(
        derived=Radial,
        what="steps leave the tangent space of the sphere",
        test="test_system_damped_step",
        phrase="w + s, on the manifold,",
    ),
}


def _backend(key, fault, capabilities):
    def network_problem(self, network, x, y, loss):
        return fault.problem(self, network, x, y, loss)

    def differentiator(self):
        return fault.differentiator(self.dtype)

    def derived_problem(self, system, data, loss=None):
        return fault.derived(self, system, data, loss, self.differentiator())

    members = {"name": key, "capabilities": capabilities, "network_problem": network_problem}
    members |= {"differentiator": differentiator, "derived_problem": derived_problem}
    return type("".join(map(str.title, key.split("-"))) + "Backend", (NumpyBackend,), members)


BACKENDS = {
    key: _backend(key, fault, NUMPY.capabilities - set(fault.lacks) | set(fault.declares))
    for key, fault in FAULTS.items()
}
BACKENDS["sound"] = _backend(
    "sound", replace(FAULTS["kernel"], problem=ProductsOnly), NUMPY.capabilities - {"hessian", "hessian_eigenvalues"}
)
BACKENDS["closed-forms"] = type(
    "ClosedFormsBackend",
    (BACKENDS["sound"],),
    {"name": "closed-forms", "differentiator": Backend.differentiator, "derived_problem": Backend.derived_problem},
)
globals().update({backend.__name__: backend for backend in BACKENDS.values()})


@hookimpl
def jamharness_backends():
    return [
        BackendSpec(name=key, factory=f"faults:{backend.__name__}", capabilities=backend.capabilities)
        for key, backend in BACKENDS.items()
    ]


def rows():
    """The table of the documentation: fault, the test that finds it, and the beginning of what it says."""
    return [f"| {fault.what} | `{fault.test}` | {fault.phrase.strip()} |" for fault in FAULTS.values()]
