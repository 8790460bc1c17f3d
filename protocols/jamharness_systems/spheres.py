"""Repulsive spheres in a periodic box (O'Hern, Silbert, Liu and Nagel, Phys. Rev. E 68, 011306, 2003)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Backbone, Data, Float64, Namespace, generator
from jamharness_systems.packing import Packing, degrees, held


@dataclass(frozen=True, kw_only=True)
class Spheres(Packing):
    """Centres of n spheres in the unit box: g_ij = r_ij/(R_i + R_j) − 1, for every pair.

    At a margin κ two spheres touch at r = (1 + κ)(R_i + R_j), so that κ inflates all of them: φ = φ₀ (1 + κ)^d.

    Arguments:
        particles: n.
        dimension: d, 2 or 3.
        size_ratio: of the radii of the large half to those of the small one; 1 for equal spheres. The standard in 2D is
            1.4 (O'Hern et al., §II), which prevents crystals.
        reference: φ₀, the packing fraction at κ = 0.

    Raises:
        BadInput: all that cannot be.
    """

    along: ClassVar[tuple[str, ...]] = ("support", "contact")
    dimension: int = 2

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        wrong = f"dimension = {self.dimension}: packings are of spheres in 2 or 3 dimensions."
        return super().problems() + [wrong] * (self.dimension not in (2, 3))

    @property
    def space(self) -> int:
        """D."""
        return self.dimension

    @property
    def size(self) -> int:
        """N = n d."""
        return self.particles * self.dimension

    def support(self) -> NDArray[np.intp]:
        """The coordinates of the first sphere, then of the second, (M, 2d)."""
        axes = np.arange(self.dimension)
        return np.concatenate([self.dimension * index[:, None] + axes for index in self.pairs], axis=1)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """Every pair: its coordinates in w, and R_i + R_j (M,)."""
        first, second = self.pairs
        return {"support": self.support(), "contact": self.radii[first] + self.radii[second]}

    def local_gaps(self, xp: Namespace, parts: Any, data: Data) -> Any:
        """r_ij/(R_i + R_j) − 1, between nearest images."""
        apart = parts[:, : self.dimension] - parts[:, self.dimension :]
        apart = apart - xp.rint(apart)
        return xp.sqrt(xp.sum(apart * apart, axis=1)) / data["contact"] - 1.0

    def draw(self, seed: int, scheme: str) -> Float64:
        """Independent uniform centres."""
        return generator("spheres", self.particles, self.dimension, scheme, seed).random(self.size)

    def retract(self, w: Float64) -> Float64:
        """Back into the box."""
        return np.asarray(w - np.floor(w))

    def backbone(self, contacts: NDArray[np.bool_]) -> Backbone:
        """Without rattlers, held by fewer than d + 1 contacts; bucklers have exactly d + 1 (arXiv 1411.3975, §II)."""
        first, second = self.pairs
        alive = held(self.particles, self.dimension + 1, (first[contacts], second[contacts]))
        present = alive[first] & alive[second]
        backbone_contacts = contacts & present
        buckles = degrees(self.particles, (first[backbone_contacts], second[backbone_contacts])) == self.dimension + 1
        return Backbone(
            contacts=backbone_contacts,
            present=present,
            degrees=self.dimension * int(np.count_nonzero(alive)),
            trivial=self.dimension,
            rattlers=int(np.count_nonzero(~alive)),
            extended=backbone_contacts & ~buckles[first] & ~buckles[second],
        )

    def shapes(self, w: Float64, margin: float) -> Float64:
        """Centres and radii as they are at a margin κ, (n, d + 1)."""
        centres = np.reshape(self.retract(w), (self.particles, self.dimension))
        return np.column_stack([centres, (1 + margin) * self.radii])
