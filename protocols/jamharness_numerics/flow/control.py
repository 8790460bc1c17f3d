"""How large a step's error is, and how long the next step may be."""

import numpy as np

from jamharness.api import Array
from jamharness_numerics.flow.evaluation import Field

SAFETY, MOST, LEAST = 0.8, 5.0, 0.1


def error_of(field: Field, w: Array, margins: Array, difference: Array) -> float:
    """The difference between a step and a less accurate one, as seen in Δ and in w.

    The larger of max|Δ(w) − Δ(w − difference)| and |difference|/|w|. The first means the same in the lazy regime, where
    w hardly moves, and in that of features; the second sees what the training set does not.

    Arguments:
        field: the flow.
        w: (N,) where the step ended.
        margins: Δ (P,) there.
        difference: (N,).
    """
    seen = float(np.abs(field.margins(w - difference) - margins).max())
    own = float(np.linalg.norm(difference) / max(np.linalg.norm(w), np.finfo(np.float64).tiny))
    return max(seen, own)


def rescaled(dt: float, error: float, order: int) -> float:
    """The dt whose error would be ``SAFETY`` of the bound.

    Arguments:
        dt: of the last step.
        error: in units of the bound.
        order: p of an error ∝ dt^p.
    """
    if not np.isfinite(error):
        return dt * LEAST
    factor = SAFETY * max(error, 1e-12) ** (-1 / order)
    return float(dt * min(MOST, max(LEAST, factor)))
