"""Relu networks near their kinks: gaps to first order as a linear program can hold them, and exactly on one branch.

For fixed states of the other units, y f has the term a relu(z) for each unit of each pattern, a = y ∂f/∂relu(z). Where
a < 0 it is concave, the smaller of two branches: both hold as constraints, and a maximum of the smallest gap can lie at
z = 0. Where a > 0 it is convex: at z = 0 either branch goes up, and no maximum lies there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Float64, Network

NEAR = 0.3
"""Of the farthest, r Σ |∇z|, that a step within a trust region can move a preactivation: kinks nearer than this take
part. No step goes against one unit in every component, and a kink that is missed costs a smaller trust region."""
BLOCK = 2**25
"""Bytes of a block of products for second derivatives."""
SPLIT = 3
"""Kinks of one pattern in one layer whose two branches are followed apart: eight branches."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kinks:
    """Some units of some patterns.

    Arguments:
        layers, units, patterns: (K,) which they are; patterns count among those at hand.
        weights: (K,) a.
        preactivations: (K,) z.
        states: (K,) 1 for a unit that is on.
        slopes: (K, N) ∇z.
    """

    layers: NDArray[np.intp]
    units: NDArray[np.intp]
    patterns: NDArray[np.intp]
    weights: Float64
    preactivations: Float64
    states: Float64
    slopes: Float64

    def __len__(self) -> int:
        return len(self.weights)

    def chosen(self, which: NDArray[Any]) -> "Kinks":
        """Some of them, by index or by a mask."""
        return Kinks(**{item.name: getattr(self, item.name)[which] for item in fields(self)})


def no_kinks(size: int) -> Kinks:
    """None of a system of ``size`` parameters."""
    index, number = np.zeros(0, dtype=np.intp), np.zeros(0)
    return Kinks(
        layers=index, units=index, patterns=index, weights=number, preactivations=number, states=number,
        slopes=np.zeros((0, size)),
    )  # fmt: skip


