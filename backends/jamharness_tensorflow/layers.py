"""Forward and backward through a fully connected network; Python runs once, while a graph is traced."""

from typing import NamedTuple

import tensorflow as tf

from jamharness.api import Network
from jamharness_tensorflow import nonlinear


class Pass(NamedTuple):
    """One forward pass over M patterns; a tuple, so that traced functions take and return it.

    Arguments:
        weights: W_l of shape (out, in).
        inputs: a_{l-1} of shape (M, in), what each layer receives.
        preactivations: z_l of shape (M, out) of the hidden layers.
        outputs: f of shape (M,).
    """

    weights: tuple[tf.Tensor, ...]
    inputs: tuple[tf.Tensor, ...]
    preactivations: tuple[tf.Tensor, ...]
    outputs: tf.Tensor

    def rows(self, rows: tf.Tensor) -> "Pass":
        """The same pass for some of its patterns."""
        return Pass(
            weights=self.weights,
            inputs=tuple(tf.gather(a, rows) for a in self.inputs),
            preactivations=tuple(tf.gather(z, rows) for z in self.preactivations),
            outputs=tf.gather(self.outputs, rows),
        )

    def part(self, start: tf.Tensor, stop: tf.Tensor) -> "Pass":
        """The same pass for a block of its patterns."""
        return Pass(
            weights=self.weights,
            inputs=tuple(a[start:stop] for a in self.inputs),
            preactivations=tuple(z[start:stop] for z in self.preactivations),
            outputs=self.outputs[start:stop],
        )


def split(network: Network, w: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor | None]]:
    """(W_l, b_l) out of w (N,); b_l is None without biases."""
    return [
        (tf.reshape(w[weight], shape), w[bias] if network.bias else None)
        for (weight, bias), shape in zip(network.slices, network.shapes, strict=True)
    ]


def forward(network: Network, beta: tf.Tensor, w: tf.Tensor, x: tf.Tensor) -> Pass:
    """All activations of inputs x (M, d)."""
    name = network.nonlinearity.name
    inputs, preactivations, weights = [x], [], []
    for W, b in split(network, w):
        z = tf.matmul(inputs[-1], W, transpose_b=True)
        weights.append(W)
        preactivations.append(z if b is None else z + b)
        inputs.append(nonlinear.value(name, beta, preactivations[-1]))
    return Pass(tuple(weights), tuple(inputs[:-1]), tuple(preactivations[:-1]), preactivations[-1][:, 0])


def backward(network: Network, beta: tf.Tensor, passed: Pass, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """seed_μ ∂f_μ/∂z_l of shape (M, out) for every layer, for a seed of shape (M,)."""
    name = network.nonlinearity.name
    signals = [seed[:, tf.newaxis]]
    for W, z in zip(passed.weights[:0:-1], passed.preactivations[::-1], strict=True):
        signals.append(tf.matmul(signals[-1], W) * nonlinear.slope(name, beta, z))
    return tuple(signals[::-1])


def pull_back(network: Network, passed: Pass, signals: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """Σ_μ signal_μ ⊗ input_μ over all layers, (N,): the gradient of Σ seed_μ f_μ."""
    parts = []
    for g, a in zip(signals, passed.inputs, strict=True):
        parts.append(tf.reshape(tf.matmul(g, a, transpose_a=True), [-1]))
        if network.bias:
            parts.append(tf.reduce_sum(g, axis=0))
    return tf.concat(parts, axis=0)


def output_jacobian(network: Network, passed: Pass, signals: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """seed_μ ∂f_μ/∂w of shape (M, N): one outer product per layer."""
    parts = []
    for g, a, (out, fan) in zip(signals, passed.inputs, network.shapes, strict=True):
        parts.append(tf.reshape(g[:, :, tf.newaxis] * a[:, tf.newaxis, :], [-1, out * fan]))
        if network.bias:
            parts.append(g)
    return tf.concat(parts, axis=1)


def gram(
    network: Network, first: tuple[Pass, tuple[tf.Tensor, ...]], second: tuple[Pass, tuple[tf.Tensor, ...]]
) -> tf.Tensor:
    """Inner products of two Jacobians, (M1, M2), without either: Σ_l (g_l g_l'ᵀ) ∘ (a_{l-1} a_{l-1}'ᵀ + bias)."""
    bias = 1.0 if network.bias else 0.0
    return tf.add_n([
        (tf.matmul(a1, a2, transpose_b=True) + bias) * tf.matmul(g1, g2, transpose_b=True)
        for g1, a1, g2, a2 in zip(first[1], first[0].inputs, second[1], second[0].inputs, strict=True)
    ])  # fmt: skip
