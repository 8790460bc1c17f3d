"""From points and classes to patterns and labels, as the papers do it: signs, order, centring and normalisation."""

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Float64
from jamharness.api.errors import BadInput


def parity(classes: NDArray[np.integer]) -> Float64:
    """−1 for an even class number and +1 for an odd one, (n,): the two classes of arXiv 1809.09349, Methods."""
    return np.where(np.asarray(classes) % 2, 1.0, -1.0)


def alternating(count: int) -> Float64:
    """−1, +1, −1, … of shape (count,)."""
    return np.where(np.arange(count) % 2, 1.0, -1.0)


def fair_signs(draw: np.random.Generator, count: int) -> Float64:
    """Independent ±1 with equal probability, (count,); a larger count begins with the smaller one."""
    return np.where(draw.random(count) < 0.5, -1.0, 1.0)


def interleaved(signs: Float64, draw: np.random.Generator) -> NDArray[np.intp]:
    """An order in which the two classes alternate −1, +1, −1, …, each shuffled, until the smaller one is used up.

    Arguments:
        signs: (n,) of ±1.
        draw: shuffles each class.

    Returns:
        Positions in ``signs``, (2 min(n₋, n₊),).
    """
    down, up = (draw.permutation(np.flatnonzero(signs == sign)) for sign in (-1.0, 1.0))
    pairs = min(len(down), len(up))
    return np.stack([down[:pairs], up[:pairs]], axis=1).ravel()


def normalised(x: Float64, mean: Float64) -> Float64:
    """Points shifted by −mean, then each projected to |x| = √d (arXiv 1809.09349, Methods).

    Arguments:
        x: (n, d).
        mean: (d,) the mean of the pool, also for test points, which must not choose their own.

    Raises:
        BadInput: a point equals the mean, so that it has no direction.
    """
    shifted = x - mean
    norms = np.linalg.norm(shifted, axis=1)
    root = np.sqrt(x.shape[1])
    rounding = 16 * np.finfo(np.float64).eps * root * np.abs(x).max(initial=0.0)
    lost = np.flatnonzero(norms <= rounding)
    if lost.size:
        raise BadInput(
            f"Pattern {lost[0]} of {len(x)} equals the mean of the pool, so that it cannot be projected to |x| = √d; "
            "ask for more patterns or for normalise = false."
        )
    return np.asarray(shifted * (root / norms)[:, None])