class Branch:
    """A relu network on some patterns with its units held on or off: smooth, and relu itself while none changes.

    Arguments:
        network: with relu.
        x, y: (n, d) and (n,) patterns.
        states: for each hidden layer (n, h), 1 where a unit is on.
        held: for each hidden layer (n, h), where the unit's other state is a pattern of its own.
    """

    def __init__(
        self, network: Network, x: Array, y: Array, states: Sequence[Float64], held: Sequence[NDArray[np.bool_]]
    ) -> None:
        self.network, self.x = network, np.asarray(x, dtype=np.float64)
        self.y = np.asarray(y, dtype=np.float64).reshape(-1, 1)
        self.states, self.held = list(states), list(held)

    @classmethod
    def at(cls, network: Network, x: Array, y: Array, w: Array) -> "Branch":
        """The one that relu takes at w: units are on where z > 0."""
        inputs, states = np.asarray(x, dtype=np.float64), []
        for W, b in network.split(np.asarray(w, dtype=np.float64))[:-1]:
            z = inputs @ W.T + (b if network.bias else 0.0)
            states.append((z > 0).astype(np.float64))
            inputs = z * states[-1]
        return cls(network, x, y, states, [np.zeros(state.shape, dtype=bool) for state in states])

    def chosen(self, rows: NDArray[Any]) -> "Branch":
        """Some of the patterns, as often as they are named."""
        return Branch(
            self.network, self.x[rows], self.y[rows], [part[rows] for part in self.states],
            [part[rows] for part in self.held],
        )  # fmt: skip

    def split(self, w: Array, radius: float) -> tuple["Branch", NDArray[np.intp]]:
        """Both branches of concave kinks of the layers after the first, as patterns of their own.

        Only so are the weights a of kinks in earlier layers what they are on either branch: where two kinks meet, the
        sign of one may depend on the state of the other. Of each pattern and layer the ``SPLIT`` nearest are split,
        if a unit of an earlier layer is near its kink too.

        Arguments:
            w: (N,).
            radius: of the trust region in which kinks lie near.

        Returns:
            The branches, and (n,) which of the patterns each is of.
        """
        branch, origin = self, np.arange(len(self.y))
        for layer in range(len(self.states) - 1, 0, -1):
            kinks = branch.kinks(w, radius, (layer,))
            kinks = kinks.chosen(branch._near_below(w, radius, layer)[kinks.patterns])
            near: dict[int, list[int]] = {}
            for which in np.argsort(np.abs(kinks.preactivations), kind="stable"):
                units = near.setdefault(int(kinks.patterns[which]), [])
                if len(units) < SPLIT:
                    units.append(int(kinks.units[which]))
            choices = [near.get(row, []) for row in range(len(branch.y))]
            rows = np.repeat(np.arange(len(choices)), [2 ** len(units) for units in choices])
            further = branch.chosen(rows)
            start = 0
            for units in choices:
                for place, states in enumerate(product((0.0, 1.0), repeat=len(units))):
                    further.states[layer][start + place, list(units)] = states
                    further.held[layer][start + place, list(units)] = True
                start += 2 ** len(units)
            branch, origin = further, origin[rows]
        return branch, origin

    def gaps(self, w: Array) -> Float64:
        """Y f, (n,)."""
        return np.asarray(self.y[:, 0] * self._forward(w)[1][-1][:, 0])

    def jacobian(self, w: Array) -> Float64:
        """∇g, (n, N)."""
        return self._backward(w, self._forward(w)[0], len(self.states), self.y, np.arange(len(self.y)))

    def second(self, w: Array, forces: Float64, kinks: Kinks, pulls: Float64) -> Float64:
        """Σ forces_μ ∇∇g_μ + Σ pulls_k ∇∇z_k, (N, N), exactly.

        With states held, gaps are linear in the weights of each layer: of two layers l < m, ∂²/∂W^m_qp ∂W^l_kj is
        Σ_μ δ_q C_pk a_j, with δ the pull on the preactivations of m, C = ∂(inputs of m)/∂z^l and a the inputs of l; a
        bias of l has 1 in the place of a. Patterns are taken in blocks whose products fill ``BLOCK`` bytes.
        """
        parts, inputs = self.network.split(np.asarray(w, dtype=np.float64)), self._forward(w)[0]
        deltas = self._deltas(w, forces, kinks, pulls)
        H = np.zeros((self.network.size, self.network.size))
        for below in range(len(parts) - 1):
            through = self.states[below][:, :, np.newaxis] * np.eye(parts[below][0].shape[0])
            (weight, bias), signals = self.network.slices[below], inputs[below]
            lower = np.arange(weight.start, weight.stop).reshape(parts[below][0].shape)
            if self.network.bias:
                signals = np.concatenate([signals, np.ones((len(signals), 1))], axis=1)
                lower = np.concatenate([lower, np.arange(bias.start, bias.stop)[:, np.newaxis]], axis=1)
            for above in range(below + 1, len(parts)):
                upper = np.arange(self.network.slices[above][0].start, self.network.slices[above][0].stop)
                entries = len(upper) * through.shape[2]
                total, block = np.zeros((entries, signals.shape[1])), max(1, BLOCK // (8 * entries))
                for start in range(0, len(signals), block):
                    part = slice(start, start + block)
                    pulled = deltas[above][part, :, np.newaxis, np.newaxis] * through[part, np.newaxis]
                    total += pulled.reshape(len(pulled), entries).T @ signals[part]
                both = total.reshape(len(upper), lower.size)
                H[np.ix_(upper, lower.ravel())] = both
                H[np.ix_(lower.ravel(), upper)] = both.T
                if above < len(self.states):
                    through = self.states[above][:, :, np.newaxis] * (parts[above][0] @ through)
        return H

    def preactivations(self, w: Array, kinks: Kinks) -> Float64:
        """Z of some units of some patterns, (K,)."""
        z, preactivations = self._forward(w)[1], np.zeros(len(kinks))
        for layer in range(len(self.states)):
            own = kinks.layers == layer
            preactivations[own] = z[layer][kinks.patterns[own], kinks.units[own]]
        return preactivations

    def slopes(self, w: Array, kinks: Kinks) -> Float64:
        """∇z of some units of some patterns, (K, N)."""
        inputs, slopes = self._forward(w)[0], np.zeros((len(kinks), self.network.size))
        for layer in range(len(self.states)):
            own = np.flatnonzero(kinks.layers == layer)
            slopes[own] = self._unit_slopes(w, inputs, layer, kinks.units[own], kinks.patterns[own])
        return slopes

    def kinks(self, w: Array, radius: float, layers: Sequence[int] | None = None) -> Kinks:
        """The concave kinks that |s_i| ≤ ``radius`` may reach, to first order, and that are not held.

        Arguments:
            w: (N,).
            radius: of the trust region.
            layers: which; None for all.
        """
        parts, (inputs, z), after = self.network.split(w), self._forward(w), self.y
        reachable, reaches = [no_kinks(self.network.size)], self._reaches(w, inputs)
        for layer in range(len(self.states) - 1, -1, -1):
            weights = after @ parts[layer + 1][0]
            after = weights * self.states[layer]
            if layers is not None and layer not in layers:
                continue
            # |∇z·s| ≤ r Σ |∇z|: first by a bound that signals and weights give it, then by ∇z itself.
            near = (weights < 0) & (np.abs(z[layer]) <= NEAR * radius * reaches[layer]) & ~self.held[layer]
            patterns, units = np.nonzero(near)
            kinks = Kinks(
                layers=np.full(len(patterns), layer), units=units, patterns=patterns,
                weights=weights[near], preactivations=z[layer][near], states=self.states[layer][near],
                slopes=self._unit_slopes(w, inputs, layer, units, patterns),
            )  # fmt: skip
            reachable.append(
                kinks.chosen(np.abs(kinks.preactivations) <= NEAR * radius * np.abs(kinks.slopes).sum(axis=1))
            )
        names = [item.name for item in fields(Kinks)]
        return Kinks(**{name: np.concatenate([getattr(each, name) for each in reachable]) for name in names})

    def _forward(self, w: Array) -> tuple[list[Float64], list[Float64]]:
        """The inputs and the preactivations of every layer."""
        inputs, z = [self.x], []
        for layer, (W, b) in enumerate(self.network.split(np.asarray(w, dtype=np.float64))):
            z.append(inputs[-1] @ W.T + (b if self.network.bias else 0.0))
            if layer < len(self.states):
                inputs.append(z[-1] * self.states[layer])
        return inputs, z

    def _near_below(self, w: Array, radius: float, layer: int) -> NDArray[np.bool_]:
        """Whether a unit of an earlier layer, whatever its a, can reach its kink, (n,)."""
        inputs, z = self._forward(w)
        near = [np.abs(z[below]) <= NEAR * radius * sums for below, sums in enumerate(self._reaches(w, inputs)[:layer])]
        return np.asarray(np.any(np.concatenate(near, axis=1), axis=1))

    def _reaches(self, w: Array, inputs: Sequence[Float64]) -> list[Float64]:
        """For each hidden layer a bound (n, 1) of Σ |∇z|, from signals and weights."""
        parts, reaches = self.network.split(np.asarray(w, dtype=np.float64)), []
        for layer in range(len(self.states)):
            gain, sums = 1.0, np.abs(inputs[layer]).sum(axis=1, keepdims=True) + 1.0
            for below in range(layer - 1, -1, -1):
                gain *= float(np.abs(parts[below + 1][0]).sum(axis=1).max())
                sums = sums + gain * (np.abs(inputs[below]).sum(axis=1, keepdims=True) + 1.0)
            reaches.append(sums)
        return reaches

    def _deltas(self, w: Array, forces: Float64, kinks: Kinks, pulls: Float64) -> list[Float64]:
        """The derivatives of Σ forces_μ g_μ + Σ pulls_k z_k with respect to the preactivations of every layer."""
        parts, deltas = self.network.split(np.asarray(w, dtype=np.float64)), []
        g = self.y * forces[:, np.newaxis]
        for layer in range(len(parts) - 1, -1, -1):
            own = kinks.layers == layer
            np.add.at(g, (kinks.patterns[own], kinks.units[own]), pulls[own])
            deltas.append(g)
            if layer:
                g = (g @ parts[layer][0]) * self.states[layer - 1]
        return deltas[::-1]

    def _unit_slopes(
        self, w: Array, inputs: Sequence[Float64], layer: int, units: NDArray[np.intp], patterns: NDArray[np.intp]
    ) -> Float64:
        """∇z (k, N) of units of one layer."""
        seed = np.zeros((len(units), self.network.shapes[layer][0]))
        seed[np.arange(len(units)), units] = 1.0
        return self._backward(w, inputs, layer, seed, patterns)

    def _backward(
        self, w: Array, inputs: Sequence[Float64], top: int, seed: Float64, patterns: NDArray[np.intp]
    ) -> Float64:
        """The derivatives (n, N) of Σ seed · preactivation of one layer, for some patterns."""
        parts = self.network.split(np.asarray(w, dtype=np.float64))
        derivatives, g = np.zeros((len(seed), self.network.size)), seed
        for layer in range(top, -1, -1):
            weight, bias = self.network.slices[layer]
            outer = g[:, :, np.newaxis] * inputs[layer][patterns][:, np.newaxis, :]
            derivatives[:, weight] = outer.reshape(len(g), weight.stop - weight.start)
            if self.network.bias:
                derivatives[:, bias] = g
            if layer:
                g = (g @ parts[layer][0]) * self.states[layer - 1][patterns]
        return derivatives
