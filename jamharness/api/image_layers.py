"""Layers of networks on images: by the functions of every namespace, or by a framework's own where it brings them.

A namespace may have an attribute ``image_layers`` with the methods of ``ImageLayers``; others get them from here.
What a signal of images looks like is a matter of who computes it: ``images`` makes one and ``rows`` takes it apart
again. A signal without positions is (M, F) everywhere.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jamharness.api.namespace import Namespace

EPSILON = 1e-5
"""Added to the variance in batch normalisation (Ioffe and Szegedy, arXiv 1502.03167, algorithm 1; PyTorch's value)."""


class ImageLayers(Protocol):
    """Layers on M images of C channels and side × side positions each."""

    def split(self, w: Any, sizes: Sequence[int]) -> Sequence[Any]:
        """Successive parts of w (N,)."""

    def images(self, x: Any, channels: int, side: int) -> Any:
        """A signal from rows (M, C side side): channel by channel, each row by row."""

    def rows(self, signal: Any) -> Any:
        """The rows (M, C side side) of a signal."""

    def convolution(self, signal: Any, kernel: Any, side: int, stride: int, padding: int) -> Any:
        """The correlation with a kernel (out, C, k, k) at every stride-th position of images with a border of zeros."""

    def shifted(self, signal: Any, bias: Any) -> Any:
        """A number (C,) added to every position of each channel."""

    def max_pool(self, signal: Any, channels: int, side: int, size: int) -> Any:
        """The largest number in each window of size × size; what does not fill a window is left out."""

    def mean_pool(self, signal: Any, channels: int) -> Any:
        """The mean of each channel, (M, C)."""

    def batch_norm(self, signal: Any, gain: Any, shift: Any) -> Any:
        """Each channel less its mean and over its standard deviation in these M images, times a gain, plus a shift."""

    def relu(self, signal: Any) -> Any:
        """max(0, z), with slope 0 at 0."""

    def log_sum(self, scores: Any, kept: Any) -> Any:
        """Log Σ e^score over the classes that are kept, (M,), for scores (M, C) and kept (M, C) of booleans."""


def image_layers(xp: Namespace) -> ImageLayers:
    """The layers of a namespace: its own, or those made of its functions."""
    own: ImageLayers | None = getattr(xp, "image_layers", None)
    return PlainLayers(xp) if own is None else own


class PlainLayers:
    """The layers by the functions that every namespace has; a signal is (C side side, M), one image in each column.

    Arguments:
        xp: the namespace.
    """

    def __init__(self, xp: Namespace) -> None:
        self._xp = xp

    def split(self, w: Any, sizes: Sequence[int]) -> Sequence[Any]:
        """Slices."""
        ends = np.cumsum([0, *sizes]).tolist()
        return [w[start:stop] for start, stop in pairwise(ends)]

    def images(self, x: Any, channels: int, side: int) -> Any:  # noqa: ARG002
        """One image in each column."""
        return self._xp.transpose(x)

    def rows(self, signal: Any) -> Any:
        """One image in each row."""
        return self._xp.transpose(signal)

    def convolution(self, signal: Any, kernel: Any, side: int, stride: int, padding: int) -> Any:
        """A product with the matrix of all patches."""
        out, channels, size, _ = kernel.shape
        xp, index = self._xp, _patches(channels, side, size, stride, padding)
        padded = xp.concatenate([signal, 0.0 * signal[:1]]) if padding else signal
        columns = xp.reshape(xp.take(padded, index), (len(index), -1))
        product = xp.matmul(xp.reshape(kernel, (out, len(index))), columns)
        return xp.reshape(product, (out * index.shape[1], -1))

    def shifted(self, signal: Any, bias: Any) -> Any:
        """By channels."""
        xp, (channels,) = self._xp, bias.shape
        by_channel = xp.reshape(signal, (channels, -1)) + xp.reshape(bias, (channels, 1))
        return xp.reshape(by_channel, (signal.shape[0], -1))

    def max_pool(self, signal: Any, channels: int, side: int, size: int) -> Any:
        """One place of the window after the other; of equal ones the first counts."""
        xp, windows = self._xp, _windows(channels, side, size)
        maxima = xp.take(signal, windows[0])
        for place in windows[1:]:
            other = xp.take(signal, place)
            maxima = xp.where(other > maxima, other, maxima)
        return maxima

    def mean_pool(self, signal: Any, channels: int) -> Any:
        """By a matrix of equal weights."""
        area = signal.shape[0] // channels
        weights = np.kron(np.eye(channels), np.full((1, area), 1.0 / area))
        return self._xp.transpose(self._xp.matmul(self._xp.asarray(weights), signal))

    def batch_norm(self, signal: Any, gain: Any, shift: Any) -> Any:
        """By channels."""
        xp, (channels,) = self._xp, gain.shape
        by_channel = xp.reshape(signal, (channels, -1))
        count = xp.sum(0.0 * by_channel[0] + 1.0)
        centred = by_channel - xp.reshape(xp.sum(by_channel, axis=1), (channels, 1)) / count
        variance = xp.sum(centred * centred, axis=1) / count
        scale = gain / xp.sqrt(variance + EPSILON)
        normalised = centred * xp.reshape(scale, (channels, 1)) + xp.reshape(shift, (channels, 1))
        return xp.reshape(normalised, (signal.shape[0], -1))

    def relu(self, signal: Any) -> Any:
        """The branch of z > 0."""
        return self._xp.where(signal > 0, signal, 0.0 * signal)

    def log_sum(self, scores: Any, kept: Any) -> Any:
        """Added up two by two, without overflow; at least one of the first two classes is kept."""
        xp = self._xp
        total = xp.where(kept[:, 0], scores[:, 0], scores[:, 1])
        for index in range(1, scores.shape[1]):
            more = total + xp.softplus(scores[:, index] - total)
            # The sum begins with the second class where the first is not kept.
            total = xp.where(kept[:, index], more if index > 1 else xp.where(kept[:, 0], more, total), total)
        return total


def _patches(channels: int, side: int, size: int, stride: int, padding: int) -> NDArray[np.intp]:
    """Where in a signal each patch lies, (C k k, positions); the row after the last stands for the border."""
    wide = side + 2 * padding
    padded = np.full((channels, wide, wide), channels * side * side, dtype=np.intp)
    inner = slice(padding, padding + side)
    padded[:, inner, inner] = np.arange(channels * side * side).reshape(channels, side, side)
    views = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    return views.transpose(0, 3, 4, 1, 2).reshape(channels * size * size, -1)


def _windows(channels: int, side: int, size: int) -> NDArray[np.intp]:
    """Where each place of the windows lies, (k k, C positions)."""
    fit = side // size
    index = np.arange(channels * side * side).reshape(channels, side, side)[:, : fit * size, : fit * size]
    return index.reshape(channels, fit, size, fit, size).transpose(2, 4, 0, 1, 3).reshape(size * size, -1)
