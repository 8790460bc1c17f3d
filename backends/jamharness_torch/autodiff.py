"""Second derivatives of any architecture by automatic differentiation.

The referee of the closed forms, and the way for networks that have none: forward mode over reverse mode (Pearlmutter,
Neural Comput. 6, 147, 1994). A network is a function f(w, x) of a vector w (N,) and inputs x (M, d) to outputs (M,), in
operations of PyTorch.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import functional_call, grad, jvp, vjp, vmap

Outputs = Callable[[Tensor, Tensor], Tensor]
CHUNK = 32
"""Vectors, or rows of J, that go through the network at once: memory is proportional to it. With P = 5000 patterns, one
CPU thread is fastest with 8 vectors and not twice as slow with 32, which others prefer."""


def outputs_of(module: torch.nn.Module) -> tuple[Tensor, Outputs]:
    """A module with one output as w, a copy of its parameters in their order, and f(w, x)."""
    shapes = {name: value.shape for name, value in module.named_parameters()}
    w = torch.nn.utils.parameters_to_vector(module.parameters()).detach().clone()

    def outputs(w: Tensor, x: Tensor) -> Tensor:
        pieces = torch.split(w, [shape.numel() for shape in shapes.values()])
        parts = {name: piece.view(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}
        return torch.as_tensor(functional_call(module, parts, (x,))).flatten()

    return w, outputs


def hessian_vectors(
    outputs: Outputs, w: Tensor, x: Tensor, y: Tensor, v: Tensor, margin: float = 1.0, chunk: int = CHUNK
) -> Tensor:
    """H v of L = (1/2P) Σ max(0, κ − y f)² for several vectors.

    Arguments:
        outputs: f(w, x).
        w: (N,).
        x: (P, d).
        y: labels ±1, (P,).
        v: (k, N).
        margin: κ.
        chunk: how many vectors at once.

    Returns:
        (k, N).
    """

    def loss(at: Tensor) -> Tensor:
        return torch.relu(margin - y * outputs(at, x)).square().sum() / (2 * len(y))

    return along(loss, w, v, chunk)


def hessian_parts(
    outputs: Outputs, w: Tensor, x: Tensor, y: Tensor, margin: float = 1.0, chunk: int = CHUNK
) -> tuple[Tensor, Tensor]:
    """H0 = (1/P) Σ ∇Δ∇Δᵀ and Hp = (1/P) Σ Δ ∇∇Δ over unsatisfied patterns, each (N, N) and to its own rounding.

    H0 is JᵀJ / P with one backward pass per pattern; Hp is the Hessian of Σ c f with c = −yΔ/P held fixed, by one
    forward pass over a backward pass per parameter.

    Arguments:
        outputs: f(w, x).
        w: (N,).
        x: (P, d).
        y: labels ±1, (P,).
        margin: κ.
        chunk: how many passes at once.
    """
    size, patterns = len(w), len(y)
    delta = margin - y * outputs(w, x).detach()
    rows = delta > 0
    x, y, delta = x[rows], y[rows], delta[rows]
    f, pull = vjp(lambda at: outputs(at, x), w)[:2]
    H0 = w.new_zeros((size, size))
    for start in range(0, len(y), chunk):
        seeds = torch.zeros((min(chunk, len(y) - start), len(y)), dtype=f.dtype, device=f.device)
        seeds.diagonal(start).fill_(1)
        (J,) = vmap(pull)(seeds)
        H0.addmm_(J.T, J)
    coefficients = -y * delta / patterns
    units = torch.eye(size, dtype=w.dtype, device=w.device)
    Hp = along(lambda at: coefficients @ outputs(at, x), w, units, chunk)
    return H0.div_(patterns), Hp.add_(Hp.T.clone()).div_(2)


def along(value: Callable[[Tensor], Tensor], w: Tensor, v: Tensor, chunk: int) -> Tensor:
    """∇∇value(w) v, (k, N), for v (k, N)."""
    gradient = grad(value)

    def derivative(u: Tensor) -> Tensor:
        product: Tensor = jvp(gradient, (w,), (u,))[1]
        return product

    return torch.cat([vmap(derivative)(part) for part in torch.split(v, chunk)]) if len(v) else v.clone()
