"""The layers that networks on images are made of: what shape each gives, its parameters, and its formula."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from jamharness.api import BadInput, ImageLayers, Namespace


@dataclass(frozen=True)
class Shape:
    """Of a signal of one pattern: channels × side × side, or units without positions where side is None."""

    channels: int
    side: int | None

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return self.channels * (1 if self.side is None else self.side**2)


@dataclass(frozen=True)
class Parameter:
    """A part of w.

    Arguments:
        kind: weight, bias, gain or shift.
        shape: its shape; the first length is that of the outputs.
        fan: how many inputs each output sees.
    """

    kind: str
    shape: tuple[int, ...]
    fan: int

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


@dataclass(frozen=True)
class Tools:
    """What formulas of layers are written in.

    Arguments:
        xp: the namespace.
        layers: its layers on images.
    """

    xp: Namespace
    layers: ImageLayers


class Layer(ABC):
    """One layer."""

    @abstractmethod
    def after(self, shape: Shape) -> Shape:
        """The shape that it gives.

        Raises:
            BadInput: it cannot take that one.
        """

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:  # noqa: ARG002
        """Its parameters, in their order in w."""
        return ()

    @abstractmethod
    def formula(self, tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:
        """Its signal, from that of a shape and its own parts of w."""


def positions(layer: str, shape: Shape) -> int:
    """The side of a signal that must have one.

    Raises:
        BadInput: it has none.
    """
    if shape.side is None:
        raise BadInput(f"layers: {layer} takes images, and after a dense layer or a mean there are none.")
    return shape.side


@dataclass(frozen=True, kw_only=True)
class Convolution(Layer):
    """Size × size, with or without a bias."""

    size: int
    out: int
    stride: int = 1
    padding: int = 0
    bias: bool = True

    def after(self, shape: Shape) -> Shape:
        """As many positions as windows fit."""
        side = positions("conv", shape)
        room = side + 2 * self.padding - self.size
        if room < 0:
            raise BadInput(f"layers: conv{self.size}x{self.out} does not fit on {side}×{side} positions.")
        return Shape(self.out, room // self.stride + 1)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        """The kernel (out, C, k, k) and the bias (out,)."""
        fan = shape.channels * self.size**2
        kernel = Parameter("weight", (self.out, shape.channels, self.size, self.size), fan)
        return (kernel, Parameter("bias", (self.out,), fan)) if self.bias else (kernel,)

    def formula(self, tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:
        """A correlation."""
        correlation = tools.layers.convolution(signal, next(parts), positions("conv", shape), self.stride, self.padding)
        return tools.layers.shifted(correlation, next(parts)) if self.bias else correlation


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """A matrix on all numbers of a signal, with or without a bias."""

    out: int
    bias: bool = True

    def after(self, shape: Shape) -> Shape:  # noqa: ARG002
        """Units without positions."""
        return Shape(self.out, None)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        """The matrix (out, in) and the bias (out,)."""
        matrix = Parameter("weight", (self.out, shape.size), shape.size)
        return (matrix, Parameter("bias", (self.out,), shape.size)) if self.bias else (matrix,)

    def formula(self, tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:
        """W a + b."""
        rows = signal if shape.side is None else tools.layers.rows(signal)
        product = tools.xp.matmul(rows, tools.xp.transpose(next(parts)))
        return product + next(parts) if self.bias else product


@dataclass(frozen=True)
class Relu(Layer):
    """max(0, z)."""

    def after(self, shape: Shape) -> Shape:
        """The same."""
        return shape

    def formula(self, tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:  # noqa: ARG002
        """Slope 0 at 0."""
        return tools.layers.relu(signal)


@dataclass(frozen=True)
class Sigmoid(Layer):
    """1/(1 + e^−z), of units without positions."""

    def after(self, shape: Shape) -> Shape:
        """The same."""
        if shape.side is not None:
            raise BadInput("layers: sigmoid stands after a dense layer.")
        return shape

    def formula(self, tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:  # noqa: ARG002
        """(1 + tanh(z/2))/2."""
        return 0.5 + 0.5 * tools.xp.tanh(0.5 * signal)


@dataclass(frozen=True, kw_only=True)
class MaxPool(Layer):
    """The largest number of each window of size × size, side by side."""

    size: int = 2

    def after(self, shape: Shape) -> Shape:
        """What does not fill a window is left out."""
        side = positions("pool", shape)
        if side < self.size:
            raise BadInput(f"layers: pool{self.size} does not fit on {side}×{side} positions.")
        return Shape(shape.channels, side // self.size)

    def formula(self, tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:  # noqa: ARG002
        """Window by window."""
        return tools.layers.max_pool(signal, shape.channels, positions("pool", shape), self.size)


@dataclass(frozen=True)
class MeanPool(Layer):
    """The mean over all positions of a channel."""

    def after(self, shape: Shape) -> Shape:
        """Units without positions."""
        positions("mean", shape)
        return Shape(shape.channels, None)

    def formula(self, tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:  # noqa: ARG002
        """Channel by channel."""
        return tools.layers.mean_pool(signal, shape.channels)


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation by the statistics of the patterns that go through together (arXiv 1502.03167)."""

    def after(self, shape: Shape) -> Shape:
        """The same."""
        positions("norm", shape)
        return shape

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        """A gain and a shift for each channel."""
        return (Parameter("gain", (shape.channels,), 1), Parameter("shift", (shape.channels,), 1))

    def formula(self, tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:  # noqa: ARG002
        """Channel by channel."""
        gain, shift = next(parts), next(parts)
        return tools.layers.batch_norm(signal, gain, shift)


@dataclass(frozen=True, kw_only=True)
class Residual(Layer):
    """Two normalised convolutions of 3 × 3 beside a shortcut, and a relu on the sum (arXiv 1512.03385, fig. 2).

    The shortcut is the signal itself, or a normalised convolution of 1 × 1 where shapes differ (option B there).
    """

    out: int
    stride: int = 1

    def branches(self, shape: Shape) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
        """The layers of the branch and of the shortcut."""
        first = Convolution(size=3, out=self.out, stride=self.stride, padding=1, bias=False)
        second = Convolution(size=3, out=self.out, padding=1, bias=False)
        branch = (first, BatchNorm(), Relu(), second, BatchNorm())
        if self.stride == 1 and shape.channels == self.out:
            return branch, ()
        return branch, (Convolution(size=1, out=self.out, stride=self.stride, bias=False), BatchNorm())

    def after(self, shape: Shape) -> Shape:
        """That of the branch."""
        positions("residual", shape)
        return shape_after(self.branches(shape)[0], shape)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        """The branch's, then the shortcut's."""
        return tuple(each for layers in self.branches(shape) for each in parameters_of(layers, shape))

    def formula(self, tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:
        """relu(branch + shortcut)."""
        branch, shortcut = self.branches(shape)
        branch_output = formula_of(branch, tools, signal, shape, parts)
        return tools.layers.relu(branch_output + formula_of(shortcut, tools, signal, shape, parts))


def shape_after(layers: Sequence[Layer], shape: Shape) -> Shape:
    """The shape after several layers."""
    for layer in layers:
        shape = layer.after(shape)
    return shape


def parameters_of(layers: Sequence[Layer], shape: Shape) -> tuple[Parameter, ...]:
    """The parameters of several layers in their order."""
    parameters: list[Parameter] = []
    for layer in layers:
        parameters += layer.parameters(shape)
        shape = layer.after(shape)
    return tuple(parameters)


def formula_of(layers: Sequence[Layer], tools: Tools, signal: Any, shape: Shape, parts: Iterator[Any]) -> Any:
    """The signal after several layers."""
    for layer in layers:
        signal = layer.formula(tools, signal, shape, parts)
        shape = layer.after(shape)
    return signal
