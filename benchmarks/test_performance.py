"""Every line of docs/performance.md: ``pytest benchmarks --benchmark-enable -s``, at full size with JAMHARNESS_FULL=1.

Times are never asserted, since machines are shared; outcomes are.
"""

import statistics

import measurements
import pytest
from measurements import FULL

pytestmark = [pytest.mark.torch, pytest.mark.slow]
BACKENDS = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("torch", "tensorflow")]
SIZES = [(12, 3), (20, 3), (32, 3)] if FULL else [(6, 3)]
SEEDS = 5 if FULL else 1
SMALL = SIZES[0]


def median(values):
    return statistics.median(values)


def once(benchmark, call):
    return benchmark.pedantic(call, rounds=1, iterations=1)


def outcomes(verdicts):
    names = ("satisfied", "minimum", "undecided")
    return ", ".join(
        f"{count} {name}" for name in names if (count := sum(each["outcome"] == name for each in verdicts))
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("load", [2.0, 2.5, 3.0, 3.5] if FULL else [1.0])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_time_to_a_verdict(benchmark, bench, size, load, backend):
    """Medians over seeds; beyond the transition for the smallest network only."""
    width, depth = size
    if load > 3.0 and size != SMALL:
        pytest.skip("beyond the transition at the smallest size only")
    threads = 2 if width > 20 else 1
    seeds = 1 if width > 20 and load > 2.5 else SEEDS
    bench.close()

    def all_seeds():
        return [bench.ask(measurements.verdict, backend, threads, width, depth, load, seed) for seed in range(seeds)]

    verdicts = once(benchmark, all_seeds)
    times = [each["seconds"] for each in verdicts]
    bench.row(
        "Time to a verdict",
        f"{width}, {depth}",
        verdicts[0]["weights"],
        load,
        "relu",
        f"{backend}, {threads} thread(s)",
        outcomes(verdicts),
        f"{median(times):.1f} ({', '.join(f'{each:.1f}' for each in times)})",
        median(each["iterations"] for each in verdicts),
        f"{max(each['memory'] for each in verdicts):.2f}",
    )
    assert all(each["outcome"] in ("satisfied", "minimum", "undecided") for each in verdicts)
    if load <= 2.0:
        assert all(each["outcome"] == "satisfied" for each in verdicts)


@pytest.mark.parametrize("backend", BACKENDS)
def test_tanh(benchmark, bench, backend):
    """h = 32 at P/N_w = 2.5, one seed."""
    width, depth, load = (32, 3, 2.5) if FULL else (6, 2, 1.0)
    bench.close()
    verdict = once(benchmark, lambda: bench.ask(measurements.verdict, backend, 2, width, depth, load, 0, "tanh"))
    bench.row(
        "Time to a verdict",
        f"{width}, {depth}",
        verdict["weights"],
        load,
        "tanh",
        f"{backend}, 2 thread(s)",
        outcomes([verdict]),
        f"{verdict['seconds']:.1f}",
        verdict["iterations"],
        f"{verdict['memory']:.2f}",
    )
    assert verdict["outcome"] == "satisfied"


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_papers_size(benchmark, bench, backend):
    """L = 5, d = h = 40, P = 20 000."""
    width, depth, load = (40, 5, 20_000 / 8040) if FULL else (8, 5, 1.0)
    bench.close()
    verdict = once(benchmark, lambda: bench.fresh(measurements.verdict, backend, 2, width, depth, load, 0))
    bench.row(
        "Time to a verdict",
        f"{width}, {depth}",
        verdict["weights"],
        f"{load:.2f}",
        "relu",
        f"{backend}, 2 thread(s)",
        outcomes([verdict]),
        f"{verdict['seconds']:.1f}",
        verdict["iterations"],
        f"{verdict['memory']:.2f}",
    )
    assert verdict["outcome"] == "satisfied"


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("load", [2.5] if FULL else [1.0])
def test_against_adam(benchmark, bench, load, seed):
    """The published rate may take 100 times as long, every other rate 20 times; all in one run, one thread."""
    width, depth = SMALL
    mine = once(benchmark, lambda: bench.ask(measurements.verdict, "torch", 1, width, depth, load, seed))
    caps = {1e-4: 100, 1e-3: 20, 3e-3: 20, 1e-2: 20} if FULL else {1e-2: 5}
    for rate, cap in caps.items():
        theirs = bench.ask(measurements.adam, "torch", 1, width, depth, load, seed, rate, cap * mine["seconds"])
        left = theirs["unsatisfied"]
        how = f"stopped with {left} unsatisfied" if left else "every pattern satisfied"
        bench.row(
            "Against first order",
            f"{width}, {depth}",
            load,
            seed,
            f"{rate:g}" + (" (published)" if rate == 1e-4 else ""),
            f"{mine['seconds']:.2f} ({mine['outcome']})",
            f"{theirs['seconds'] / mine['seconds']:.1f}",
            f"{how} after {theirs['updates']} updates",
        )


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("load", [2.0, 2.5] if FULL else [1.0])
def test_against_a_library(benchmark, bench, load, seed):
    """scipy's least_squares on the same residuals, stopped at 20 times our time."""
    width, depth = SMALL
    mine = once(benchmark, lambda: bench.ask(measurements.verdict, "torch", 1, width, depth, load, seed))
    cap = (20 if FULL else 5) * mine["seconds"]
    theirs = bench.ask(measurements.library, "torch", 1, width, depth, load, seed, cap)
    how = "stopped" if theirs["ended"] == "stopped" else "converged"
    bench.row(
        "Against a library",
        f"{width}, {depth}",
        load,
        seed,
        f"{mine['seconds']:.2f} ({mine['outcome']})",
        f"{theirs['seconds'] / mine['seconds']:.1f}",
        f"{how} with {theirs['unsatisfied']} unsatisfied",
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [*SIZES, (40, 5)] if FULL else SIZES, ids=str)
def test_single_steps(benchmark, bench, size, backend):
    """At the initial w and P/N_w = 2.5, as a fraction of the rate of matrix products measured beside it."""
    width, depth = size
    bench.close()
    rate = measurements.products(2 if width > 20 else 1)
    threads = 2 if width > 20 else 1
    steps = once(benchmark, lambda: bench.ask(measurements.steps, backend, threads, width, depth, 2.5))
    bench.row(
        "Single steps",
        f"{width}, {depth}",
        steps["parameters"],
        backend,
        f"{1e3 * steps['full']:.1f} ({100 * steps['full_rate'] / rate:.0f}%)",
        f"{1e3 * steps['truncated']:.1f}",
        f"{1e6 * steps['update']:.0f} ({100 * steps['update_rate'] / rate:.0f}%)",
    )
