"""Modes of a packing that cost energy at fourth order alone (arXiv 0812.1234)."""

import numpy as np

from jamharness.api import Array, Constraints

SOFT = 1e-7
"""Of the largest eigenvalue of H0: below, a mode costs nothing at first order."""
HELD = 1e-5
"""Of the largest eigenvalue of Hp among soft modes: above, a mode is held by it."""


def quartic_modes(problem: Constraints, w: Array, trivial: int) -> int:
    """How many modes that stretch no contact to first order are held by Hp alone.

    Arguments:
        problem: at the margin of the packing.
        w: (N,) at rest just above jamming.
        trivial: zero modes of any such packing: translations, and all of a rattler's.
    """
    H0, Hp = problem.hessian(w)
    values, vectors = np.linalg.eigh(H0)
    soft = vectors[:, values < SOFT * values[-1]]
    bends = np.sort(np.linalg.eigvalsh(soft.T @ Hp @ soft))[::-1]
    noise = 1e3 * float(np.finfo(np.float64).eps) * float(np.abs(Hp).max(initial=0.0))
    positive = int(np.count_nonzero(bends > max(HELD * bends[0], noise))) if len(bends) else 0
    return min(positive, int(soft.shape[1]) - trivial)
