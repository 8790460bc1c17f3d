"""What docs/spectrum.md says, on one thread: ``python benchmarks/lanczos.py distance``, or network …

distance: W1 to the exact spectrum of a Hessian of N = 2121, by probes and steps; network: counts of small networks at
both ends of a minimisation; known: counts of a known spectrum of N = 10⁶; large: a network of N = 10⁶; parts: what
H0 v costs there beside H v.
"""

import resource
import sys
import time
from dataclasses import replace

import numpy as np
from jamharness_numerics.minimise import minimise
from jamharness_numerics.spectra import count, estimate_counts, extremes, quadrature, wasserstein
from jamharness_numerics.spectra.first_part import h0_eigenvalues
from jamharness_numerics.spectra.quadrature import of_tridiagonals

from jamharness.api import DataRequest, Network, generator
from jamharness.plugins import load_backend, load_data


def pose(width, depth, patterns):
    network = Network(inputs=width, width=width, depth=depth)
    data = load_data(DataRequest(dataset="random", inputs=width, patterns=patterns, seed=0))
    return load_backend("torch", threads=1).problem(network, data.x, data.y), network.initial(seed=0)


def peak():
    """GiB of the process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def shortened(estimate, probes, steps):
    """What fewer probes and steps would have given: both are nested."""
    tridiagonals = [
        replace(
            each,
            diagonal=each.diagonal[:steps],
            offdiagonal=each.offdiagonal[: steps - 1],
            residual=np.append(each.offdiagonal, each.residual)[steps - 1],
        )
        for each in estimate.tridiagonals[:probes]
    ]
    return of_tridiagonals(tridiagonals, estimate.size)


def tell(counts):
    if counts.refusal:
        return counts.refusal
    signs = [(name, getattr(counts, key)) for name, key in (("N_-", "negative"), ("N_0", "zero"), ("N_+", "positive"))]
    errors = (counts.negative_error, counts.zero_error, counts.positive_error)
    text = ", ".join(f"{name} = {value:.1f} ± {error:.1f}" for (name, value), error in zip(signs, errors, strict=True))
    return f"{text}; at most {counts.undecided:.2g} undecided"


def ends(outer):
    for name in ("largest", "smallest"):
        values, residuals = getattr(outer, name), getattr(outer, f"{name}_residuals")
        flags = getattr(outer, f"{name}_converged")
        pairs = [
            f"{v:.8g} (residual {r:.1e}, {'converged' if c else 'not converged'})"
            for v, r, c in zip(values, residuals, flags, strict=True)
        ]
        print(f"{name}: {', '.join(pairs)}")
    print(f"products: {outer.products}")


def distance():
    problem, w = pose(20, 5, 5000)
    size = problem.network.size
    start = time.perf_counter()
    exact = problem.hessian_eigenvalues(w)[0]
    norm = np.abs(exact).max()
    print(f"N = {size}: exact in {time.perf_counter() - start:.1f} s (with H0 and Hp), norm {norm:.4f}")
    start = time.perf_counter()
    estimate = quadrature(lambda v: problem.hessian_vector(w, v), size, probes=16, steps=128)
    print(f"16 probes, 128 steps in {time.perf_counter() - start:.1f} s; W1 in units of the norm:")
    print("| probes | " + " | ".join(f"{steps} steps" for steps in (16, 32, 64, 128)) + " |\n|---|---|---|---|---|")
    for probes in (1, 4, 16):
        row = [wasserstein(shortened(estimate, probes, steps), exact) / norm for steps in (16, 32, 64, 128)]
        print(f"| {probes} | " + " | ".join(f"{each:.2e}" for each in row) + " |")
    signs = count(exact, [exact])
    least = np.abs(exact)[np.abs(exact) > signs.threshold].min() / norm
    print(f"exact: {signs.negative}, {signs.zero}, {signs.positive} (N_-, N_0, N_+); least |λ| > 0 is {least:.1e} ‖H‖")
    print(f"estimated: {tell(estimate_counts(estimate))}")
    start = time.perf_counter()
    outer = extremes(lambda v: problem.hessian_vector(w, v), size)
    print(f"extremes in {time.perf_counter() - start:.1f} s; exact {exact[-1]:.8g}, {exact[-2]:.8g}, {exact[0]:.8g}, "
          f"{exact[1]:.8g}")  # fmt: skip
    ends(outer)


def network():
    for load in (1.0, 4.0):
        problem, w = pose(10, 2, 2 * round(load * 210 / 2))
        end = minimise(problem, w)
        exact = problem.hessian_eigenvalues(end.w)[0]
        signs = count(exact, [exact])
        print(f"P/N_w = {load}, {end.outcome}: {signs.negative}, {signs.zero}, {signs.positive} (N_-, N_0, N_+)")
        for steps in (50, 100, 200, 231):
            at = end.w
            estimate = quadrature(
                lambda v, p=problem, at=at: p.hessian_vector(at, v), problem.network.size, probes=16, steps=steps
            )
            print(f"  {steps} steps: {tell(estimate_counts(estimate))}")


def known():
    size = 10**6
    draw = generator("known")
    d = np.zeros(size)
    d[:300_000], d[300_000:600_000] = -draw.uniform(0.2, 1, 300_000), draw.uniform(0.2, 1, 300_000)
    print("N_- = 300000 in (-1, -0.2), N_0 = 400000, N_+ = 300000 in (0.2, 1)")
    for steps in (32, 64, 128):
        start = time.perf_counter()
        estimate = quadrature(lambda v: d[:, np.newaxis] * v, size, probes=2, steps=steps, kind="gaussian")
        spent = time.perf_counter() - start
        print(f"{steps} steps in {spent:.0f} s, W1 {wasserstein(estimate, d):.1e}, peak {peak():.2f} GiB")
        print(f"  {tell(estimate_counts(estimate))}")


def parts():
    problem, w = pose(577, 3, 2000)
    v = np.random.default_rng(0).standard_normal((2, problem.network.size)).T
    rows = np.flatnonzero(problem.margins(w) > 0)
    start = time.perf_counter()
    for first in range(0, 128, 16):
        J = problem.jacobian(w, rows[first : first + 16])
        J.T @ (J @ v)
    spent = (time.perf_counter() - start) * len(rows) / 128
    whole = []
    for _ in range(3):
        start = time.perf_counter()
        problem.hessian_vector(w, v)
        whole.append(time.perf_counter() - start)
    print(f"H v for 2 vectors: {min(whole):.1f} s; H0 v from rows of J, {len(rows)} in blocks of 16: {spent:.0f} s")
    start = time.perf_counter()
    exact = h0_eigenvalues(problem, w)
    spent, signs = time.perf_counter() - start, count(exact, [exact])
    print(f"all eigenvalues of H0 from the tangent kernel in {spent:.1f} s: N_+ = {signs.positive}, N_0 = {signs.zero}")
    print(f"norm of H0 {exact[-1]:.8g}; peak {peak():.2f} GiB")


def large():
    problem, w = pose(577, 3, 2000)
    size = problem.network.size
    vectors = np.ones((2, size)).T
    start = time.perf_counter()
    problem.hessian_vector(w, vectors)
    print(f"N = {size}, P = {problem.patterns}: H v for 2 vectors in {time.perf_counter() - start:.1f} s; "
          f"H itself would take {size**2 * 8 / 1e12:.1f} TB")  # fmt: skip
    start = time.perf_counter()
    estimate = quadrature(lambda v: problem.hessian_vector(w, v), size, probes=2, steps=32)
    print(f"quadrature, 2 probes of 32 steps: {time.perf_counter() - start:.0f} s, peak {peak():.2f} GiB")
    print(f"mean {estimate.moment(1):.3e}, root mean square {estimate.moment(2) ** 0.5:.3e}, norm {estimate.norm:.6g}")
    print(tell(estimate_counts(estimate)))
    start = time.perf_counter()
    outer = extremes(lambda v: problem.hessian_vector(w, v), size, vectors=72, most=72)
    print(f"extremes: {time.perf_counter() - start:.0f} s, peak {peak():.2f} GiB")
    ends(outer)


if __name__ == "__main__":
    for each in sys.argv[1:] or ("distance", "network", "known", "large", "parts"):
        print(f"## {each}")
        globals()[each]()
