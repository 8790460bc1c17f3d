"""Rows of docs/performance.md: gathered while the benchmarks run, printed, and written with JAMHARNESS_FULL=1.

``pytest benchmarks --benchmark-enable -s`` makes a small version of everything in two minutes; at full size it takes an
hour and a half on two cores.
"""

import os
import platform
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from jamharness.execution.pool import LocalPool
from jamharness.plugins import Plugins

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
FULL = bool(os.environ.get("JAMHARNESS_FULL"))
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- rows: made by benchmarks/conftest.py -->", "<!-- end of rows -->"
_rows: dict[str, list[str]] = {}


class Bench:
    """Workers by backend, each with its framework, and the rows that are made."""

    def __init__(self) -> None:
        self.full = FULL
        self._plugins = Plugins.load()
        self._pools: dict[tuple[str, int], LocalPool] = {}

    def ask(self, function: Any, backend: str, threads: int, *arguments: Any) -> Any:
        """Call a function of ``measurements`` in the worker of a backend, which is started when first needed."""
        key = (backend, threads)
        if key not in self._pools:
            paths = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
            environment = {**self._plugins.backend(backend).environment, "PYTHONPATH": paths}
            self._pools[key] = LocalPool(1, environment=environment, threads=threads)
        future: Future[Any] = self._pools[key].submit(function, backend, threads, *arguments)
        return future.result()

    def fresh(self, function: Any, backend: str, threads: int, *arguments: Any) -> Any:
        """The same in a new worker, whose peak of memory is its own."""
        self.close((backend, threads))
        return self.ask(function, backend, threads, *arguments)

    def close(self, key: tuple[str, int] | None = None) -> None:
        for each in [key] if key else list(self._pools):
            if each in self._pools:
                self._pools.pop(each).shutdown()

    def row(self, table: str, *cells: object) -> None:
        """A row of a table of docs/performance.md."""
        line = "| " + " | ".join(map(str, cells)) + " |"
        _rows.setdefault(table, []).append(line)
        print("\n" + table + ": " + line)


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    workers = Bench()
    yield workers
    workers.close()


def pytest_sessionfinish() -> None:
    if not (FULL and _rows and PAGE.exists()):
        return
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    old, after = rest.split(END, 1)
    tables = dict(part.split("\n", 1) for part in old.strip().split("### ")[1:]) if "### " in old else {}
    for title, lines in _rows.items():
        rows = {_key(title, line): line for line in tables.get(title, "").splitlines() if line.startswith("| ")}
        rows.pop(_key(title, _heads(title)), None)
        rows |= {_key(title, line): line for line in lines}
        tables[title] = "\n" + _heads(title) + "\n".join(rows.values()) + "\n\n"
    section = "".join(f"### {title}\n{body.rstrip()}\n\n" for title, body in tables.items())
    section = f"\nMade on {platform.machine()}, Python {platform.python_version()}.\n\n{section}"
    PAGE.write_text(before + BEGIN + section + END + after, encoding="utf-8")


def _key(title: str, line: str) -> tuple[str, ...]:
    """What a row is about: a row made again replaces the older one."""
    return tuple(line.split("|")[1 : 1 + _KEYS[title]])


def _heads(title: str) -> str:
    names = HEADS[title]
    return "| " + " | ".join(names) + " |\n|" + "---|" * len(names) + "\n"


HEADS = {
    "Time to a verdict": (
        "h, L", "N_w", "P/N_w", "activation", "backend", "outcomes", "median s (all)", "steps", "peak GiB",
    ),
    "Against first order": ("h, L", "P/N_w", "seed", "Adam's rate", "lm s", "times lm's time", "how it ended"),
    "Against a library": ("h, L", "P/N_w", "seed", "lm s", "least_squares: times lm's time", "how it ended"),
    "Single steps": (
        "h, L", "N", "backend", "full LM step ms (of the matrix-product rate)", "truncated ms",
        "Adam's update µs (of the rate)",
    ),
    "Hessian": (
        "h, L", "N", "P", "activation", "backend", "H0 and Hp s (of the matrix-product rate)", "times PyTorch's",
        "with three spectra s",
    ),
    "Hessian against automatic differentiation": (
        "h, L", "N", "P", "PyTorch's way", "s (extrapolated from a sample of rows)", "ours", "times ours",
    ),
    "Memory of a Hessian": (
        "h, L", "N", "P", "backend", "method", "s", "peak GiB", "of it by the call, in N × N arrays",
    ),
}  # fmt: skip
_KEYS = {
    "Time to a verdict": 5, "Against first order": 4, "Against a library": 3, "Single steps": 3, "Hessian": 5,
    "Hessian against automatic differentiation": 4, "Memory of a Hessian": 5,
}  # fmt: skip
"""How many of its first cells say what a row is about."""
