"""The command line as a process, with a small protocol installed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TOY = '''
"""A protocol of coins: each cell is one mean of a few Gaussian numbers, made in no time."""

import time
from dataclasses import dataclass

from jamharness.api import (
    BadInput, Cell, CellResult, Estimate, Findings, Observable, ProtocolSpec, generator, hookimpl, setting,
)


@hookimpl
def jamharness_protocols():
    return [ProtocolSpec(name="coins", factory="coins_plugin:Coins", summary="means of Gaussian numbers")]


@dataclass(frozen=True, kw_only=True)
class Settings:
    seeds: int = setting(4, help="How many means.", source="arXiv 0000.00000, Methods")
    seed: int = setting(0, help="The first seed.")
    sizes: "int | tuple[int, ...]" = setting(3, help="Numbers in each mean.")
    pause: float = setting(0.0, help="Seconds that each cell takes.")
    faulty: int = setting(0, help="How many cells fail.")
    aim: str = setting("done", help="How it ends.", choices=("done", "objection"))

    def problems(self):
        return [f"seeds = {self.seeds}: at least 1 is needed."] if self.seeds < 1 else []


class Coins:
    Settings = Settings
    observables = {
        "mean": Observable(unit="heads", meaning="The mean.", source="arXiv 0000.00000 eq. 1", comparison="exact",
                           published="about 0"),
    }
    presets = {"quick": {"seeds": 2}}

    def plan(self, settings, done):
        tried = {cell.cell.coordinates["seed"] for cell in done}
        return [
            Cell(task="coins", label=f"coin {seed}",
                 coordinates={"seed": seed, "pause": settings.pause, "fails": seed - settings.seed < settings.faulty})
            for seed in range(settings.seed, settings.seed + settings.seeds) if seed not in tried
        ]

    def measure(self, cell, needed, backend, progress):
        print("a stray print")
        progress("throwing")
        time.sleep(cell.coordinates["pause"])
        if cell.coordinates["fails"]:
            raise ArithmeticError("the coin stood on its edge")
        return CellResult(values={"value": float(generator("coins", cell.coordinates["seed"]).standard_normal())})

    def analyse(self, settings, done):
        import pandas as pd

        values = [cell.result.values["value"] for cell in done if cell.result]
        mean = sum(values) / len(values) if values else None
        low, high = (None, None) if mean is None else (mean - 0.5, mean + 0.5)
        return Findings(
            estimates={"mean": Estimate(value=mean, low=low, high=high, count=len(values), note="not Bayesian [sic]")},
            tables={"throws": pd.DataFrame({"value": values})},
            objection="The coins were not asked nicely; ask again." if settings.aim == "objection" else "",
        )

    def draw(self, findings):
        return {}
'''


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it printed on standard output, which must be one JSON document and nothing else."""
        return json.loads(self.out)

    @property
    def sentences(self) -> list[str]:
        """What it printed on standard error, line by line, but for what a busy machine adds: what takes long."""
        return [line for line in self.err.splitlines() if not line.endswith("for 5 s …")]

    def refused(self, *words: str) -> None:
        """Check that it was bad input: one sentence for each of the words, in any order, and nothing else."""
        assert self.code == 2, self.err
        assert self.out == ""
        assert "Traceback" not in self.err
        for each in words:
            assert any(each in sentence for sentence in self.sentences), (each, self.err)
        assert len(self.sentences) == len(words), self.err


Command = Callable[..., Outcome]


@pytest.fixture
def surroundings(tmp_path: Path, plugin_distribution: Callable[..., Path]) -> dict[str, str]:
    """The environment of a command: the toy protocol installed, no terminal, 80 columns."""
    folder = plugin_distribution("coins", {"coins_plugin": TOY}, {"coins": "coins_plugin"})
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("JAMHARNESS", "COLUMNS"))}
    path = os.pathsep.join([str(folder), *filter(None, [environment.get("PYTHONPATH")])])
    return {**environment, "PYTHONPATH": path, "COLUMNS": "80", "XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def jamharness(tmp_path: Path, surroundings: dict[str, str]) -> Command:
    """A function that runs ``jamharness`` in an empty folder; further folders go before the others on the path."""
    work = tmp_path / "work"
    work.mkdir()

    def call(*arguments: str, path: Sequence[Path] = (), **environment: str) -> Outcome:
        python_path = os.pathsep.join([*map(str, path), surroundings["PYTHONPATH"]])
        done = subprocess.run(
            [sys.executable, "-m", "jamharness", *arguments],
            cwd=work,
            env={**surroundings, "PYTHONPATH": python_path, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder in which commands run."""
    return tmp_path / "work"
