"""Forward and backward through a fully connected network whose parameters are views of one vector."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from jamharness.api import Network
from jamharness_torch import nonlinear


@dataclass(frozen=True, kw_only=True, eq=False)
class Pass:
    """One forward pass over M patterns.

    Arguments:
        weights: W_l of shape (out, in), views of w.
        inputs: a_{l-1} of shape (M, in), what each layer receives.
        preactivations: z_l of shape (M, out) of the hidden layers.
        outputs: f of shape (M,).
    """

    weights: list[Tensor]
    inputs: list[Tensor]
    preactivations: list[Tensor]
    outputs: Tensor

    def rows(self, rows: Tensor | slice) -> "Pass":
        """The same pass for some of its patterns."""
        return Pass(
            weights=self.weights,
            inputs=[a[rows] for a in self.inputs],
            preactivations=[z[rows] for z in self.preactivations],
            outputs=self.outputs[rows],
        )

    def to(self, dtype: torch.dtype) -> "Pass":
        """The same pass, rounded to a dtype."""
        return Pass(
            weights=[W.to(dtype) for W in self.weights],
            inputs=[a.to(dtype) for a in self.inputs],
            preactivations=[z.to(dtype) for z in self.preactivations],
            outputs=self.outputs.to(dtype),
        )


def split(network: Network, w: Tensor) -> list[tuple[Tensor, Tensor | None]]:
    """Views (W_l, b_l) of w (N,); b_l is None without biases."""
    return [
        (w[weight].view(shape), w[bias] if network.bias else None)
        for (weight, bias), shape in zip(network.slices, network.shapes, strict=True)
    ]


def forward(network: Network, parts: list[tuple[Tensor, Tensor | None]], x: Tensor) -> Pass:
    """All activations of inputs x (M, d)."""
    activation = network.nonlinearity
    inputs, preactivations = [x], []
    for W, b in parts[:-1]:
        preactivations.append(functional.linear(inputs[-1], W, b))
        inputs.append(nonlinear.value(activation, preactivations[-1]))
    outputs = functional.linear(inputs[-1], *parts[-1]).squeeze(1)
    return Pass(weights=[W for W, _ in parts], inputs=inputs, preactivations=preactivations, outputs=outputs)


def backward(network: Network, passed: Pass, seed: Tensor) -> list[Tensor]:
    """seed_μ ∂f_μ/∂z_l of shape (M, out) for every layer, for a seed of shape (M,)."""
    activation = network.nonlinearity
    signals = [seed.unsqueeze(1)]
    for W, z in zip(passed.weights[:0:-1], passed.preactivations[::-1], strict=True):
        signals.append((signals[-1] @ W).mul_(nonlinear.slope(activation, z)))
    return signals[::-1]


def pull_back(network: Network, passed: Pass, signals: list[Tensor], out: Tensor) -> Tensor:
    """Σ_μ signal_μ ⊗ input_μ for every layer, written into ``out`` of shape (N,): the gradient of Σ seed_μ f_μ."""
    for (weight, bias), shape, g, a in zip(network.slices, network.shapes, signals, passed.inputs, strict=True):
        torch.mm(g.T, a, out=out[weight].view(shape))
        if network.bias:
            torch.sum(g, dim=0, out=out[bias])
    return out


def output_jacobian(network: Network, passed: Pass, signals: list[Tensor]) -> Tensor:
    """seed_μ ∂f_μ/∂w of shape (M, N): one outer product per layer."""
    jacobian = passed.outputs.new_empty((len(passed.outputs), network.size))
    for (weight, bias), shape, g, a in zip(network.slices, network.shapes, signals, passed.inputs, strict=True):
        torch.mul(g.unsqueeze(2), a.unsqueeze(1), out=jacobian[:, weight].view(len(g), *shape))
        if network.bias:
            jacobian[:, bias] = g
    return jacobian


def gram(network: Network, first: tuple[Pass, list[Tensor]], second: tuple[Pass, list[Tensor]]) -> Tensor:
    """Inner products of two Jacobians, (M1, M2), without either: Σ_l (g_l g_l'ᵀ) ∘ (a_{l-1} a_{l-1}'ᵀ + bias).

    The cost per pair of patterns is Σ_l (in + out) instead of N.
    """
    bias = 1.0 if network.bias else 0.0
    products: Tensor | None = None
    for g1, a1, g2, a2 in zip(first[1], first[0].inputs, second[1], second[0].inputs, strict=True):
        term = torch.mm(a1, a2.T).add_(bias).mul_(torch.mm(g1, g2.T))
        products = term if products is None else products.add_(term)
    assert products is not None
    return products
