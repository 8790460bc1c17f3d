"""L and ∇L alone, with patterns as columns: products of (out, in) and (in, M) run a third faster than the other way."""

import torch
from torch import Tensor

from jamharness.api import Network
from jamharness_torch import nonlinear
from jamharness_torch.layers import split

_FEW = 0.6
"""Below this part of unsatisfied patterns they are gathered for the backward pass; above, copying costs more."""


def add_gradient(
    network: Network, w: Tensor, x: Tensor, y: Tensor, margin: float, patterns: int, out: Tensor
) -> tuple[Tensor, int]:
    """Add what some patterns contribute to ∇L; only unsatisfied ones go through the backward pass.

    Arguments:
        network: the network.
        w: (N,).
        x: the patterns as columns, (d, M).
        y: their labels, (M,).
        margin: κ.
        patterns: P, of the whole problem.
        out: (N,), to which ∇L is added.

    Returns:
        What they contribute to L, on the device, and how many are unsatisfied.
    """
    parts = split(network, w)
    inputs, preactivations, outputs = _forward(network, parts, x)
    hinge = torch.relu(torch.sub(margin, y * outputs))
    rows = torch.nonzero(hinge).squeeze(1)
    count = len(rows)
    if not count:
        return hinge.new_zeros(()), 0
    loss = hinge.square().sum() / (2 * patterns)
    if count < _FEW * len(y):
        inputs, preactivations = [a[:, rows] for a in inputs], [z[:, rows] for z in preactivations]
        y, hinge = y[rows], hinge[rows]
    g = (y * hinge).div_(-patterns).unsqueeze(0)
    for layer in range(len(parts) - 1, -1, -1):
        (weight, bias), shape = network.slices[layer], network.shapes[layer]
        out[weight].view(shape).addmm_(g, inputs[layer].T)
        if network.bias:
            out[bias] += g.sum(dim=1)
        if layer:
            g = (parts[layer][0].T @ g).mul_(nonlinear.slope(network.nonlinearity, preactivations[layer - 1]))
    return loss, count


def _forward(
    network: Network, parts: list[tuple[Tensor, Tensor | None]], x: Tensor
) -> tuple[list[Tensor], list[Tensor], Tensor]:
    inputs, preactivations = [x], []
    for W, b in parts[:-1]:
        z = W @ inputs[-1] if b is None else torch.addmm(b.unsqueeze(1), W, inputs[-1])
        preactivations.append(z)
        inputs.append(nonlinear.value(network.nonlinearity, z))
    W, b = parts[-1]
    outputs = (W @ inputs[-1])[0]
    return inputs, preactivations, outputs if b is None else outputs + b


def masked_gradient(network: Network, w: Tensor, x: Tensor, y: Tensor, margin: Tensor) -> tuple[Tensor, Tensor]:
    """∇L (N,), and whether a pattern is unsatisfied, in shapes that do not depend on w.

    Arguments:
        network: the network.
        w: (N,).
        x: the patterns as rows, (P, d).
        y: their labels, (P,).
        margin: κ.
    """
    parts = split(network, w)
    inputs, preactivations, outputs = _forward(network, parts, x.T)
    hinge = torch.relu(margin - y * outputs)
    g = (y * hinge / -len(y)).unsqueeze(0)
    gradients: list[Tensor] = []
    for layer in range(len(parts) - 1, -1, -1):
        if network.bias:
            gradients.append(g.sum(dim=1))
        gradients.append((g @ inputs[layer].T).reshape(-1))
        if layer:
            g = (parts[layer][0].T @ g) * nonlinear.slope(network.nonlinearity, preactivations[layer - 1])
    return torch.cat(gradients[::-1]), (hinge > 0).any()
