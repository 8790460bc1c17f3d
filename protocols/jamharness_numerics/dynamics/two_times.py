"""The fixed matrices of the two-time equations on a grid that looks the same at every time.

Rows of C(t, θt) stand at times t_k that grow by a constant factor, so that what a row needs of those before it lies at
the same places, counted back from it, whatever k is: interpolation between rows and nodes is one sparse matrix.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jamharness.api import Float64
from jamharness_numerics.dynamics.panels import Panels, lagrange, rows_of

STENCIL = 6
"""Rows that an interpolation in log t takes. With 8 of them p = 3 grows unstable at t = 200: near the newest row the
interpolation is one-sided."""


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """How fine a grid is.

    Arguments:
        order: nodes of a panel.
        step: log t_{k+1}/t_k.
    """

    order: int
    step: float


class TwoTimes:
    """Interpolation from the last rows, at the nodes v = θ_i t and at u = v + (t − v) θ_j.

    Arguments:
        panels: of θ.
        resolution: of the rows.

    Attributes:
        window: how many rows it looks back, the newest included.
        products: (M², M) from the newest row to θ_i θ_j.
        later: (M², M) from the newest row to θ_i + (1 − θ_i) θ_j.
        at_nodes: (M, window) from rows to times θ_i t.
        old: (M², (window − 1) M) from all earlier rows to the pairs (u, v).
        new: (n, M) from the newest row to those n pairs, numbered in ``touched``, that it has a part in.
    """

    def __init__(self, panels: Panels, resolution: Resolution) -> None:
        self.panels, self._step = panels, resolution.step
        theta, count = panels.nodes, panels.count
        self.window = 1 + STENCIL - int(np.floor(np.log(theta[1]) / resolution.step))
        self.products = panels.matrix(np.multiply.outer(theta, theta).ravel())
        ahead = (theta[:, None] + (1 - theta[:, None]) * theta).ravel()
        self.later = panels.matrix(ahead)
        self.at_nodes = rows_of(*self._rows(theta), self.window).toarray()
        ratio = np.repeat(theta, count) / np.where(ahead > 0, ahead, 1.0)
        (rows, row_weights), (nodes, weights) = self._rows(ahead), panels.interpolation(ratio)
        columns = (rows[:, :, None] * count + nodes[:, None, :]).reshape(len(ahead), -1)
        values = (row_weights[:, :, None] * weights[:, None, :]).reshape(len(ahead), -1)
        split = rows_of(columns, values, self.window * count).tocsc()
        self.old = split[:, : (self.window - 1) * count].tocsr()
        newest = split[:, (self.window - 1) * count :].tocsr()
        self.touched: NDArray[np.intp] = np.flatnonzero(np.diff(newest.indptr))
        self.new: sparse.csr_matrix = newest[self.touched]

    def _rows(self, ratio: Float64) -> tuple[NDArray[np.intp], Float64]:
        """Which rows (n, stencil) of the window values at times ``ratio`` t are made of, and with which weights."""
        back = np.log(np.maximum(ratio, 1e-300)) / self._step
        back = np.maximum(back, STENCIL / 2 + 1 - self.window)
        first = np.minimum(np.floor(back) - STENCIL // 2 + 1, 1 - STENCIL).astype(np.intp)
        stencil = np.arange(STENCIL)
        return first[:, None] + stencil + self.window - 1, lagrange(stencil.astype(np.float64), back - first)

    def summed(self, coefficients: Float64) -> Float64:
        """The matrix (M, M) of Σ_j c_ij × (the newest row at u_ij), for coefficients (M, M)."""
        count, order = len(coefficients), self.panels.order
        weights = self.later.data.reshape(count, count, order) * coefficients[:, :, None]
        places = self.later.indices.reshape(count, count, order) + (np.arange(count) * count)[:, None, None]
        total = np.bincount(places.ravel(), weights.ravel(), minlength=count * count)
        return np.asarray(total.reshape(count, count), dtype=np.float64)
