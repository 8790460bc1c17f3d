"""Fully connected networks with an output for each of several classes."""

from dataclasses import dataclass
from typing import Any, ClassVar

from jamharness.api import SCHEMES, BadInput, Float64, Namespace, Network
from jamharness_systems.classes import ManyClasses


@dataclass(frozen=True, kw_only=True)
class Classifier(ManyClasses):
    """A fully connected network with C outputs.

    Arguments:
        inputs: the input dimension d.
        width, depth, activation, bias: of the hidden layers, as ``Network`` takes them; depth at least 1.
        class_count: C, at least 2.
        squares: the loss is the mean square on one-hot vectors; a protocol sets it where its loss is ``mean_square``.

    Raises:
        BadInput: all that cannot be.
    """

    schemes: ClassVar[tuple[str, ...]] = SCHEMES
    inputs: int = 12
    width: int | tuple[int, ...] = 12
    depth: int = 2
    activation: str = "relu"
    bias: bool = True
    class_count: int = 10
    squares: bool = False

    def __post_init__(self) -> None:
        problems = []
        if self.class_count < 2:
            problems.append(f"class_count = {self.class_count}: there must be at least 2.")
        if self.depth < 1:
            problems.append(f"depth = {self.depth}: a classifier needs at least 1 hidden layer.")
        try:
            _ = self.hidden
        except BadInput as error:
            problems += error.problems
        if problems:
            raise BadInput(*problems)

    @property
    def hidden(self) -> Network:
        """A network with the same hidden layers and one output."""
        return Network(
            inputs=self.inputs, width=self.width, depth=self.depth, activation=self.activation, bias=self.bias
        )

    @property
    def _last(self) -> int:
        """Units of the last hidden layer."""
        return self.hidden.shapes[-1][1]

    @property
    def _hidden_size(self) -> int:
        return int(self.hidden.slices[-1][0].start)

    @property
    def size(self) -> int:
        """N: the hidden layers', then the matrix (C, h) of the last layer, then its bias."""
        return self._hidden_size + self.class_count * (self._last + self.bias)

    @property
    def weights(self) -> int:
        """N_w, without biases."""
        return self.hidden.weights + (self.class_count - 1) * self._last

    def scores(self, xp: Namespace, w: Any, x: Any) -> Any:
        """F of shape (M, C)."""
        signal, start, bias = self.hidden.signal(xp, w, x), self._hidden_size, self.class_count * self._last
        matrix = xp.reshape(w[start : start + bias], (self.class_count, self._last))
        scores = xp.matmul(signal, xp.transpose(matrix))
        return scores + w[start + bias :] if self.bias else scores

    def draw(self, seed: int, scheme: str) -> Float64:
        """As a network whose last layer has C units; biases are 0."""
        deep = (*(out for out, _ in self.hidden.shapes[:-1]), self.class_count)
        wide = Network(inputs=self.inputs, width=deep, depth=self.depth + 1, activation=self.activation, bias=self.bias)
        return wide.initial(seed, scheme)[: self.size]
