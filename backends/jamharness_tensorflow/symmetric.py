"""Symmetric matrices as panels: rows of the lower triangle, each up to and with its square corner on the diagonal."""

from itertools import pairwise

import tensorflow as tf

SIDE = 256
"""Rows of a panel where nothing else decides: of 256, 512 and 1024 the fastest for JᵀJ of n = 5000, N = 2121."""


def square_panels(J: tf.Tensor, size: int) -> tuple[tf.Tensor, ...]:
    """JᵀJ for J (n, N), N = ``size``: half the work of the whole."""
    ends = range(0, size, SIDE)
    return tuple(tf.matmul(J[:, side : side + SIDE], J[:, : side + SIDE], transpose_a=True) for side in ends)


def lower(panels: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """(N, N) with zeros on the right of each panel: what a factorisation reads."""
    size = panels[-1].shape[1]
    return tf.concat([tf.pad(panel, [[0, 0], [0, size - panel.shape[1]]]) for panel in panels], axis=0)


def mirrored(panels: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """The whole symmetric matrix, (N, N), read from the lower triangle alone."""
    ends = [0, *(panel.shape[1] for panel in panels)]
    rows = []
    for index, (start, stop) in enumerate(pairwise(ends)):
        before, corner = panels[index][:, :start], panels[index][:, start:]
        below = tf.linalg.band_part(corner, -1, 0)
        corner = below + tf.transpose(below - tf.linalg.band_part(corner, 0, 0))
        after = [tf.transpose(panel[:, start:stop]) for panel in panels[index + 1 :]]
        rows.append(tf.concat([before, corner, *after], axis=1))
    return tf.concat(rows, axis=0)
