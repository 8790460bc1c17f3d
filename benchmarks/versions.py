"""Rows of docs/performance.md in two checkouts, in turns: ``python benchmarks/versions.py CHECKOUT``.

Each checkout has a worker process of its own for every backend and number of threads, which stays alive. Both do each
row in the order here, there, there, here, so that what a machine does meanwhile weighs on both alike; a row is the
median of the ratios of neighbours. Steps must be the same, or the two did not do the same work.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

HERE = Path(__file__).parent.parent
Call = tuple[str, str, list[Any]]


class Worker:
    """A process with the code of one checkout, which calls functions of its benchmarks."""

    def __init__(self, checkout: Path, threads: int) -> None:
        paths = [checkout / folder for folder in ("benchmarks", ".", "protocols", "backends")]
        count = str(threads)
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, paths)), "TF_CPP_MIN_LOG_LEVEL": "3",
            "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count,
        }  # fmt: skip
        command = [sys.executable, "-P", str(Path(__file__).resolve()), "--answer", str(checkout)]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, call: Call) -> dict[str, Any]:
        """What the function returns, by name."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(call), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{call} failed in its worker")
        return dict(json.loads(line))

    def close(self) -> None:
        self._process.communicate()


def answer(checkout: str) -> None:
    """The worker's side: calls come as lines of JSON, and their results leave so."""
    import importlib

    import jamharness

    if not Path(str(jamharness.__file__)).is_relative_to(Path(checkout).resolve()):
        raise SystemExit(f"{jamharness.__file__} is not of {checkout}")
    replies, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        module, function, arguments = json.loads(line)
        measurement = getattr(importlib.import_module(module), function)(*arguments)
        numbers = {name: value for name, value in measurement.items() if isinstance(value, int | float)}
        print(json.dumps(numbers), file=replies, flush=True)


def rows(backend: str, threads: int, seeds: int) -> Iterator[tuple[str, list[Call], tuple[str, ...]]]:
    """Name, calls and what is timed of them, for each row."""

    def verdicts(width: int, load: float, activation: str = "relu", count: int = seeds) -> list[Call]:
        return [
            ("measurements", "verdict", [backend, threads, width, 3, load, seed, activation]) for seed in range(count)
        ]

    if threads == 1:
        for width, load in [(12, 2.0), (12, 2.5), (12, 3.0), (12, 3.5), (20, 2.0), (20, 2.5), (20, 3.0)]:
            yield f"verdict, h = {width}, P/N_w = {load}", verdicts(width, load), ("seconds",)
        for width in (12, 20):
            call: Call = ("measurements", "steps", [backend, 1, width, 3, 2.5])
            yield f"steps, h = {width}", [call], ("full", "truncated", "update")
    else:
        for load in (2.0, 2.5):
            yield f"verdict, h = 32, P/N_w = {load}", verdicts(32, load), ("seconds",)
        yield "verdict, h = 32, P/N_w = 2.5, tanh", verdicts(32, 2.5, "tanh", 1), ("seconds",)
        yield "steps, h = 32", [("measurements", "steps", [backend, 2, 32, 3, 2.5])], ("full", "truncated", "update")
        for activation in ("relu", "tanh"):
            call = ("hessians", "assembly", [backend, 2, 20, 5, 5000, activation])
            yield f"Hessian, h = 20, {activation}", [call], ("parts", "spectra")


def main(checkout: Path, backends: str = "torch,tensorflow", seeds: int = 2, rounds: int = 1, only: str = "") -> None:
    """Print each row's times here and there, and how many times as long it takes here.

    Arguments:
        checkout: the other one.
        backends: by name, with commas.
        seeds: of minimisations, added up.
        rounds: of here, there, there, here.
        only: the rows with this in their name.
    """
    if not (checkout / "jamharness" / "__init__.py").is_file():
        raise SystemExit(
            f"{checkout} is no checkout of jamharness; make one by: git worktree add --detach FOLDER COMMIT"
        )
    for backend in backends.split(","):
        for threads in (1, 2):
            here, there = Worker(HERE, threads), Worker(checkout.resolve(), threads)
            for name, calls, timed in rows(backend, threads, seeds):
                if only not in name:
                    continue
                pairs: dict[str, list[tuple[float, float]]] = {timing: [] for timing in timed}
                steps = set()
                for _ in range(rounds):
                    for first, second in ((here, there), (there, here)):
                        responses = [[worker.ask(call) for call in calls] for worker in (first, second)]
                        mine, theirs = responses if first is here else responses[::-1]
                        steps |= {tuple(each.get("iterations") for each in answers) for answers in (mine, theirs)}
                        for timing in timed:
                            pairs[timing].append((sum(m[timing] for m in mine), sum(t[timing] for t in theirs)))
                for timing, times in pairs.items():
                    ratios = sorted(a / b for a, b in times)
                    ours, others = (statistics.median(column) for column in zip(*times, strict=True))
                    print(
                        f"{backend:10} {name:36} {timing:9} {ours:9.4f} s, there {others:9.4f} s: "
                        f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
                        + ("" if len(steps) == 1 else f"  steps differ: {sorted(map(str, steps))}"),
                        flush=True,
                    )
            here.close()
            there.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--answer"]:
        answer(sys.argv[2])
    else:
        typer.run(main)
