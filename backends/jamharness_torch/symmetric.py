"""Symmetric products by their lower triangle: half the work of a full product, and no array beside the result."""

import torch
from torch import Tensor

from jamharness.api import Network
from jamharness_torch.layers import Pass, gram

SIDE = 256
"""Side of the blocks of which the lower triangle is made. On one thread of a CPU, JᵀJ for n = 5000, N = 2121 runs
at 0.80 of the rate of full products, counted by the half that is needed; with 532 at 0.75, with 1061 at 0.63, in one
piece at 0.48. JJᵀ for n = 2000 takes 0.4 of the time with 1024, whose terms do not stay in the cache."""


def add_square(square: Tensor, J: Tensor) -> None:
    """Add the lower triangle of JᵀJ to ``square`` (N, N), for J (n, N); of the upper one, parts are written too."""
    size = len(square)
    for start in range(0, size, SIDE):
        rows, columns = slice(start, start + SIDE), slice(0, min(start + SIDE, size))
        square[rows, columns].addmm_(J[:, rows].T, J[:, columns])


def mirror(matrix: Tensor) -> Tensor:
    """Copy the lower triangle of a square matrix into its upper one, in place; return it."""
    size = len(matrix)
    for start in range(0, size, SIDE):
        rows, before = slice(start, start + SIDE), slice(0, start)
        matrix[before, rows] = matrix[rows, before].T
        corner = matrix[rows, rows]
        corner.copy_(torch.tril(corner) + torch.tril(corner, -1).T)
    return matrix


def lower_gram(network: Network, passed: Pass, signals: list[Tensor]) -> Tensor:
    """The lower triangle of JJᵀ (n, n) without J, for J = signals ⊗ inputs; of the upper one, parts are written too."""
    n = len(passed.outputs)
    triangle = passed.outputs.new_empty((n, n))
    for start in range(0, n, SIDE):
        rows, columns = slice(start, start + SIDE), slice(0, min(start + SIDE, n))
        parts = [(passed.rows(chosen), [g[chosen] for g in signals]) for chosen in (rows, columns)]
        triangle[rows, columns] = gram(network, *parts)
    return triangle
