"""Modes of a packing that cost energy at fourth order alone (arXiv 0812.1234)."""

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, DerivedProblem

SOFT = 1e-7
"""Of the largest eigenvalue of H0: below, a mode costs nothing at first order."""
HELD = 1e-5
"""Of the largest eigenvalue of Hp among soft modes: above, a mode is held by it."""


def quartic_modes(problem: DerivedProblem, w: Array, contacts: NDArray[np.bool_]) -> int:
    """How many modes that stretch no contact to first order are held by Hp alone.

    Translations are none, nor is what a rattler is free to do: all but what its contacts stretch, where it touches.

    Arguments:
        problem: at the margin of the packing.
        w: (N,) at rest just above jamming.
        contacts: (M,) which constraints are contacts.
    """
    backbone = problem.system.backbone(contacts)
    touches = int(np.count_nonzero(contacts)) - int(np.count_nonzero(backbone.contacts))
    trivial = backbone.trivial + problem.system.size - backbone.degrees - touches
    H0, Hp = problem.hessian(w)
    values, vectors = np.linalg.eigh(H0)
    soft = vectors[:, values < SOFT * values[-1]]
    bends = np.sort(np.linalg.eigvalsh(soft.T @ Hp @ soft))[::-1]
    noise = 1e3 * float(np.finfo(np.float64).eps) * float(np.abs(Hp).max(initial=0.0))
    positive = int(np.count_nonzero(bends > max(HELD * bends[0], noise))) if len(bends) else 0
    return min(positive, int(soft.shape[1]) - trivial)
