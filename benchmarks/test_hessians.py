"""The rows on Hessians of docs/performance.md; times are never asserted, since machines are shared."""

import hessians
import pytest
from measurements import FULL

pytestmark = [pytest.mark.torch, pytest.mark.slow]
WIDTH, DEPTH, PATTERNS = (20, 5, 5000) if FULL else (5, 3, 200)
LARGE = (40, 5, 20_000) if FULL else (8, 3, 400)
THREADS = 2 if FULL else 1


def once(benchmark, call):
    return benchmark.pedantic(call, rounds=1, iterations=1)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.tensorflow
def test_assembly(benchmark, bench, activation):
    """Both backends in one run, PyTorch before and after TensorFlow: H0 and Hp, and with the three spectra."""
    size = (WIDTH, DEPTH, PATTERNS)

    def all_three():
        assemblies = []
        for name in ("torch", "tensorflow", "torch"):
            bench.close()
            assemblies.append(bench.ask(hessians.assembly, name, THREADS, *size, activation))
        return assemblies

    first, other, second = once(benchmark, all_three)
    mine = min(first, second, key=lambda assembly: assembly["parts"])
    for name, assembly in (("torch", mine), ("tensorflow", other)):
        bench.row(
            "Hessian",
            f"{WIDTH}, {DEPTH}",
            assembly["parameters"],
            assembly["patterns"],
            activation,
            f"{name}, {THREADS} threads",
            f"{assembly['parts']:.3f} ({100 * assembly['rate'] / assembly['products']:.0f}%)",
            f"{assembly['parts'] / mine['parts']:.2f}",
            f"{assembly['spectra']:.3f}",
        )


def test_against_pytorchs_own(benchmark, bench):
    """Forward over reverse mode against the assembly; a backward pass per row against that and three spectra."""
    size = (WIDTH, DEPTH, PATTERNS)
    bench.close()
    mine = bench.ask(hessians.assembly, "torch", THREADS, *size, "relu")
    theirs = once(benchmark, lambda: bench.ask(hessians.opponents, "torch", THREADS, *size))
    seconds, chunk, threads = theirs["vectors"]
    bench.row(
        "Hessian against automatic differentiation",
        f"{WIDTH}, {DEPTH}",
        mine["parameters"],
        mine["patterns"],
        f"forward over reverse, {chunk} vectors at once, {threads} thread(s)",
        f"{seconds:.1f}",
        f"H0 and Hp: {mine['parts']:.3f} s",
        f"{seconds / mine['parts']:.1f}",
    )
    seconds, threads = theirs["rows"]
    bench.row(
        "Hessian against automatic differentiation",
        f"{WIDTH}, {DEPTH}",
        mine["parameters"],
        mine["patterns"],
        f"a backward pass per row, H alone, {threads} thread(s)",
        f"{seconds:.1f}",
        f"H0, Hp and three spectra: {mine['spectra']:.3f} s",
        f"{seconds / mine['spectra']:.1f}",
    )


@pytest.mark.parametrize("what", ["hessian", "hessian_eigenvalues"])
@pytest.mark.parametrize("name", ["torch", pytest.param("tensorflow", marks=pytest.mark.tensorflow)])
def test_memory(benchmark, bench, name, what):
    """At the papers' size: one call in a new process, what it needs beyond what was there before."""
    usage = once(benchmark, lambda: bench.fresh(hessians.peak, name, THREADS, *LARGE, what))
    matrix = usage["parameters"] ** 2 * 8 / 2**30
    bench.row(
        "Memory of a Hessian",
        f"{LARGE[0]}, {LARGE[1]}",
        usage["parameters"],
        LARGE[2],
        f"{name}, {THREADS} threads",
        what,
        f"{usage['seconds']:.1f}",
        f"{usage['peak']:.2f}",
        f"{(usage['peak'] - usage['before']) / matrix:.1f}",
    )
