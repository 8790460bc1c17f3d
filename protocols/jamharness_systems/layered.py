"""Networks of layers on images, and those of arXiv 1803.06969 by name."""

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from jamharness.api import BadInput, Float64, Namespace, generator, image_layers
from jamharness_systems.classes import ManyClasses
from jamharness_systems.layers import (
    BatchNorm,
    Convolution,
    Dense,
    Layer,
    MaxPool,
    MeanPool,
    Parameter,
    Relu,
    Residual,
    Shape,
    Sigmoid,
    Tools,
    formula_of,
    parameters_of,
    shape_after,
)

_TOKEN = re.compile(
    r"(?P<conv>conv(?P<size>\d+)x(?P<out>\d+)(s(?P<stride>\d+))?(p(?P<padding>\d+))?)|pool(?P<window>\d*)"
    r"|residual(?P<width>\d+)(s(?P<step>\d+))?|dense(?P<units>\d*)|relu|sigmoid|norm|mean"
)
_EXAMPLES = "conv5x10, conv3x16s2p1 (stride 2, a border of 1), pool2, relu, norm, residual16s2, mean, dense100, sigmoid"


@dataclass(frozen=True, kw_only=True)
class Layered(ManyClasses):
    """A network on images of C channels, with an output for each class.

    The parameters form one vector w (N,): layer after layer, weights (out, in, …) row-major before biases, gains before
    shifts. Batch normalisation takes its statistics from the patterns of a block, 100 of them at most and the whole
    minibatch where it is no larger, in training and wherever L is measured: L is the function that SGD goes down.

    Arguments:
        channels: of an image, 1 or 3.
        side: of an image, in pixels: 28 for MNIST, 32 for CIFAR-10.
        class_count: C, at least 2.
        squares: the loss is the mean square on one-hot vectors; a protocol sets it where its loss is ``mean_square``.

    Raises:
        BadInput: all that cannot be.
    """

    schemes: ClassVar[tuple[str, ...]] = ("uniform", "normal")
    block: ClassVar[int | None] = 100
    channels: int = 1
    side: int = 28
    class_count: int = 10
    squares: bool = False

    def __post_init__(self) -> None:
        problems = [
            f"{name} = {value}: it must be at least {least}."
            for name, value, least in (
                ("channels", self.channels, 1), ("side", self.side, 1), ("class_count", self.class_count, 2)
            )
            if value < least
        ]  # fmt: skip
        if not problems:
            try:
                last = shape_after(self.stack, self.shape)
                if last != Shape(self.class_count, None):
                    problems.append("layers: the last of them must be dense, for the classes.")
            except BadInput as error:
                problems += error.problems
        if problems:
            raise BadInput(*problems)

    @property
    @abstractmethod
    def stack(self) -> tuple[Layer, ...]:
        """Its layers."""

    @property
    def shape(self) -> Shape:
        """Of an image."""
        return Shape(self.channels, self.side)

    @property
    def inputs(self) -> int:  # type: ignore[override]
        """D, pixels times channels."""
        return self.shape.size

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parts of w in their order."""
        return parameters_of(self.stack, self.shape)

    @property
    def size(self) -> int:
        """N."""
        return sum(each.size for each in self.parameters)

    @property
    def weights(self) -> int:
        """N_w, without biases, gains and shifts."""
        return sum(each.size for each in self.parameters if each.kind == "weight")

    @property
    def coupled(self) -> bool:
        """Where there is batch normalisation."""
        return any(each.kind == "gain" for each in self.parameters)

    @property
    def groups(self) -> Mapping[str, slice]:
        """Each part by its kind and place."""
        groups, start = {}, 0
        for number, each in enumerate(self.parameters, start=1):
            groups[f"{each.kind}{number}"] = slice(start, start + each.size)
            start += each.size
        return groups

    def scores(self, xp: Namespace, w: Any, x: Any) -> Any:
        """The outputs (M, C)."""
        tools = Tools(xp, image_layers(xp))
        pieces = tools.layers.split(w, [each.size for each in self.parameters])
        parts = (xp.reshape(piece, each.shape) for piece, each in zip(pieces, self.parameters, strict=True))
        signal = tools.layers.images(x, self.channels, self.side)
        return formula_of(self.stack, tools, signal, self.shape, parts)

    def draw(self, seed: int, scheme: str) -> Float64:
        """Initial parameters; gains are 1 and shifts 0.

        ``"uniform"``: weights and biases uniform up to 1/√fan-in, as PyTorch has them (and LeCun et al., Efficient
        BackProp, 1998, up to a factor); ``"normal"``: weights N(0, 1/fan-in), biases 0.
        """
        draw, parts = generator("layered", scheme, seed, [list(each.shape) for each in self.parameters]), []
        for each in self.parameters:
            if each.kind in ("gain", "shift"):
                parts.append(np.full(each.size, float(each.kind == "gain")))
            elif scheme == "uniform":
                parts.append(draw.uniform(-1.0, 1.0, each.size) / sqrt(each.fan))
            else:
                spread = 1 / sqrt(each.fan) if each.kind == "weight" else 0.0
                parts.append(spread * draw.standard_normal(each.size))
        return np.concatenate(parts)

    def load(self, constraints: int, margin: float) -> float:  # noqa: ARG002  (the margin is a gauge)
        """P/N_w."""
        return constraints / self.weights


@dataclass(frozen=True, kw_only=True)
class LayeredNetwork(Layered):
    """A network on images, layer by layer.

    Arguments:
        layers: such as "conv5x10 pool relu dense100 relu dense", separated by spaces: conv5x10 has 10 kernels of 5 × 5,
            conv3x16s2p1 a stride of 2 and a border of one zero, pool is of 2 × 2, mean of all positions; residual16s2
            is a block of two convolutions of 3 × 3 with norm (batch normalisation) and a shortcut; dense without a
            number is that of the classes. A layer before norm has no bias.
        channels: of an image, 1 or 3.
        side: of an image, in pixels.
        class_count: C, at least 2.
        squares: whether the loss is the mean square on one-hot vectors.

    Raises:
        BadInput: all that cannot be.
    """

    layers: str = "conv5x10 pool relu conv5x20 pool relu dense100 relu dense"

    @cached_property
    def stack(self) -> tuple[Layer, ...]:
        """Its layers, as the text says."""
        tokens = self.layers.split()
        following = [*tokens, ""][1:]
        return tuple(self._layer(one, other == "norm") for one, other in zip(tokens, following, strict=True))

    def _layer(self, token: str, normalised: bool) -> Layer:
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise BadInput(f"layers = {self.layers!r}: {token!r} is no layer; they are {_EXAMPLES}.")
        numbers = {name: int(text) for name, text in match.groupdict().items() if name != "conv" and text}
        if any(value < 1 for name, value in numbers.items() if name != "padding"):
            raise BadInput(f"layers = {self.layers!r}: in {token!r} a size must be at least 1.")
        if match["conv"]:
            stride, padding = numbers.get("stride", 1), numbers.get("padding", 0)
            return Convolution(
                size=numbers["size"], out=numbers["out"], stride=stride, padding=padding, bias=not normalised
            )
        if token.startswith("pool"):
            return MaxPool(size=numbers.get("window", 2))
        if token.startswith("residual"):
            return Residual(out=numbers["width"], stride=numbers.get("step", 1))
        if token.startswith("dense"):
            return Dense(out=numbers.get("units", self.class_count))
        kinds: Mapping[str, type[Layer]] = {"relu": Relu, "sigmoid": Sigmoid, "norm": BatchNorm, "mean": MeanPool}
        return kinds[token]()


@dataclass(frozen=True, kw_only=True)
class Toy(Layered):
    """The toy network of arXiv 1803.06969: one hidden layer of relu units, sigmoid outputs.

    Arguments:
        hidden: how many units; fewer are under-parametrised.
        channels: of an image, 1 or 3.
        side: of an image, in pixels.
        class_count: C, at least 2.
        squares: whether the loss is the mean square on one-hot vectors; it is that in the paper.

    Raises:
        BadInput: all that cannot be.
    """

    hidden: int = 100
    squares: bool = True

    @property
    def stack(self) -> tuple[Layer, ...]:
        """Two dense layers."""
        if self.hidden < 1:
            raise BadInput(f"hidden = {self.hidden}: it must be at least 1.")
        return (Dense(out=self.hidden), Relu(), Dense(out=self.class_count), Sigmoid())


@dataclass(frozen=True, kw_only=True)
class SmallNet(Layered):
    """The small network of arXiv 1803.06969: N = 56 890 on CIFAR-10, 38 390 on images of 28 × 28.

    Arguments:
        channels: of an image, 1 or 3.
        side: of an image, in pixels.
        class_count: C, at least 2.
        squares: whether the loss is the mean square on one-hot vectors.

    Raises:
        BadInput: all that cannot be.
    """

    @property
    def stack(self) -> tuple[Layer, ...]:
        """Two convolutions of 5 × 5 with 10 and 20 kernels, each pooled, and two dense layers."""
        convolutions = (
            Convolution(size=5, out=10), MaxPool(), Relu(), Convolution(size=5, out=20), MaxPool(), Relu()
        )  # fmt: skip
        return (*convolutions, Dense(out=100), Relu(), Dense(out=self.class_count))


@dataclass(frozen=True, kw_only=True)
class ResNet18(Layered):
    """ResNet-18 for small images (He et al., arXiv 1512.03385): N = 11 173 962 on CIFAR-10.

    Its first convolution is of 3 × 3 with a stride of 1 and nothing is pooled before the end, as is the custom for
    images of 32 × 32.

    Arguments:
        kernels: of the first stage, 64 as published; the others have 2, 4 and 8 times as many.
        channels: of an image, 1 or 3.
        side: of an image, in pixels.
        class_count: C, at least 2.
        squares: whether the loss is the mean square on one-hot vectors.

    Raises:
        BadInput: all that cannot be.
    """

    kernels: int = 64

    @property
    def stack(self) -> tuple[Layer, ...]:
        """A convolution, four stages of two residual blocks, the mean and a dense layer."""
        if self.kernels < 1:
            raise BadInput(f"kernels = {self.kernels}: it must be at least 1.")
        first = Convolution(size=3, out=self.kernels, padding=1, bias=False)
        blocks = [
            Residual(out=self.kernels * factor, stride=2 if factor > 1 and number == 0 else 1)
            for factor in (1, 2, 4, 8)
            for number in range(2)
        ]
        return (first, BatchNorm(), Relu(), *blocks, MeanPool(), Dense(out=self.class_count))
