"""The rank of a tall matrix that comes in blocks of rows, and how clearly it is one."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from jamharness.api import Float64

TOLERANCE = 1e-12
"""Singular values below this times the largest count as zero (arXiv 1901.01608, on N_eff)."""


@dataclass(frozen=True, kw_only=True)
class Rank:
    """A numerical rank.

    Arguments:
        rank: singular values above the tolerance.
        rows: of the matrix: no rank is larger.
        gap: the smallest that counts over the largest that does not; infinite where all count, or the others are zero.
    """

    rank: int
    rows: int
    gap: float


def rank_of(blocks: Iterable[Float64], tolerance: float = TOLERANCE) -> Rank:
    """The rank of all blocks on top of each other.

    Of each block only the triangle of its QR decomposition with what came before is kept: N² numbers beside a block.

    Arguments:
        blocks: (n, N) each.
        tolerance: relative to the largest singular value.
    """
    triangle, rows = None, 0
    for block in blocks:
        rows += len(block)
        triangle = np.linalg.qr(block if triangle is None else np.concatenate([triangle, block]), mode="r")  # type: ignore[call-overload]
    if triangle is None:
        return Rank(rank=0, rows=0, gap=float("inf"))
    values = np.linalg.svd(triangle, compute_uv=False)
    rank = int(np.count_nonzero(values > tolerance * values[0]))
    below = float(values[rank]) if rank < len(values) else 0.0
    return Rank(rank=rank, rows=rows, gap=float(values[rank - 1] / below) if below and rank else float("inf"))
