"""How many eigenvalues are negative, zero and positive, and how clearly.

A spectrum in floating point holds no zeros: each relu unit has a scale symmetry, and its zero mode comes out as ±1e-18.
An eigenvalue counts as zero below τ = C ε ‖H‖ √N, ε being the rounding unit of the dtype: eigenvalues of a symmetric
matrix have errors of a few ε‖H‖, and its entries, sums over patterns, add errors that grow like √N in norm. The gap
around τ says whether the count can be trusted: the largest value that counts as zero against the least that does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from jamharness.api import Array

C = 10.0
"""Measured at N = 133 to 481: zero modes lie below 1 in these units, in PyTorch, TensorFlow and NumPy."""
CLEAR = 10.0
"""The ratio across the gap below which a count is not trusted."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Signs of a spectrum.

    Arguments:
        negative, zero, positive: N_−, N_0, N_+.
        threshold: τ.
        gap: the smallest |λ| above τ over the largest below; infinite where there is none below.
    """

    negative: int
    zero: int
    positive: int
    threshold: float
    gap: float

    @property
    def clear(self) -> bool:
        """Whether the gap is wide enough to trust the count."""
        return self.gap >= CLEAR


def count(spectrum: Array, parts: Sequence[Array], dtype: str = "float64") -> Counts:
    """Count signs.

    Arguments:
        spectrum: (N,) eigenvalues.
        parts: spectra of the matrices that were added to make this one, itself among them: their largest norm is what
            roundings are relative to.
        dtype: in which it was computed.
    """
    norm = max(float(np.abs(part).max(initial=0.0)) for part in parts)
    threshold = C * float(np.finfo(dtype).eps) * norm * sqrt(len(spectrum))
    size = np.abs(spectrum)
    inside, outside = size[size <= threshold], size[size > threshold]
    largest = float(inside.max(initial=0.0))
    gap = float(outside.min()) / largest if len(outside) and largest else float("inf")
    return Counts(
        negative=int(np.count_nonzero(spectrum < -threshold)),
        zero=len(inside),
        positive=int(np.count_nonzero(spectrum > threshold)),
        threshold=threshold,
        gap=gap,
    )


def asymmetry(spectrum: Array) -> float | None:
    """Σ |λ_i + λ_(N+1−i)| / Σ |λ_i|: the Wasserstein distance of a spectrum from its mirror image over the mean |λ|.

    0 when −λ is an eigenvalue for every λ, 2 when all have one sign. A trace would not do: for relu tr Hp = 0 whatever
    the spectrum, as the diagonal of Hp is zero.

    Arguments:
        spectrum: (N,), sorted.

    Returns:
        None where every eigenvalue is zero.
    """
    size = float(np.abs(spectrum).sum())
    return float(np.abs(spectrum + spectrum[::-1]).sum()) / size if size else None
