"""Nodes on 0 ≤ θ ≤ 1 in panels that shrink towards both ends, with their quadrature and interpolation.

Functions of two times vary within a unit of time near t′ = 0 and near t′ = t, however large t is: panels of widths
2^−k at both ends of θ = t′/t resolve that with a number of nodes that grows as log t.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jamharness.api import Float64


class Panels:
    """Chebyshev–Lobatto nodes in 2 ``levels`` panels.

    Arguments:
        levels: panels in each half; the narrowest are 2^−levels wide.
        order: nodes of a panel, those that it shares with its neighbours among them.
    """

    def __init__(self, levels: int, order: int) -> None:
        below = 2.0 ** -np.arange(levels, 0, -1)
        self.order, self.edges = order, np.concatenate([[0.0], below, 1 - below[::-1][1:], [1.0]])
        self.unit = (1 - np.cos(np.pi * np.arange(order) / (order - 1))) / 2
        starts, widths = self.edges[:-1], np.diff(self.edges)
        inner = starts[:, None] + widths[:, None] * self.unit[1:]
        self.nodes: Float64 = np.concatenate([[0.0], inner.ravel()])

    @property
    def count(self) -> int:
        """M, the number of nodes."""
        return len(self.nodes)

    @cached_property
    def cumulative(self) -> Float64:
        """The matrix (M, M) that takes values at the nodes to their integrals from 0 to each node."""
        legendre = np.polynomial.legendre
        x = 2 * self.unit - 1
        units = np.eye(self.order)
        integrals = np.stack([legendre.legval(x, legendre.legint(unit, lbnd=-1)) / 2 for unit in units], axis=1)
        within = integrals @ np.linalg.inv(legendre.legvander(x, self.order - 1))
        matrix = np.zeros((self.count, self.count))
        before = np.zeros(self.count)
        for panel, width in enumerate(np.diff(self.edges)):
            own = slice(panel * (self.order - 1), panel * (self.order - 1) + self.order)
            matrix[own] = before
            matrix[own, own] += width * within
            before = matrix[own][-1].copy()
        return matrix

    @property
    def weights(self) -> Float64:
        """Of the quadrature over 0 ≤ θ ≤ 1, (M,)."""
        return np.asarray(self.cumulative[-1])

    def interpolation(self, at: Float64) -> tuple[NDArray[np.intp], Float64]:
        """Which nodes (n, order) values at some points (n,) are made of, and with which weights."""
        panel = np.clip(np.searchsorted(self.edges, at, side="right") - 1, 0, len(self.edges) - 2)
        within = (at - self.edges[panel]) / (self.edges[panel + 1] - self.edges[panel])
        return panel[:, None] * (self.order - 1) + np.arange(self.order), lagrange(self.unit, within)

    def matrix(self, at: Float64) -> sparse.csr_matrix:
        """The same as a matrix (n, M)."""
        return rows_of(*self.interpolation(at), self.count)


def lagrange(nodes: Float64, at: Float64) -> Float64:
    """Weights (n, k) of the values at k nodes in those at points (n,) of the polynomial through them."""
    apart = nodes[:, None] - nodes
    np.fill_diagonal(apart, 1.0)
    distance = at[:, None] - nodes
    hit = np.abs(distance) < 1e-14
    weights = 1 / np.prod(apart, axis=1) / np.where(hit, 1.0, distance)
    weights = np.where(hit.any(axis=1, keepdims=True), hit.astype(np.float64), weights)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def rows_of(columns: NDArray[np.intp], weights: Float64, width: int) -> sparse.csr_matrix:
    """A sparse matrix with as many entries in each row."""
    count, each = columns.shape
    return sparse.csr_matrix((weights.ravel(), columns.ravel(), np.arange(count + 1) * each), shape=(count, width))
