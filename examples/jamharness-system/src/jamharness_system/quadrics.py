"""Points on the two sides of a quadric: spheres, ellipsoids, paraboloids, hyperboloids and pairs of planes."""

from dataclasses import dataclass
from math import comb, sqrt
from typing import ClassVar

import numpy as np

from jamharness.api import BadInput, PatternSystem


@dataclass(frozen=True, kw_only=True)
class Quadrics(PatternSystem):
    """f(x; w) = w·φ(x)/√N, φ being all N = (d+1)(d+2)/2 monomials in x of degree 0, 1 and 2.

    Arguments:
        inputs: d, at least 1.
    """

    linear: ClassVar[bool] = True
    inputs: int = 5

    def __post_init__(self):
        if self.inputs < 1:
            raise BadInput(f"inputs = {self.inputs}: points need at least 1 dimension.")

    @property
    def size(self):
        return (self.inputs + 1) * (self.inputs + 2) // 2

    def outputs(self, xp, w, x):
        affine = xp.transpose(xp.concatenate([0.0 * x[:, :1] + 1.0, x], axis=1))  # (1, x), point by point in columns
        first, second = np.triu_indices(self.inputs + 1)
        monomials = xp.take(affine, first) * xp.take(affine, second)
        return xp.matmul(xp.transpose(monomials), w) / sqrt(self.size)


def separable(points, size):
    """The probability that P points with fair labels can be separated, where f is linear in N parameters.

    Cover, IEEE Trans. Electron. Comput. EC-14, 326 (1965), theorem 2 and §IV: 2^(1−P) Σ_{k<N} C(P−1, k), whatever the
    distribution of the points, if no N of their φ are linearly dependent. It is 1 for P ≤ N and ½ at P = 2N.
    """
    return sum(comb(points - 1, k) for k in range(size)) / 2 ** (points - 1)
