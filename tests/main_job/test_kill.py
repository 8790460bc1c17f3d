"""Killing the whole program at any instant, and going on, gives the numbers of a run that was never disturbed."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import psutil
import pytest

import jamharness
from jamharness.store import Store
from jamharness.store.arrays import pack

TINY = {"width": 4, "depth": 2, "seeds": 4}
MARK = "JAMHARNESS_TEST_MARK"


@dataclass(frozen=True)
class Victim:
    """A run in a process group of its own, whose processes all carry a mark.

    Arguments:
        process: the command.
        mark: in the environment of the command and of all that it starts.
    """

    process: "subprocess.Popen[bytes]"
    mark: str

    def alive(self) -> list[psutil.Process]:
        """All processes that carry the mark, zombies apart."""
        processes = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    processes.append(process)
            except psutil.Error:
                continue
        return processes

    def kill(self) -> bool:
        """End the command and its workers by SIGKILL; False if the command had ended by itself."""
        running = self.process.poll() is None
        for process in self.alive():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.process.wait(timeout=10)
        return running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Victim]]:
    """A function that starts a command; whatever the test leaves running is killed."""
    victims = []

    def begin(*arguments: str) -> Victim:
        mark = uuid4().hex
        process = subprocess.Popen(
            [sys.executable, "-m", "jamharness", *arguments, "--quiet"],
            cwd=tmp_path,
            env={**os.environ, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        victims.append(Victim(process, mark))
        return victims[-1]

    yield begin
    for victim in victims:
        victim.kill()
        assert victim.process.stderr is not None
        victim.process.stderr.close()


def until(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Wait until something holds; False if it does not in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def cells(store: Path) -> list[Path]:
    """The commit points of all cells."""
    return sorted(store.glob("cells/*/*.json"))


def numbers(run: Any) -> tuple[Any, list[dict[str, Any]]]:
    """Estimates and trials, without the time that they took; NaN as text, so that it equals itself."""
    trials = run.tables["jamming"]["trials"].drop(columns="seconds")
    return run.estimates["jamming"], trials.astype(object).where(trials.notna(), "NaN").to_dict("records")


def until_killed(start: Callable[..., Victim], store: Path, backend: str, kills: int, seed: int) -> int:
    """Start a run, kill it at random moments and go on each time, and let it finish in the end.

    Arguments:
        start: begins a command.
        store: where the run is kept.
        backend: computes.
        kills: how often.
        seed: of the moments. A quarter fall anywhere in the first two seconds, when nothing may be written yet; the
            others shortly after a few more cells, whatever the speed of the machine.

    Returns:
        How many of them met a run with cells left to compute.
    """
    moments = random.Random(seed)
    arguments = [part for name, value in TINY.items() for part in ("--set", f"{name}={value}")]
    hits = 0
    for turn in range(kills + 1):
        known = (store / "runs" / "mine.json").exists()
        begin = ("resume", "mine") if known else ("run", "jamming", "--backend", backend, "--name", "mine", *arguments)
        before = len(cells(store))
        victim = start(*begin, "--store", str(store), "--workers", "2")
        if turn == kills:
            assert victim.process.wait(timeout=120) == 0, victim.process.stderr and victim.process.stderr.read()
        else:
            more = moments.randint(1, 2) if moments.random() > 0.25 else 0
            if more:
                assert until(lambda: len(cells(store)) >= before + more or victim.process.poll() is not None)  # noqa: B023
            time.sleep(moments.uniform(0.0, 0.2 if more else 2.0))
            hits += victim.kill()
        # A worker may end a moment after the command that it belongs to, but no later.
        assert until(lambda: not victim.alive(), 5.0)  # noqa: B023
        for path in cells(store):
            assert Store(store, create=False).read(path.stem) is not None, path
    return hits


@pytest.fixture(params=[pytest.param(("torch", 3), marks=pytest.mark.torch), ("numpy", 10)], ids=["torch", "numpy"])
def backend_and_kills(request: pytest.FixtureRequest) -> tuple[str, int]:
    """A framework that takes seconds to load is killed less often."""
    return request.param


def test_a_run_that_is_killed_again_and_again_gives_the_same_numbers(
    start: Callable[..., Victim], tmp_path: Path, backend_and_kills: tuple[str, int]
) -> None:
    """To the last bit, with every cell whole and no process left over."""
    backend, kills = backend_and_kills
    disturbed, calm = tmp_path / "disturbed", tmp_path / "calm"
    hits = until_killed(start, disturbed, backend, kills, seed=2)
    assert hits >= 0.8 * kills
    whole = jamharness.run("jamming", backend=backend, settings=TINY, store=calm, name="mine", workers=2)
    assert whole.protocols["jamming"].cells["reused"] == 0
    code = {str(json.loads(path.read_bytes())["identity"]["sources"]) for path in cells(disturbed) + cells(calm)}
    assert len(code) == 1, "the code was edited while this test ran; run it again"
    finished = jamharness.open_run("mine", store=disturbed)
    assert finished.status == "finished"
    assert numbers(finished) == numbers(whole)
    assert [path.name for path in cells(disturbed)] == [path.name for path in cells(calm)]
    for path in cells(calm):
        ours, theirs = (Store(store, create=False).get(path.stem) for store in (disturbed, calm))
        assert ours is not None
        assert theirs is not None
        assert ours.arrays["w"].tobytes() == theirs.arrays["w"].tobytes()


def test_workers_whose_command_is_killed_end_by_themselves(start: Callable[..., Victim], tmp_path: Path) -> None:
    """Nobody has to look for them."""
    arguments = ("run", "jamming", "--backend", "numpy", "--set", "width=6", "--set", "seeds=8", "--workers", "2")
    victim = start(*arguments, "--store", str(tmp_path / "store"))
    assert until(lambda: len(victim.alive()) == 3 and cells(tmp_path / "store"))
    victim.process.kill()
    victim.process.wait(timeout=10)
    assert until(lambda: not victim.alive(), 5.0)


def test_a_cell_that_is_killed_goes_on_from_its_checkpoint(start: Callable[..., Victim], tmp_path: Path) -> None:
    """One long approach to jamming, killed in the middle: the same steps in all, and the same numbers."""
    settings = {"constraint": "sphere", "activation": "softplus(8)", "start_ratio": 2, "width": 12, "seeds": 1}
    arguments = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    store = tmp_path / "disturbed"
    victim = start("run", "jamming", "--backend", "numpy", "--name", "mine", *arguments, "--store", str(store))
    assert until(lambda: list(store.glob("cells/*/*.checkpoint")) or victim.process.poll() is not None, 120.0)
    assert victim.kill(), "it had ended before its first checkpoint"
    checkpoint = next(store.glob("cells/*/*.checkpoint"))
    # What took ten thousand seconds more until here takes as many more in all: the state is used.
    with np.load(checkpoint) as members:
        arrays = [members[f"arr_{index}"] for index in range(len(members.files))]
    document = json.loads(str(arrays[0]))
    document["seconds"] += 1e4
    checkpoint.write_bytes(pack([np.array(json.dumps(document)), *arrays[1:]]))
    again = start("resume", "mine", "--store", str(store))
    assert again.process.wait(timeout=300) == 0
    assert not checkpoint.exists()
    whole = jamharness.run("jamming", backend="numpy", settings=settings, store=tmp_path / "calm", name="mine")
    assert whole.exit == 0
    (path,) = cells(store)
    ours, theirs = (Store(each, create=False).read(path.stem) for each in (store, tmp_path / "calm"))
    assert ours is not None
    assert theirs is not None
    assert ours.seconds > 1e4 > theirs.seconds
    assert ours.result.values["iterations"] == theirs.result.values["iterations"]
    assert ours.result.arrays["w"].tobytes() == theirs.result.arrays["w"].tobytes()
