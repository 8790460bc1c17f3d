"""The two parts of the Hessian, assembled by matrix products over blocks of patterns.

For l ≤ m, with g_m = ∂f/∂z_m, A = ∂a_{m-1}/∂z_l and U = ∂g_m/∂z_l, the block of layers m and l of ∇∇f is
[m > l] g_m ⊗ A ⊗ a_{l-1} + U ⊗ a_{m-1} ⊗ a_{l-1}. With D = ∂z_m/∂z_l, found from l upwards,
U = diag(σ''_m W_{m+1}ᵀ g_{m+1}) D + diag(σ'_m) W_{m+1}ᵀ (U of m + 1), found from the output downwards; it vanishes for
piecewise-linear activations. For m = l + 1, A is diagonal, which saves all but one part in h of that block's work. For
m = l both U = ∂²f/∂z_l∂z_l and a_{l-1} ⊗ a_{l-1} are symmetric: a quarter of the block is made; and below the output U
is diagonal, which again leaves one part in h.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from jamharness.api import Network
from jamharness_torch import nonlinear
from jamharness_torch.layers import Pass, backward, output_jacobian
from jamharness_torch.symmetric import add_square, mirror

_ROWS = 512
"""Patterns taken at a time on a CPU: what is made of them stays in its cache, and products are still long enough. On
another device N are taken, whose arrays have N² entries."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """What some patterns contribute with: c_μ times the derivatives of f_μ.

    Arguments:
        weights: W_l of shape (out, in).
        inputs: a_{l-1} and, with biases, the constant 1, of shape (M, in + bias).
        signals: c ∂f/∂z_l of shape (M, out).
        slopes: σ'(z_l) of shape (M, out), of the hidden layers.
        bends: c σ''(z_l) W_{l+1}ᵀ g_{l+1} of shape (M, out), of the hidden layers; empty where σ'' = 0.
    """

    weights: list[Tensor]
    inputs: list[Tensor]
    signals: list[Tensor]
    slopes: list[Tensor]
    bends: list[Tensor]

    @classmethod
    def of(cls, network: Network, passed: Pass, coefficients: Tensor) -> "Block":
        """Everything that is linear in the number of patterns, made once."""
        activation, hidden = network.nonlinearity, passed.preactivations
        signals = backward(network, passed, coefficients)
        bends = []
        if activation.name not in ("relu", "linear"):
            above = zip(hidden, signals[1:], passed.weights[1:], strict=True)
            bends = [nonlinear.curvature(activation, z) * (g @ W) for z, g, W in above]
        inputs = [torch.cat([a, a.new_ones((len(a), 1))], dim=1) if network.bias else a for a in passed.inputs]
        slopes = [nonlinear.slope(activation, z) for z in hidden]
        return cls(weights=passed.weights, inputs=inputs, signals=signals, slopes=slopes, bends=bends)

    def part(self, rows: slice) -> "Block":
        """The same for some of the patterns; nothing is copied."""
        parts = {name: [a[rows] for a in getattr(self, name)] for name in ("inputs", "signals", "slopes", "bends")}
        return Block(weights=self.weights, **parts)


def first_part(network: Network, passed: Pass) -> Tensor:
    """Σ_μ ∇f_μ ∇f_μᵀ of shape (N, N); beside it one block of the Jacobian is in memory."""
    ones = torch.ones_like(passed.outputs)
    signals = backward(network, passed, ones)
    square = ones.new_zeros((network.size, network.size))
    for rows in _blocks(network, ones):
        add_square(square, output_jacobian(network, passed.rows(rows), [g[rows] for g in signals]))
    return mirror(square)


def second_part(network: Network, passed: Pass, coefficients: Tensor) -> Tensor:
    """Σ_μ c_μ ∇∇f_μ of shape (N, N), for coefficients c (M,).

    Each pair of layers is summed over all patterns in an array of its own shape and written into its place once.
    """
    hessian = coefficients.new_zeros((network.size, network.size))
    whole = Block.of(network, passed, coefficients)
    layers = len(network.shapes)
    for lower in range(layers):
        straight = [_straight(network, upper, lower, hessian) for upper in range(lower + 1, layers)]
        curved = [_curved(network, upper, lower, hessian) for upper in range(lower, len(whole.bends))]
        if not straight and not curved:
            continue
        for rows in _blocks(network, coefficients):
            _add(whole.part(rows), lower, straight, curved)
        for upper in range(lower, layers):
            block = _arranged(network, upper, lower, straight[upper - lower - 1] if upper > lower else None,
                              curved[upper - lower] if upper - lower < len(curved) else None)  # fmt: skip
            if block is not None:
                _put(network, hessian, block, upper, lower)
    return mirror(hessian)


def _blocks(network: Network, patterns: Tensor) -> list[slice]:
    rows = _ROWS if patterns.device.type == "cpu" else max(_ROWS, network.size)
    return [slice(start, start + rows) for start in range(0, len(patterns), rows)]


def _straight(network: Network, upper: int, lower: int, like: Tensor) -> Tensor:
    """Where Σ c g_m ⊗ A ⊗ a_{l-1} is summed, as a matrix: (i q, p j), or (i, p q) for neighbours, where j = p."""
    (out, fan), (units, inner) = network.shapes[upper], network.shapes[lower]
    inner += network.bias
    return like.new_zeros((out, units * inner) if upper == lower + 1 else (out * inner, units * fan))


def _curved(network: Network, upper: int, lower: int, like: Tensor) -> Tensor:
    """Where Σ c U ⊗ a_{m-1} ⊗ a_{l-1} is summed, as a matrix (p i, j q).

    Of one layer only pairs p ≤ i and j ≤ q, and below the output only p = i.
    """
    (out, fan), (units, inner) = network.shapes[upper], network.shapes[lower]
    if upper > lower:
        return like.new_zeros((units * out, (fan + network.bias) * (inner + network.bias)))
    wide = inner + network.bias
    pairs = units if _below_output(network, lower) else units * (units + 1) // 2
    return like.new_zeros((pairs, wide * (wide + 1) // 2))


def _below_output(network: Network, layer: int) -> bool:
    """Whether nothing but the output lies above a layer: ∂²f/∂z_l∂z_l is diagonal."""
    return layer == len(network.shapes) - 2


def _add(block: Block, lower: int, straight: list[Tensor], curved: list[Tensor]) -> None:
    """Add what some patterns contribute to all pairs of one lower layer; arrays (M, p, ·) are D and A transposed."""
    inputs = block.inputs[lower]
    moved: list[Tensor] = []
    A: Tensor | None = None
    for upper, total in enumerate(straight, start=lower + 1):
        signal = block.signals[upper]
        if A is None:
            total.addmm_(signal.T, _outer(block.slopes[lower], inputs))
            D = block.slopes[lower].unsqueeze(2) * block.weights[upper].T.contiguous()
        else:
            total.addmm_(_outer(signal, inputs).T, A.flatten(1))
            D = A @ block.weights[upper].T
        if curved:
            moved.append(D)
        if upper < len(block.slopes):
            A = D * block.slopes[upper].unsqueeze(1)
    U: Tensor | None = None
    for upper in range(len(block.bends) - 1, lower - 1, -1):
        bend, total = block.bends[upper], curved[upper - lower]
        if upper == lower and U is None:
            total.addmm_(bend.T, _square(inputs))
            break
        turned = torch.diag_embed(bend) if upper == lower else moved[upper - lower - 1] * bend.unsqueeze(1)
        U = turned if U is None else turned.addcmul_(U @ block.weights[upper + 1], block.slopes[upper].unsqueeze(1))
        if upper == lower:
            upper_half = torch.cat([U[:, p, p:] for p in range(U.shape[1])], dim=1)
            total.addmm_(upper_half.T, _square(inputs))
        else:
            total.addmm_(U.flatten(1).T, _outer(block.inputs[upper], inputs))


def _arranged(
    network: Network, upper: int, lower: int, straight: Tensor | None, curved: Tensor | None
) -> Tensor | None:
    """The block of two layers as (out, in + bias, out', in' + bias) = (i, j, p, q); None where it is zero."""
    (out, fan), (units, inner) = network.shapes[upper], network.shapes[lower]
    wide, inner = fan + network.bias, inner + network.bias
    block: Tensor | None = None
    if curved is not None and upper == lower:
        units_at, inputs_at = (_places(side, curved) for side in (units, inner))
        if _below_output(network, lower):
            block = curved.new_zeros((out, wide, units, inner))
            block.diagonal(dim1=0, dim2=2).copy_(curved[:, inputs_at].permute(1, 2, 0))
        else:
            block = curved[:, inputs_at][units_at].permute(0, 2, 1, 3).contiguous()
    elif curved is not None:
        block = curved.view(units, out, wide, inner).permute(1, 2, 0, 3).contiguous()
    if straight is not None:
        block = straight.new_zeros((out, wide, units, inner)) if block is None else block
        if upper == lower + 1:
            block[:, :fan].diagonal(dim1=1, dim2=2).add_(straight.view(out, units, inner).transpose(1, 2))
        else:
            block[:, :fan].add_(straight.view(out, inner, units, fan).permute(0, 3, 2, 1))
    return block


def _put(network: Network, hessian: Tensor, block: Tensor, upper: int, lower: int) -> None:
    """Write the block (out, in + bias, out', in' + bias) of two layers in its place."""
    (rows_w, rows_b), (columns_w, columns_b) = network.slices[upper], network.slices[lower]
    fan, inner = network.shapes[upper][1], network.shapes[lower][1]
    for rows, i in ((rows_w, slice(0, fan)), (rows_b, slice(fan, None))):
        for columns, q in ((columns_w, slice(0, inner)), (columns_b, slice(inner, None))):
            hessian[rows, columns] = block[:, i, :, q].reshape(rows.stop - rows.start, columns.stop - columns.start)


def _places(side: int, like: Tensor) -> Tensor:
    """At which place of the upper triangle, row after row, the pair (p, i), or (i, p), is: (side, side)."""
    first, second = torch.triu_indices(side, side, device=like.device)
    places = torch.zeros((side, side), dtype=torch.int64, device=like.device)
    places[first, second] = torch.arange(len(first), device=like.device)
    return torch.maximum(places, places.T)


def _square(a: Tensor) -> Tensor:
    """(M, I) → (M, I (I + 1) / 2), the products of all pairs, row after row of the upper triangle."""
    side, start = a.shape[1], 0
    products = a.new_empty((len(a), side * (side + 1) // 2))
    for q in range(side):
        torch.mul(a[:, q : q + 1], a[:, q:], out=products[:, start : start + side - q])
        start += side - q
    return products


def _outer(a: Tensor, b: Tensor) -> Tensor:
    """(M, I), (M, J) → (M, I·J)."""
    return (a.unsqueeze(2) * b.unsqueeze(1)).flatten(1)
