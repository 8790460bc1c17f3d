"""Systems with an output for each of several classes: their cross-entropy is that of two classes at another gap."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jamharness.api import BadInput, Namespace, PatternSystem, image_layers


class ManyClasses(PatternSystem):
    """g_μ = f_y − log Σ_(c ≠ y) e^(f_c), with an output f_c for each class c.

    Under ``CrossEntropy``, ℓ(Δ) = log(1 + e^Δ) at Δ = −g is −log(e^(f_y)/Σ_c e^(f_c)), the cross-entropy of several
    classes; a pattern is satisfied where its class has more than half of the probability. With two classes g is
    f_y − f_c.

    Where ``squares``, g_μ = −½ Σ_c (f_c − δ_cy)² instead: under ``SquaredDistance`` half the square of the distance
    from the one-hot vector; a pattern is satisfied below 1/4, where its own output is the largest in any case.
    """

    along: ClassVar[tuple[str, ...]] = ("x", "own")
    squares: bool = False
    class_count: int
    """C."""

    @abstractmethod
    def scores(self, xp: Namespace, w: Any, x: Any) -> Any:
        """F of shape (M, C)."""

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """Patterns, and which class is each one's own, (P, C) of 1 and 0.

        Classes are whole numbers from 0; of two classes they may be −1 and +1.

        Raises:
            BadInput: shapes that do not fit, values that are not finite, or labels that are no class.
        """
        x, y = np.asarray(data["x"]), np.asarray(data["y"])
        if self.class_count == 2 and np.isin(y, (-1, 1)).all() and (y < 0).any():
            y = (y + 1) / 2
        problems = []
        if x.ndim != 2 or x.shape[1:] != (self.inputs,) or y.shape != (len(x),):
            problems.append(f"x has shape {x.shape} and y {y.shape}: they must be (P, {self.inputs}) and (P,).")
        elif not np.isfinite(x).all():
            problems.append("x holds values that are not finite.")
        if not np.isin(y, np.arange(self.class_count)).all():
            problems.append(f"y holds {np.unique(y)[:5]}: classes are whole numbers from 0 to {self.class_count - 1}.")
        if problems:
            raise BadInput(*problems)
        return {"x": x, "own": np.asarray(y[:, None] == np.arange(self.class_count), dtype=np.float64)}

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """The outputs of all classes, pattern by pattern, (M C,)."""
        return xp.reshape(self.scores(xp, w, x), (-1,))

    def gaps(self, xp: Namespace, w: Any, data: Mapping[str, Any]) -> Any:
        """f_y − log Σ e^(f_c) over the other classes; or minus half the square of what is missing."""
        scores, own = self.scores(xp, w, data["x"]), data["own"]
        if self.squares:
            missing = scores - own
            return -0.5 * xp.sum(missing * missing, axis=1)
        return xp.sum(own * scores, axis=1) - image_layers(xp).log_sum(scores, own < 0.5)
