"""Forward and backward through a fully connected network, one matrix product per layer."""

from dataclasses import dataclass

import numpy as np

from jamharness.api import Array, Network
from jamharness_numpy import nonlinear


@dataclass(frozen=True, kw_only=True, eq=False)
class Pass:
    """One forward pass over M patterns.

    Arguments:
        weights: W_l of shape (out, in), from the first layer to the last.
        inputs: a_{l-1} of shape (M, in), what each layer receives.
        preactivations: z_l of shape (M, out) of the hidden layers.
        outputs: f of shape (M,).
    """

    weights: list[Array]
    inputs: list[Array]
    preactivations: list[Array]
    outputs: Array


def forward(network: Network, w: Array, x: Array) -> Pass:
    """z_l = W_l a_{l-1} + b_l and a_l = σ(z_l), with a_0 = x (M, d) and f = z_{L+1}."""
    parts = network.split(w)
    inputs: list[Array] = [x]
    preactivations: list[Array] = []
    for W, b in parts[:-1]:
        z = inputs[-1] @ W.T + (b if network.bias else 0)
        preactivations.append(z)
        inputs.append(nonlinear.value(network.nonlinearity, z))
    W, b = parts[-1]
    outputs = inputs[-1] @ W[0] + (b[0] if network.bias else 0)
    return Pass(weights=[W for W, _ in parts], inputs=inputs, preactivations=preactivations, outputs=outputs)


def backward(network: Network, passed: Pass) -> list[Array]:
    """g_l = ∂f/∂z_l of shape (M, out) for every layer: g_{L+1} = 1, g_l = (g_{l+1} W_{l+1}) σ'(z_l)."""
    signals: list[Array] = [np.ones((len(passed.outputs), 1), dtype=passed.outputs.dtype)]
    for W, z in zip(passed.weights[:0:-1], passed.preactivations[::-1], strict=True):
        signals.append((signals[-1] @ W) * nonlinear.slope(network.nonlinearity, z))
    return signals[::-1]


def output_jacobian(network: Network, passed: Pass) -> Array:
    """∂f/∂w of shape (M, N): ∂f/∂W_l is the outer product of g_l and a_{l-1}, ∂f/∂b_l is g_l."""
    blocks: list[Array] = []
    for g, a in zip(backward(network, passed), passed.inputs, strict=True):
        blocks.append((g[:, :, None] * a[:, None, :]).reshape(len(g), g.shape[1] * a.shape[1]))
        if network.bias:
            blocks.append(g)
    return np.concatenate(blocks, axis=1)
