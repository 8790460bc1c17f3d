"""Layers on images by ``tf.nn``; a signal is (M, side, side, C), the one order that it has on every CPU."""

from collections.abc import Sequence

import tensorflow as tf

from jamharness.api import EPSILON


class TensorFlowImageLayers:
    """TensorFlow's own layers."""

    def split(self, w: tf.Tensor, sizes: Sequence[int]) -> Sequence[tf.Tensor]:
        """Parts, whose gradients are joined once."""
        parts: Sequence[tf.Tensor] = tf.split(w, list(sizes))
        return parts

    def images(self, x: tf.Tensor, channels: int, side: int) -> tf.Tensor:
        """(M, side, side, C)."""
        return tf.transpose(tf.reshape(x, (-1, channels, side, side)), (0, 2, 3, 1))

    def rows(self, signal: tf.Tensor) -> tf.Tensor:
        """(M, C side side)."""
        _, height, width, channels = signal.shape
        return tf.reshape(tf.transpose(signal, (0, 3, 1, 2)), (-1, channels * height * width))

    def convolution(self, signal: tf.Tensor, kernel: tf.Tensor, side: int, stride: int, padding: int) -> tf.Tensor:  # noqa: ARG002
        """``conv2d``; its own borders have no second derivatives under ``vectorized_map``."""
        border = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
        wide = tf.pad(signal, border) if padding else signal
        return tf.nn.conv2d(wide, tf.transpose(kernel, (2, 3, 1, 0)), strides=stride, padding="VALID")

    def shifted(self, signal: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
        """A bias."""
        return signal + bias

    def max_pool(self, signal: tf.Tensor, channels: int, side: int, size: int) -> tf.Tensor:  # noqa: ARG002
        """``max_pool2d``."""
        return tf.nn.max_pool2d(signal, size, strides=size, padding="VALID")

    def mean_pool(self, signal: tf.Tensor, channels: int) -> tf.Tensor:  # noqa: ARG002
        """Over positions."""
        return tf.reduce_mean(signal, axis=(1, 2))

    def batch_norm(self, signal: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        """``batch_normalization`` by the statistics of these images; its fused form has no float64.

        The variance of ``tf.nn.moments`` holds the mean fixed, so that its second derivatives are wrong.
        """
        mean = tf.reduce_mean(signal, axis=(0, 1, 2))
        variance = tf.reduce_mean(tf.square(signal - mean), axis=(0, 1, 2))
        return tf.nn.batch_normalization(signal, mean, variance, shift, gain, EPSILON)

    def relu(self, signal: tf.Tensor) -> tf.Tensor:
        """``relu``."""
        return tf.nn.relu(signal)

    def log_sum(self, scores: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
        """``reduce_logsumexp``."""
        least = tf.constant(float("-inf"), dtype=scores.dtype)
        return tf.reduce_logsumexp(tf.where(kept, scores, least), axis=1)
