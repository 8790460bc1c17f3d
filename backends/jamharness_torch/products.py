"""H v without H: the derivative of ∇L along v, by one pass each way (Pearlmutter, Neural Comput. 6, 147, 1994).

With R the derivative along v = (V_l, c_l): R z_l = R a_{l-1} W_lᵀ + a_{l-1} V_lᵀ + c_l, R a_l = σ' R z_l; and for the
signals g_l = ∂L/∂z_l, R g_{l-1} = σ' (R g_l W_l + g_l V_l) + σ'' (g_l W_l) R z_{l-1}.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from jamharness.api import Network
from jamharness_torch import nonlinear
from jamharness_torch.layers import Pass


@dataclass(frozen=True, eq=False)
class Curvature:
    """What all products with H at one w share, for the part of the loss that some patterns make.

    Arguments:
        network: the network.
        passed: forward pass of the n unsatisfied patterns.
        signals: g_l of shape (n, out), for every layer.
        slopes: σ'(z_l) of shape (n, out), for the hidden layers.
        bends: σ''(z_l) (g_{l+1} W_{l+1}) of that shape; None where σ'' is zero.
        scale: 1/P.
    """

    network: Network
    passed: Pass
    signals: list[Tensor]
    slopes: list[Tensor]
    bends: list[Tensor | None]
    scale: float

    @classmethod
    def at(cls, network: Network, passed: Pass, y: Tensor, delta: Tensor, scale: float) -> "Curvature":
        """By one backward pass, from the labels y and the Δ of the same patterns, (n,) each."""
        activation = network.nonlinearity
        slopes = [nonlinear.slope(activation, z) for z in passed.preactivations]
        signals, bends = [(-scale * y * delta).unsqueeze(1)], list[Tensor | None]()
        for W, z, slope in zip(passed.weights[:0:-1], passed.preactivations[::-1], slopes[::-1], strict=True):
            back = signals[0] @ W
            straight = activation.name in ("relu", "linear")
            bends.insert(0, None if straight else nonlinear.curvature(activation, z) * back)
            signals.insert(0, back * slope)
        return cls(network=network, passed=passed, signals=signals, slopes=slopes, bends=bends, scale=scale)

    def rows(self, rows: slice) -> "Curvature":
        """The same for some of the patterns."""
        return Curvature(
            network=self.network,
            passed=self.passed.rows(rows),
            signals=[g[rows] for g in self.signals],
            slopes=[slope[rows] for slope in self.slopes],
            bends=[None if bend is None else bend[rows] for bend in self.bends],
            scale=self.scale,
        )

    def to(self, dtype: torch.dtype) -> "Curvature":
        """The same, rounded to a dtype; which patterns are unsatisfied stays as it is."""
        return Curvature(
            network=self.network,
            passed=self.passed.to(dtype),
            signals=[g.to(dtype) for g in self.signals],
            slopes=[slope.to(dtype) for slope in self.slopes],
            bends=[None if bend is None else bend.to(dtype) for bend in self.bends],
            scale=self.scale,
        )

    def times(self, v: Tensor) -> Tensor:
        """H v of shape (k, N), for v (k, N)."""
        network, passed, count = self.network, self.passed, len(v)
        moves = [
            (v[:, weight].view(count, *shape), v[:, bias].unsqueeze(1) if network.bias else None)
            for (weight, bias), shape in zip(network.slices, network.shapes, strict=True)
        ]
        turned: list[Tensor] = []
        moved: list[Tensor | None] = [None]
        for layer, (V, c) in enumerate(moves):
            Rz = passed.inputs[layer] @ V.transpose(1, 2)
            before = moved[-1]
            if before is not None:
                Rz = Rz + before @ passed.weights[layer].T
            if c is not None:
                Rz = Rz + c
            turned.append(Rz)
            if layer < len(self.slopes):
                moved.append(self.slopes[layer] * Rz)
        Rg, product = self.scale * turned[-1], torch.empty_like(v)
        for layer in range(len(moves) - 1, -1, -1):
            weight, bias = network.slices[layer]
            slope, before = Rg.transpose(1, 2) @ passed.inputs[layer], moved[layer]
            if before is not None:
                slope = slope + self.signals[layer].T @ before
            product[:, weight] = slope.flatten(1)
            if network.bias:
                product[:, bias] = Rg.sum(dim=1)
            if layer:
                Rg = (Rg @ passed.weights[layer] + self.signals[layer] @ moves[layer][0]) * self.slopes[layer - 1]
                bend = self.bends[layer - 1]
                if bend is not None:
                    Rg = Rg + bend * turned[layer - 1]
        return product
