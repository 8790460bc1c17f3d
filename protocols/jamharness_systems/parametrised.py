"""Fully connected networks in the parametrisations of lazy and feature learning, and the units of their papers.

Layer l gives z_l = c_l W_l a_{l−1} and a_l = σ(z_l), without biases. A parametrisation says how c_l and the spread of
the initial W_l depend on the number of inputs of a layer.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import exp, pi, prod, sqrt
from typing import Any, ClassVar

import numpy as np
from scipy.integrate import quad
from scipy.special import expit

from jamharness.api import BadInput, Float64, Namespace, PatternSystem, generator, unknown_name

_SHARP = ("softplus", "swish")
RULES = ("relu", "tanh", "erf", "linear", *_SHARP)
_FORM = re.compile(r"(?P<name>[a-z]+)(?:\(\s*(?P<beta>[^()]+?)\s*\))?")


@dataclass(frozen=True, kw_only=True)
class Parametrisation:
    """How a layer with n inputs scales: z = n^−a W σ with W ~ N(0, n^−2s) at the start.

    Arguments:
        hidden: a of the hidden layers.
        last: a of the last layer.
        spread: s.
    """

    hidden: float
    last: float
    spread: float = 0.0


PARAMETRISATIONS: Mapping[str, Parametrisation] = {
    "ntk": Parametrisation(hidden=0.5, last=0.5),
    "mean_field": Parametrisation(hidden=0.5, last=1.0),
    "standard": Parametrisation(hidden=0.0, last=0.0, spread=0.5),
}
"""W ~ N(0, 1) with 1/√n in every layer (arXiv 1806.07572; 1906.08034, eq. 1); the same with 1/h in the last layer, as
that paper's code has it (github.com/mariogeiger/feature_lazy, arch/basics.py); and no factors, with W ~ N(0, 1/n)."""


@dataclass(frozen=True, kw_only=True)
class Units:
    """What a paper, or its code, means by α and by time: F = α (f − f₀) and ẇ = −∇⟨ℓ(1 − yF)⟩/α^k.

    Arguments:
        parametrisation: of f.
        power: k.
    """

    parametrisation: str
    power: int

    def scale(self, alpha: float, width: int) -> float:
        """The α of these units for √h α of the article, which both conventions share: √h α itself, or over √h.

        Arguments:
            alpha: √h α in the article's units.
            width: h.
        """
        return alpha if self.parametrisation == "mean_field" else alpha / sqrt(width)

    def time(self, time: float, alpha: float, width: int) -> float:
        """A time of ẇ = −∇⟨ℓ⟩ in these units, in which the gradient is divided by α^k.

        Arguments:
            time: without that factor.
            alpha: √h α in the article's units.
            width: h.
        """
        return time * float(self.scale(alpha, width) ** self.power)


UNITS: Mapping[str, Units] = {
    "article": Units(parametrisation="ntk", power=2),
    "code": Units(parametrisation="mean_field", power=1),
}
"""arXiv 1906.08034 (the loss is divided by α², its eq. 4) and the authors' code (main.py, ``loss_func``: by α), where
α_code = √h α_article."""


