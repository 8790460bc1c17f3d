"""A fully connected network as a value: its shape, its parameters' order, its initial weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod, sqrt
from typing import Any, ClassVar

import numpy as np

from jamharness.api.activations import Activation
from jamharness.api.arrays import Array, Float64
from jamharness.api.errors import BadInput, unknown_name
from jamharness.api.identity import generator
from jamharness.api.namespace import Namespace
from jamharness.api.systems import PatternSystem

SCHEMES = ("orthogonal", "normal")


@dataclass(frozen=True, kw_only=True)
class Network(PatternSystem):
    """A fully connected network with one output, f(x; w).

    The parameters form one vector w of shape (N,): for each layer in order its weight matrix (out × in, row-major),
    then its bias. Preactivations are z_l = W_l a_{l-1} + b_l, without any factor of the width (arXiv 1809.09349 §II).

    Arguments:
        inputs: the input dimension d.
        width: units of each hidden layer, or a tuple with one width per layer. Ignored at depth 0.
        depth: hidden layers; 0 is a linear function.
        activation: as ``Activation.parse`` reads it.
        bias: whether every layer has a bias.

    Raises:
        BadInput: a size is not a positive integer, a tuple of widths has not ``depth`` entries, or an unknown
            activation.
    """

    schemes: ClassVar[tuple[str, ...]] = SCHEMES
    inputs: int = 12
    width: int | tuple[int, ...] = 12
    depth: int = 3
    activation: str = "relu"
    bias: bool = True

    def __post_init__(self) -> None:
        problems = []
        if self.inputs < 1:
            problems.append(f"inputs = {self.inputs}: the input dimension must be at least 1.")
        if self.depth < 0:
            problems.append(f"depth = {self.depth}: the number of hidden layers must be 0 (linear) or more.")
        if isinstance(self.width, Sequence):
            object.__setattr__(self, "width", tuple(int(h) for h in self.width))
            if len(self.width) != self.depth:
                problems.append(
                    f"width = {self.width}: {len(self.width)} widths for {self.depth} hidden layers; give one each."
                )
        if any(h < 1 for h in self._hidden):
            problems.append(f"width = {self.width}: every hidden layer needs at least 1 unit.")
        try:
            object.__setattr__(self, "activation", str(Activation.parse(self.activation)))
        except BadInput as error:
            problems.extend(error.problems)
        if problems:
            raise BadInput(*problems)

    @property
    def _hidden(self) -> tuple[int, ...]:
        return self.width if isinstance(self.width, tuple) else (self.width,) * max(self.depth, 0)

    @property
    def nonlinearity(self) -> Activation:
        """The activation as a value."""
        return Activation.parse(self.activation)

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The shape (out, in) of each weight matrix, from the input to the output."""
        sizes = (self.inputs, *self._hidden, 1)
        return tuple((sizes[i + 1], sizes[i]) for i in range(len(sizes) - 1))

    @property
    def weights(self) -> int:
        """N_w, the number of parameters without biases: the papers' N."""
        return sum(prod(shape) for shape in self.shapes)

    @property
    def size(self) -> int:
        """N, the number of all trainable parameters."""
        return self.weights + (sum(out for out, _ in self.shapes) if self.bias else 0)

    @property
    def units(self) -> int:
        """The number of hidden units: each ReLU unit has one scale symmetry."""
        return sum(self._hidden)

    @cached_property
    def slices(self) -> tuple[tuple[slice, slice], ...]:
        """Where each layer's weight matrix and bias lie in w; the bias slice is empty without biases."""
        slices, start = [], 0
        for out, inputs in self.shapes:
            middle = start + out * inputs
            end = middle + (out if self.bias else 0)
            slices.append((slice(start, middle), slice(middle, end)))
            start = end
        return tuple(slices)

    def split(self, w: Array) -> list[tuple[Array, Array]]:
        """Views of w as [(W_l (out, in), b_l (out,))]; b_l is empty without biases.

        Raises:
            BadInput: w does not have the shape (N,).
        """
        if w.shape != (self.size,):
            raise BadInput(f"w has shape {w.shape}; this network has N = {self.size} parameters in one vector.")
        return [
            (w[weight].reshape(shape), w[bias]) for (weight, bias), shape in zip(self.slices, self.shapes, strict=True)
        ]

    @property
    def groups(self) -> Mapping[str, slice]:
        """The weights and the bias of each layer."""
        parts: dict[str, slice] = {}
        for layer, (weight, bias) in enumerate(self.slices, start=1):
            parts |= {f"W{layer}": weight, f"b{layer}": bias} if self.bias else {f"W{layer}": weight}
        return parts

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """f(x; w) as a formula, for losses and backends that have no closed forms for it."""
        return self._layer(xp, w, self.signal(xp, w, x), self.depth)[:, 0]

    def signal(self, xp: Namespace, w: Any, x: Any) -> Any:
        """What the last hidden layer gives, (M, h): x itself at depth 0."""
        signal = x
        for layer in range(self.depth):
            signal = _activate(xp, self.nonlinearity, self._layer(xp, w, signal, layer))
        return signal

    def _layer(self, xp: Namespace, w: Any, signal: Any, layer: int) -> Any:
        """The preactivations of one layer, (M, out)."""
        (weight, bias), shape = self.slices[layer], self.shapes[layer]
        preactivations = xp.matmul(signal, xp.transpose(xp.reshape(w[weight], shape)))
        return preactivations + w[bias] if self.bias else preactivations

    def load(self, constraints: int, margin: float) -> float:  # noqa: ARG002  (the margin is a gauge)
        """P/N_w."""
        return constraints / self.weights

    def initial(self, seed: int = 0, scheme: str | None = None) -> Float64:
        """Initial parameters, the same bits for every backend; biases are 0.

        Arguments:
            seed: which draw.
            scheme: None or ``"orthogonal"``: random orthonormal rows with gain 1, in square blocks where a matrix has
                more rows than columns (arXiv 1809.09349, Methods; arXiv 1312.6120);
                ``"normal"``: independent N(0, 1/in).

        Returns:
            w of shape (N,), float64.

        Raises:
            BadInput: an unknown scheme.
        """
        scheme = SCHEMES[0] if scheme is None else scheme
        if scheme not in SCHEMES:
            raise BadInput(unknown_name("initial scheme", scheme, SCHEMES))
        draw = generator("weights", scheme, seed, [list(shape) for shape in self.shapes])
        w = np.zeros(self.size)
        for (weight, _), (out, inputs) in zip(self.slices, self.shapes, strict=True):
            if scheme == "orthogonal":
                w[weight] = _orthonormal_rows(draw, out, inputs).ravel()
            else:
                w[weight] = draw.standard_normal(out * inputs) / np.sqrt(inputs)
        return w


def _activate(xp: Namespace, rule: Activation, z: Any) -> Any:
    """σ(z); the slope of relu at 0 is 0."""
    forms: Mapping[str, Callable[[], Any]] = {
        "relu": lambda: xp.where(z > 0, z, 0.0 * z),
        "tanh": lambda: xp.tanh(z),
        "gelu": lambda: 0.5 * z * (1.0 + xp.erf(z * (rule.beta / sqrt(2)))),
        "softplus": lambda: xp.softplus(rule.beta * z) / rule.beta,
        "linear": lambda: z,
    }
    return forms[rule.name]()


def _orthonormal_rows(draw: np.random.Generator, rows: int, columns: int) -> Float64:
    """Rows drawn uniformly among orthonormal sets, (rows, columns), block after block of at most ``columns`` rows."""
    blocks = []
    for start in range(0, rows, columns):
        q, r = np.linalg.qr(draw.standard_normal((columns, min(columns, rows - start))))
        blocks.append((q * np.where(np.diag(r) < 0, -1.0, 1.0)).T)
    return np.concatenate(blocks)
