"""What the benchmarks of Hessians measure, as functions that a worker process calls: one framework per process."""

import resource
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from measurements import best, pose, products

SAMPLE = 24
"""Rows of the Hessian of which the time of all is extrapolated, for opponents that would take minutes."""
CHUNKS = (8, 16, 32, 64)
"""Numbers of vectors that go through torch.func at once; the fastest counts."""


def assembly(backend: str, threads: int, width: int, depth: int, patterns: int, activation: str) -> dict[str, Any]:
    """Times of H0 and Hp, and of these with the three spectra, at the initial w; the rate beside it."""
    problem, w = _pose(backend, threads, width, depth, patterns, activation)
    rates = [products(threads)]
    parts = best(lambda: problem.hessian(w), 3)
    spectra = best(lambda: problem.hessian_eigenvalues(w), 2)
    rates.append(products(threads))
    n = int(np.count_nonzero(problem.margins(w) > 0))
    return {
        "parameters": problem.network.size, "patterns": problem.patterns, "parts": parts, "spectra": spectra,
        "rate": 1e-9 * needed(problem.network, n) / parts, "products": max(rates),
    }  # fmt: skip


def needed(network: Any, n: int) -> float:
    """Operations that H0 and the straight terms of Hp need; the curved terms of a smooth activation are not counted.

    They are half of a symmetric product, and 2 n for every entry below the diagonal blocks that is not zero: of two
    neighbouring layers, one in h is not.
    """
    bias, shapes = int(network.bias), network.shapes
    entries = 0
    for upper, (out, fan) in enumerate(shapes):
        for lower, (units, inner) in enumerate(shapes[:upper]):
            entries += out * (inner + bias) * units * (1 if upper == lower + 1 else fan)
    return float(n * network.size**2 + 2 * n * entries)


def opponents(backend: str, threads: int, width: int, depth: int, patterns: int) -> dict[str, Any]:
    """Seconds that PyTorch's own ways to H take, extrapolated from a sample of rows.

    They are forward over reverse mode, and the authors' backward pass per row through the graph of ∇L; each with the
    numbers of threads, and of vectors at once, that are fastest.
    """
    import torch
    from jamharness_torch import autodiff
    from jamharness_torch.layers import forward, split

    problem, start = _pose(backend, threads, width, depth, patterns, "relu")
    w, x, y = (torch.tensor(np.array(values)) for values in (start, problem.x, problem.y))
    size = len(w)

    def outputs(at: Any, points: Any) -> Any:
        return forward(problem.network, split(problem.network, at), points).outputs

    def loss(at: Any) -> Any:
        return torch.relu(1 - y * outputs(at, x)).square().sum() / (2 * len(y))

    units = torch.eye(size, dtype=w.dtype)
    vectors, rows = [], []
    for number in sorted({1, threads}):
        torch.set_num_threads(number)
        for chunk in CHUNKS:
            call: Callable[[], object] = partial(autodiff.hessian_vectors, outputs, w, x, y, units[:chunk], 1.0, chunk)
            vectors.append((best(call, 1) * size / min(chunk, size), chunk, number))
        at = w.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(at), at, create_graph=True)
        some = np.linspace(0, size - 1, min(SAMPLE, size)).astype(int).tolist()

        def each(gradient: Any = gradient, at: Any = at, some: Any = some) -> None:
            for row in some:
                torch.autograd.grad(gradient[row], at, retain_graph=True)

        rows.append((best(each, 1) * size / len(some), number))
    torch.set_num_threads(threads)
    return {"vectors": min(vectors), "rows": min(rows)}


def peak(backend: str, threads: int, width: int, depth: int, patterns: int, what: str) -> dict[str, Any]:
    """Time of one call, and the peak of the process's memory by it, beside what was there before."""
    problem, w = _pose(backend, threads, width, depth, patterns, "relu")
    before, start = _memory(), time.perf_counter()
    getattr(problem, what)(w)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "before": before, "peak": _memory(), "parameters": problem.network.size}


def _memory() -> float:
    """GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _pose(backend: str, threads: int, width: int, depth: int, patterns: int, activation: str) -> Any:
    return pose(backend, threads, width, depth, patterns / (width * width * depth + width), 0, activation)