@dataclass(frozen=True, kw_only=True)
class ParametrisedNetwork(PatternSystem):
    """A fully connected network with one output and no biases, in a named parametrisation.

    Arguments:
        inputs: d.
        width: h, units of every hidden layer.
        depth: hidden layers, at least 1.
        activation: σ: one of ``RULES``, with a sharpness as in softplus(5), log(1 + e^{5z})/5, or swish(β),
            z/(1 + e^{−βz}).
        normalised: whether σ is multiplied so that ⟨σ(z)²⟩ = 1 for z ~ N(0, 1) (relu becomes √2 max(0, z)), as in
            arXiv 1906.08034, §II.
        parametrisation: one of ``PARAMETRISATIONS``.

    Raises:
        BadInput: all that cannot be.
    """

    schemes: ClassVar[tuple[str, ...]] = ("normal",)
    inputs: int = 10
    width: int = 30
    depth: int = 2
    activation: str = "softplus(5)"
    normalised: bool = True
    parametrisation: str = "ntk"

    def __post_init__(self) -> None:
        problems = [
            f"{name} = {getattr(self, name)}: it must be at least 1."
            for name in ("inputs", "width", "depth")
            if getattr(self, name) < 1
        ]
        if self.parametrisation not in PARAMETRISATIONS:
            problems.append(unknown_name("parametrisation", self.parametrisation, PARAMETRISATIONS))
        try:
            object.__setattr__(self, "activation", _activation_text(*activation_rule(self.activation)))
        except BadInput as error:
            problems.extend(error.problems)
        if problems:
            raise BadInput(*problems)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shape (out, in) of each weight matrix."""
        sizes = (self.inputs, *(self.width,) * self.depth, 1)
        return tuple((sizes[i + 1], sizes[i]) for i in range(len(sizes) - 1))

    @property
    def size(self) -> int:
        """N, of weights alone."""
        return sum(prod(shape) for shape in self.shapes)

    @property
    def groups(self) -> Mapping[str, slice]:
        """The weights of each layer."""
        ends = np.cumsum([0, *(prod(shape) for shape in self.shapes)]).tolist()
        return {f"W{layer}": slice(ends[layer - 1], ends[layer]) for layer in range(1, len(ends))}

    @property
    def factors(self) -> tuple[float, ...]:
        """c_l of each layer."""
        rule = PARAMETRISATIONS[self.parametrisation]
        return (*(inputs**-rule.hidden for _, inputs in self.shapes[:-1]), float(self.width) ** -rule.last)

    @property
    def gain(self) -> float:
        """What σ is multiplied by."""
        return second_moment(self.activation) ** -0.5 if self.normalised else 1.0

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """f(x; w)."""
        signal, gain = x, self.gain
        for layer, (part, shape, factor) in enumerate(
            zip(self.groups.values(), self.shapes, self.factors, strict=True), start=1
        ):
            preactivation = factor * xp.matmul(signal, xp.transpose(xp.reshape(w[part], shape)))
            signal = (
                preactivation if layer == len(self.shapes) else gain * _activate(xp, self.activation, preactivation)
            )
        return signal[:, 0]

    def initial(self, seed: int = 0, scheme: str | None = None) -> Float64:
        """The weights at the start, in the parametrisation; the same Gaussian numbers in each, scaled.

        Raises:
            BadInput: a scheme other than ``"normal"``.
        """
        return super().initial(seed, scheme)

    def draw(self, seed: int, scheme: str) -> Float64:
        """Independent N(0, n^−2s), layer by layer."""
        spread = PARAMETRISATIONS[self.parametrisation].spread
        draw = generator("parametrised", scheme, seed, [list(shape) for shape in self.shapes])
        layers = [draw.standard_normal(prod(shape)) * float(shape[1]) ** -spread for shape in self.shapes]
        return np.concatenate(layers)

    def load(self, constraints: int, margin: float) -> float:  # noqa: ARG002  (the margin is a gauge)
        """P/N_w."""
        return constraints / self.size


def activation_rule(text: str) -> tuple[str, float]:
    """The name and the sharpness of an activation; 1 where it has none.

    Arguments:
        text: as ``ParametrisedNetwork`` takes it.

    Raises:
        BadInput: an unknown name, or a sharpness that is no positive number or not due.
    """
    match = _FORM.fullmatch(text.strip().lower())
    if match is None or match["name"] not in RULES:
        raise BadInput(unknown_name("activation", match["name"] if match else text, RULES))
    if match["beta"] is None:
        return match["name"], 1.0
    if match["name"] not in _SHARP:
        raise BadInput(f"activation = {text}: {match['name']} takes no sharpness; softplus(β) and swish(β) do.")
    try:
        beta = float(match["beta"])
    except ValueError:
        beta = 0.0
    if not 0 < beta < float("inf"):
        raise BadInput(f"activation = {text}: the sharpness must be a positive number, as in {match['name']}(5).")
    return match["name"], beta


def _activation_text(name: str, beta: float) -> str:
    return f"{name}({beta:g})" if name in _SHARP and beta != 1.0 else name


def _activate(xp: Namespace, text: str, z: Any) -> Any:
    """σ(z) before it is normalised; the slope of relu at 0 is 0."""
    name, beta = activation_rule(text)
    forms: Mapping[str, Callable[[], Any]] = {
        "relu": lambda: xp.where(z > 0, z, 0.0 * z),
        "tanh": lambda: xp.tanh(z),
        "erf": lambda: xp.erf(z),
        "linear": lambda: z,
        "softplus": lambda: xp.softplus(beta * z) / beta,
        "swish": lambda: z * (0.5 + 0.5 * xp.tanh(0.5 * beta * z)),
    }
    return forms[name]()


@lru_cache(maxsize=64)
def second_moment(activation: str) -> float:
    """⟨σ(z)²⟩ for z ~ N(0, 1), by quadrature to 1e-13.

    Arguments:
        activation: as ``ParametrisedNetwork`` takes it.
    """
    name, beta = activation_rule(activation)
    forms: Mapping[str, Callable[[float], float]] = {
        "relu": lambda z: max(z, 0.0),
        "tanh": lambda z: float(np.tanh(z)),
        "linear": lambda z: z,
        "softplus": lambda z: float(np.logaddexp(0, beta * z)) / beta,
        "swish": lambda z: float(z * expit(beta * z)),
    }
    if name == "erf":
        return 2 / pi * float(np.arcsin(2 / 3))
    whole = [
        quad(lambda z: forms[name](z) ** 2 * exp(-z * z / 2), *ends, epsabs=1e-14, epsrel=1e-13, limit=200)[0]
        for ends in ((-38.0, 0.0), (0.0, 38.0))
    ]
    return float(sum(whole)) / sqrt(2 * pi)
