"""The family p(x) ∝ x^a e^{cx} on (l, b]: a power law at zero with the first smooth correction to it.

Everything is in units of the upper end, t = x/b on (r, 1]. It is an exponential family with statistics (ln t, t), so
its log-likelihood is concave and the maximum-likelihood estimate makes their means equal to those of the samples.
"""

from dataclasses import dataclass

import numpy as np

from jamharness.api import Float64

_NODES, _WEIGHTS = (np.asarray(each) / 2 for each in np.polynomial.legendre.leggauss(48))
_NODES = _NODES + 0.5
_REACH = 36.0
"""e^−36 of the mass of x^a lies below the smallest t that is integrated over: the rounding of float64."""
_FLOOR, _LARGEST, _STEEPEST = 0.06, 200.0, 60.0
"""1 + a is kept above the first (for r = 0), |a| below the second and |c| below the third; e^(−36/0.06) is
still a float64."""
_ALIKE = 1.5
"""Members whose depths differ by a smaller factor share the nodes of the deepest."""
_ROUNDS, _TOLERANCE = 100, 1e-8
_RIDGE, _TINY = 1e-15, 1e-300


@dataclass(frozen=True, kw_only=True, eq=False)
class Quadrature:
    """Nodes of n members of the family: t and ln t, (n, nodes) or (1, nodes), and weights that add up to 1."""

    t: Float64
    log_t: Float64
    weights: Float64

    def mean(self, values: Float64) -> Float64:
        """(n,) expectations of values (n, nodes) or (1, nodes)."""
        if len(values) == 1:
            return np.asarray(self.weights @ values[0])
        return np.asarray((self.weights * values).sum(axis=-1))

    def scores(self) -> Float64:
        """(n, 2, nodes): ln t and t less their means."""
        return np.stack([each - self.mean(each)[:, None] for each in (self.log_t, self.t)], axis=-2)

    def information(self) -> Float64:
        """(n, 2, 2): the Fisher information of one sample about (a, c)."""
        # About the mean of all members, which is that of each where they are one or alike: little cancels.
        log_t, t = (each - self.mean(each).mean() for each in (self.log_t, self.t))
        means = self.mean(log_t), self.mean(t)
        both = self.mean(log_t * t) - means[0] * means[1]
        squares = self.mean(log_t**2) - means[0] ** 2, self.mean(t**2) - means[1] ** 2
        # Samples that are all alike make ln t and t collinear; the fit then stays where it is instead of failing.
        ridge = _RIDGE * (squares[0] + squares[1]) + _TINY
        return np.array([[squares[0] + ridge, both], [both, squares[1] + ridge]]).transpose(2, 0, 1)


def quadrature(a: Float64, c: Float64, r: float) -> Quadrature:
    """Gauss–Legendre nodes for a, c of shape (n,) in s, where ln t = −Y s²: smooth at both ends for every a > −1."""
    depth = _depth(a, r)
    if depth.max() <= _ALIKE * depth.min():
        depth = depth.max(keepdims=True)
    y = depth[:, None] * _NODES**2
    t = np.exp(-y)
    logs = np.log(_WEIGHTS * _NODES) - (1 + a[:, None]) * y + c[:, None] * t
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return Quadrature(t=t, log_t=-y, weights=weights / weights.sum(axis=1, keepdims=True))


def _depth(a: Float64, r: float) -> Float64:
    deepest = _REACH / np.maximum(1 + a, _FLOOR)
    return np.asarray(deepest if r <= 0 else np.minimum(deepest, -np.log(r)))


def maximum_likelihood(
    mean_log: Float64, mean: Float64, r: float = 0.0, start: tuple[float, float] | None = None
) -> tuple[Float64, Float64]:
    """The estimates of a and c by Newton's method, several at once.

    Arguments:
        mean_log: (n,) means of ln t.
        mean: (n,) means of t.
        r: the lower end of t.
        start: a and c near the answers, where they are known.

    Returns:
        a, c, each (n,).
    """
    # The plain power law is the first guess: 1 + a = 1 / mean(−ln t), exact for r = 0 and c = 0.
    floor = _FLOOR - 1 if r <= 0 else -_LARGEST
    a, c = np.maximum(1 / np.maximum(-mean_log, 1 / _LARGEST) - 1, floor), np.zeros(len(mean))
    if start is not None:
        a, c = np.full(len(mean), start[0]), np.full(len(mean), start[1])
    elif r > 0:
        a = np.clip(a, -0.5, 2.0)
    for _ in range(_ROUNDS):
        at = quadrature(a, c, r)
        residual = mean_log - at.mean(at.log_t), mean - at.mean(at.t)
        (aa, ac), (_, cc) = at.information().transpose(1, 2, 0)
        step = np.stack([cc * residual[0] - ac * residual[1], aa * residual[1] - ac * residual[0]], axis=-1)
        step /= (aa * cc - ac * ac)[:, None]
        # Far from the answer a full step would leave the family: a and c move by 3 at most, and 1 + a halves at most.
        size = np.abs(step).max(axis=1)
        step *= (3 / np.maximum(size, 3))[:, None]
        least = floor if r > 0 else np.maximum((a - 1) / 2, floor)
        a = np.clip(a + step[:, 0], least, _LARGEST)
        c = np.clip(c + step[:, 1], -_STEEPEST, _STEEPEST)
        if size.max() < _TOLERANCE:
            break
    return a, c


def cumulative(t: Float64, a: float, c: float, r: float = 0.0) -> Float64:
    """P(T ≤ t) for t of any shape, of one member."""
    from scipy.integrate import cumulative_trapezoid

    s = np.linspace(0, 1, 2049)
    depth = float(_depth(np.array([a]), r)[0])
    y = depth * s**2
    logs = -(1 + a) * y + c * np.exp(-y)
    above = cumulative_trapezoid(s * np.exp(logs - logs.max()), s, initial=0)
    at = np.sqrt(-np.log(np.clip(t, np.exp(-depth), 1)) / depth)
    return np.asarray(1 - np.interp(at, s, above / above[-1]))
