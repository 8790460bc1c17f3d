"""The networks, patterns and parameters that the suite computes on: few, fixed, and well conditioned.

Each case is drawn with NumPy from a hash of its name. A draw is taken only where rounding decides nothing: no margin
and, for relu, no preactivation is nearly zero. Frameworks that trace or compile pay for each shape, so there are few.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np

from jamharness.api import Array, Backend, Float64, Network, Problem, QuadraticHinge, generator

CLEAR = 2e-3
"""How far from zero every margin and every relu preactivation is, in units of the output."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A network on patterns at one w.

    Arguments:
        name: as it appears in the names of tests.
        network: the network.
        patterns: P.
        margin: κ.
        unsatisfied: ``"some"`` of the patterns, ``"none"`` or ``"all"``, or ``"any"`` number of them.
    """

    name: str
    network: Network
    patterns: int
    margin: float = 1.0
    unsatisfied: str = "some"

    @property
    def x(self) -> Float64:
        """Patterns (P, d), a new array each time: what one test writes into it, the next does not see."""
        return self._sample[0].copy()

    @property
    def y(self) -> Float64:
        """Labels (P,), a new array each time."""
        return self._sample[1].copy()

    @property
    def w(self) -> Float64:
        """Parameters (N,), a new array each time; biases are not zero."""
        return self._sample[2].copy()

    @cached_property
    def probes(self) -> Float64:
        """Other inputs, (M, d) with M different from P."""
        return generator("conformance probes", self.name).standard_normal((self.patterns // 2 + 2, self.network.inputs))

    def problem(self, backend: Backend) -> Problem:
        """The case under a backend."""
        return backend.problem(self.network, self.x, self.y, loss=QuadraticHinge(margin=self.margin))

    @cached_property
    def reference(self) -> Problem:
        """The case under the referee, in float64."""
        return self.problem(referee())

    @cached_property
    def margins(self) -> Array:
        """Δ of the referee, (P,)."""
        return self.reference.margins(self.w)

    @cached_property
    def jacobian(self) -> Array:
        """∂Δ/∂w of the referee, (P, N)."""
        return self.reference.jacobian(self.w, np.arange(self.patterns))

    @cached_property
    def rows(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """The unsatisfied patterns."""
        return np.flatnonzero(self.margins > 0)

    @cached_property
    def _sample(self) -> tuple[Float64, Float64, Float64]:
        for attempt in count():
            draw = generator("conformance", self.name, attempt)
            network = self.network
            x = draw.standard_normal((self.patterns, network.inputs))
            y = np.where(draw.random(self.patterns) < 0.5, -1.0, 1.0)
            w = network.initial(seed=attempt, scheme="normal") + 0.3 * draw.standard_normal(network.size)
            problem = referee().problem(network, x, y, loss=QuadraticHinge(margin=self.margin))
            f = problem.outputs(w, x)
            if self.unsatisfied == "none":
                y = np.where(f < 0, -1.0, 1.0)
            margins = self.margin - y * f
            if self._fits(margins) and np.abs(margins).min() > CLEAR and _clear_of_kinks(network, w, x):
                return x, y, w
        raise AssertionError

    def _fits(self, margins: Array) -> bool:
        broken, largest = int(np.count_nonzero(margins > 0)), float(margins.max())
        if self.unsatisfied == "some":
            # An L of nearly cancelled margins would have no digits: Δ = κ − y f is a difference.
            return 0 < broken < self.patterns and largest > 0.1
        expected = {"none": 0, "all": self.patterns, "any": broken}[self.unsatisfied]
        return broken == expected and (not broken or largest > 0.1)

    def __str__(self) -> str:
        return self.name


def referee() -> Backend:
    """The NumPy backend, found as a plugin: the host knows no backend by import."""
    if not _REFEREE:
        from jamharness.plugins import load_backend

        _REFEREE.append(load_backend("numpy"))
    return _REFEREE[0]


_REFEREE: list[Backend] = []


def _clear_of_kinks(network: Network, w: Array, x: Array) -> bool:
    """Whether no relu preactivation is nearly zero, and no layer has all its units off for a pattern."""
    if network.activation != "relu":
        return True
    a = x
    for W, b in network.split(w)[:-1]:
        z = a @ W.T + (b if network.bias else 0)
        if np.abs(z).min() < CLEAR or not (z > 0).any(axis=1).all():
            return False
        a = np.maximum(z, 0)
    return True


def _case(
    activation: str, widths: tuple[int, ...], patterns: int, *, bias: bool = True, inputs: int = 3,
    margin: float = 1.0, unsatisfied: str = "some", name: str = "",
) -> Case:  # fmt: skip
    network = Network(inputs=inputs, width=widths, depth=len(widths), activation=activation, bias=bias)
    shape = "-".join(map(str, widths)) or "flat"
    return Case(
        name=name or f"{activation}-{shape}{'' if bias else '-nobias'}",
        network=network, patterns=patterns, margin=margin, unsatisfied=unsatisfied,
    )  # fmt: skip


FLAT = _case("relu", (), 14, inputs=6)
FLAT_NO_BIAS = _case("linear", (), 14, inputs=6, bias=False)
RELU = _case("relu", (5, 4), 17)
RELU_NO_BIAS = _case("relu", (4, 6), 13, bias=False)
RELU_ONE = _case("relu", (6,), 15, margin=0.5)
RELU_FIVE = _case("relu", (5, 4, 6, 5, 4), 9, bias=False)
RELU_TALL = _case("relu", (3, 2), 60, name="relu-3-2-n-above-N")
TANH = _case("tanh", (5, 4), 17, margin=1.3)
TANH_THREE = _case("tanh", (4, 5, 3), 11, bias=False)
TANH_FIVE = _case("tanh", (3, 4, 3, 4, 3), 9)
TANH_TALL = _case("tanh", (3,), 60, name="tanh-3-n-above-N")
LINEAR = _case("linear", (4, 3), 15)
GELU = _case("gelu", (5, 4), 13)
GELU_SHARP = _case("gelu(4)", (4, 3, 4, 3), 9)
SOFTPLUS = _case("softplus", (6,), 13, bias=False)
SOFTPLUS_SHARP = _case("softplus(8)", (4, 5), 13)
ONE_PATTERN = _case("relu", (4, 3), 1, unsatisfied="all", name="one-pattern")
ONE_UNIT = _case("tanh", (3, 1, 3), 11, name="one-unit")
ONE_INPUT = _case("relu", (5,), 12, inputs=1, name="one-input")
SATISFIED = _case("tanh", (5, 4), 5, margin=0.02, unsatisfied="none", name="none-unsatisfied")
UNSATISFIED = _case("gelu", (4,), 12, margin=8.0, unsatisfied="all", name="all-unsatisfied")

CASES = (
    FLAT, FLAT_NO_BIAS, RELU, RELU_NO_BIAS, RELU_ONE, RELU_FIVE, RELU_TALL, TANH, TANH_THREE, TANH_FIVE, TANH_TALL,
    LINEAR, GELU, GELU_SHARP, SOFTPLUS, SOFTPLUS_SHARP, ONE_PATTERN, ONE_UNIT, ONE_INPUT, SATISFIED, UNSATISFIED,
)  # fmt: skip
"""Depths 0 to 5, every activation, with and without biases, and the odd sizes."""

SECOND = (
    FLAT, RELU, RELU_NO_BIAS, TANH, TANH_THREE, TANH_TALL, LINEAR, GELU, GELU_SHARP, SOFTPLUS_SHARP, ONE_UNIT,
    SATISFIED,
)  # fmt: skip
"""For second derivatives, whose programs take a tracing framework longest to build."""

STEPS = (FLAT_NO_BIAS, RELU, RELU_TALL, TANH, TANH_TALL, GELU, LINEAR, ONE_PATTERN, ONE_UNIT, UNSATISFIED)
"""For damped steps: fewer and more unsatisfied patterns than parameters."""

RELUS = tuple(case for case in CASES if case.network.activation == "relu" and case.network.units)
