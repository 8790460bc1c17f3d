"""What packings of particles in a periodic box have in common: pairs, sizes, the load, and which contacts hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import gamma, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api import BadInput, Data, Float64, LocalSystem, Namespace

Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]
"""The two particles of each pair, (M,) each."""


@dataclass(frozen=True, kw_only=True)
class Packing(LocalSystem):
    """n particles in the unit box, every pair of them a constraint; a margin κ inflates all: φ = φ₀ (1 + κ)^d.

    Arguments:
        particles: n.
        size_ratio: of the lengths of the large half to those of the small one; 1 for equal particles.
        reference: φ₀, the packing fraction at κ = 0.

    Raises:
        BadInput: all that cannot be.
    """

    particles: int = 64
    size_ratio: float = 1.4
    reference: float = 0.84

    def __post_init__(self) -> None:
        problems = self.problems()
        if problems:
            raise BadInput(*problems)

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = []
        if self.particles < 4:
            problems.append(f"particles = {self.particles}: a packing needs at least 4.")
        if not 1 <= self.size_ratio <= 10:
            problems.append(f"size_ratio = {self.size_ratio}: it must lie between 1 and 10, as in 1.4.")
        if not 0 < self.reference < 2:
            problems.append(f"reference = {self.reference}: the packing fraction at κ = 0 must lie between 0 and 2.")
        return problems

    @property
    def space(self) -> int:
        """D."""
        return 2

    @property
    def radii(self) -> Float64:
        """R_i (n,) at κ = 0, of the ball of the particle's volume; the large half first."""
        shape = np.where(np.arange(self.particles) < self.particles / 2, self.size_ratio, 1.0)
        ball = pi ** (self.space / 2) / gamma(self.space / 2 + 1)
        return np.asarray(shape * (self.reference / (ball * np.sum(shape**self.space))) ** (1 / self.space))

    @property
    def pairs(self) -> Pairs:
        """The two particles of every pair, (M,) each."""
        return np.triu_indices(self.particles, k=1)

    def load(self, constraints: int, margin: float) -> float:  # noqa: ARG002  (every pair is a constraint)
        """φ = φ₀ (1 + κ)^d."""
        return float(self.reference * (1 + margin) ** self.space)


@dataclass(frozen=True, kw_only=True)
class Unwrapped(LocalSystem):
    """A packing that is never brought back into its box, so that w(t) − w(0) is how far its particles have come.

    Its gaps are those between nearest images, wherever particles are.

    Arguments:
        inside: the packing.
    """

    inside: Packing

    @property
    def along(self) -> tuple[str, ...]:  # type: ignore[override]
        """As of the packing, like all that follows."""
        return self.inside.along

    @property
    def size(self) -> int:
        """N."""
        return self.inside.size

    def support(self) -> NDArray[np.intp]:
        """Which components each pair depends on."""
        return self.inside.support()

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        """What the formula needs."""
        return self.inside.arrays(data)

    def local_gaps(self, xp: Namespace, parts: Any, data: Data) -> Any:
        """The gaps of pairs."""
        return self.inside.local_gaps(xp, parts, data)

    def draw(self, seed: int, scheme: str) -> Float64:
        """An initial w."""
        return self.inside.draw(seed, scheme)

    def load(self, constraints: int, margin: float) -> float:
        """φ."""
        return self.inside.load(constraints, margin)


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
