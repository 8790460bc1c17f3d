"""Networks with an output for each of several classes: their cross-entropy is that of two classes at another gap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jamharness.api import SCHEMES, BadInput, Float64, Namespace, Network, PatternSystem


@dataclass(frozen=True, kw_only=True)
class Classifier(PatternSystem):
    """g_μ = f_y − log Σ_(c ≠ y) e^(f_c), with an output f_c for each class c.

    Under ``CrossEntropy``, ℓ(Δ) = log(1 + e^Δ) at Δ = −g is −log(e^(f_y)/Σ_c e^(f_c)), the cross-entropy of several
    classes; a pattern is satisfied where its class has more than half of the probability. With two classes g is
    f_y − f_c.

    Arguments:
        inputs: the input dimension d.
        width, depth, activation, bias: of the hidden layers, as ``Network`` takes them; depth at least 1.
        classes: C, at least 2.

    Raises:
        BadInput: all that cannot be.
    """

    along: ClassVar[tuple[str, ...]] = ("x", "own")
    schemes: ClassVar[tuple[str, ...]] = SCHEMES
    inputs: int = 12
    width: int | tuple[int, ...] = 12
    depth: int = 2
    activation: str = "relu"
    bias: bool = True
    classes: int = 10

    def __post_init__(self) -> None:
        problems = []
        if self.classes < 2:
            problems.append(f"classes = {self.classes}: there must be at least 2.")
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
        return self._hidden_size + self.classes * (self._last + self.bias)

    @property
    def weights(self) -> int:
        """N_w, without biases."""
        return self.hidden.weights + (self.classes - 1) * self._last

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Patterns, and which class is each one's own, (P, C) of 1 and 0.

        Raises:
            BadInput: shapes that do not fit, values that are not finite, or labels that are no class.
        """
        x, y = np.asarray(data["x"]), np.asarray(data["y"])
        problems = []
        if x.ndim != 2 or x.shape[1:] != (self.inputs,) or y.shape != (len(x),):
            problems.append(f"x has shape {x.shape} and y {y.shape}: they must be (P, {self.inputs}) and (P,).")
        elif not np.isfinite(x).all():
            problems.append("x holds values that are not finite.")
        if not np.isin(y, np.arange(self.classes)).all():
            problems.append(f"y holds {np.unique(y)[:5]}: classes are whole numbers from 0 to {self.classes - 1}.")
        if problems:
            raise BadInput(*problems)
        return {"x": x, "own": np.asarray(y[:, None] == np.arange(self.classes), dtype=np.float64)}

    def scores(self, xp: Namespace, w: Any, x: Any) -> Any:
        """F of shape (M, C)."""
        signal, start, bias = self.hidden.signal(xp, w, x), self._hidden_size, self.classes * self._last
        matrix = xp.reshape(w[start : start + bias], (self.classes, self._last))
        scores = xp.matmul(signal, xp.transpose(matrix))
        return scores + w[start + bias :] if self.bias else scores

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """The outputs of all classes, pattern by pattern, (M C,)."""
        return xp.reshape(self.scores(xp, w, x), (-1,))

    def gaps(self, xp: Namespace, w: Any, data: Mapping[str, Any]) -> Any:
        """f_y − log Σ e^(f_c) over the other classes, added up two by two without overflow."""
        scores, own = self.scores(xp, w, data["x"]), data["own"] > 0.5
        # The sum begins with the first other class, which is the second one where the first is a pattern's own.
        total = xp.where(own[:, 0], scores[:, 1], scores[:, 0])
        for index in range(1, self.classes):
            more = total + xp.softplus(scores[:, index] - total)
            total = xp.where(own[:, index], total, more if index > 1 else xp.where(own[:, 0], total, more))
        return xp.sum(data["own"] * scores, axis=1) - total

    def draw(self, seed: int, scheme: str) -> Float64:
        """As a network whose last layer has C units; biases are 0."""
        deep = (*(out for out, _ in self.hidden.shapes[:-1]), self.classes)
        wide = Network(inputs=self.inputs, width=deep, depth=self.depth + 1, activation=self.activation, bias=self.bias)
        return wide.initial(seed, scheme)[: self.size]
