"""Which particles of a packing its contacts hold."""

import numpy as np
from numpy.typing import NDArray

Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]
"""The two particles of each pair, (M,) each."""


def held(particles: int, least: int, pairs: Pairs) -> NDArray[np.bool_]:
    """Which particles (n,) are no rattlers: those with fewer contacts than ``least`` go out until none is left.

    Arguments:
        particles: n.
        least: contacts that hold a particle.
        pairs: the particles of each contact, (N_Δ,) each.
    """
    (first, second), alive = pairs, np.ones(particles, dtype=bool)
    while True:
        both = alive[first] & alive[second]
        loose = alive & (degrees(particles, (first[both], second[both])) < least)
        if not loose.any():
            return alive
        alive &= ~loose


def degrees(particles: int, pairs: Pairs) -> NDArray[np.intp]:
    """How many contacts each particle has, (n,).

    Arguments:
        particles: n.
        pairs: the particles of each contact, (N_Δ,) each.
    """
    return np.bincount(np.concatenate(pairs), minlength=particles)
