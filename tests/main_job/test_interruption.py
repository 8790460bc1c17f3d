"""Ctrl-C in a terminal, and what hangs: real processes, one key, and nobody stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

TINY = ("--set", "width=6", "--set", "depth=2", "--set", "seeds=8", "--store", "store")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(work: Path) -> Iterator[Start]:
    """A function that starts a command; what is left of it is killed."""
    begun = []

    def begin(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
        begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "jamharness", *arguments], cwd=work, env={**os.environ, **environment},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
            )
        )  # fmt: skip
        return begun[-1]

    yield begin
    for process in begun:
        for one in [*psutil.Process(process.pid).children(recursive=True), process] if process.poll() is None else []:
            one.kill()
        process.communicate()


def until(condition: Callable[[], object], seconds: float = 100.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def interrupt(process: "subprocess.Popen[str]", times: int = 1) -> str:
    """Press Ctrl-C; returns what was said on standard error when the command has ended."""
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    return process.communicate(timeout=60)[1]


def cells(work: Path) -> int:
    return len(list((work / "store").glob("cells/*/*.json")))


def test_the_first_ctrl_c_ends_an_interpreter_that_never_answers(start: Start, work: Path, tmp_path: Path) -> None:
    """It is gone at once, and the command with it."""
    script = tmp_path / "sleeper"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    script.chmod(0o755)
    process = start("run", "jamming", "--backend", "numpy", *TINY, JAMHARNESS_PYTHON_NUMPY=str(script))
    pid = tmp_path / "pid"
    assert until(lambda: pid.exists() and pid.read_text().strip())
    began = time.monotonic()
    output = interrupt(process)
    assert time.monotonic() - began < 25  # before the 30 seconds that it had to answer
    assert process.returncode == 130, output
    assert "Interrupted" in output
    assert "Traceback" not in output
    assert until(lambda: not psutil.pid_exists(int(pid.read_text())), 2)


def test_two_ctrl_c_say_what_is_kept(start: Start, work: Path) -> None:
    """The second one comes while the workers are sent away."""
    process = start("run", "jamming", "--backend", "numpy", "--name", "mine", "--quiet", *TINY)
    assert until(lambda: cells(work) >= 2)
    output = interrupt(process, 2)
    assert process.returncode == 130, output
    assert "to go on: jamharness resume mine --store store" in output, output
    assert "before anything" not in output
    assert "Traceback" not in output
    assert cells(work) >= 2


def test_ctrl_c_in_a_comparison_says_which_runs_are_kept(start: Start, work: Path) -> None:
    """By name, and the same command goes on."""
    process = start("agree", "jamming", "--backends", "numpy", "--kinds", "distribution", "--quiet", *TINY)
    assert until(lambda: cells(work) >= 2)
    output = interrupt(process)
    assert process.returncode == 130, output
    (run,) = (path.stem for path in (work / "store" / "runs").glob("*.json"))
    assert f"Kept in store: run {run} (" in output
    assert "the same command goes on from there" in output


SLOW = """
    import time
    from dataclasses import dataclass
    from jamharness.api import Cell, CellResult, Findings, ProtocolSpec, hookimpl, setting

    @hookimpl
    def jamharness_protocols():
        return [ProtocolSpec(name="slow", factory="slow_plugin.protocol:Slow")]
"""
PROTOCOL = """
    import sys, time
    from dataclasses import dataclass
    from jamharness.api import Cell, CellResult, Findings, setting

    time.sleep(1.5)

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        when: str = setting("", help="When it leaves.")

        def problems(self):
            return sys.exit(5) if self.when == "problems" else []

    class Slow:
        Settings = Settings
        observables = {}
        presets = {}

        def plan(self, settings, done):
            if settings.when == "plan":
                sys.exit(5)
            return [] if done else [Cell(task="slow", coordinates={"seed": 0}, label="one")]

        def measure(self, cell, needed, backend, progress):
            return CellResult(values={})

        def analyse(self, settings, done):
            if settings.when == "analyse":
                raise KeyboardInterrupt
            return Findings(estimates={}, tables={})

        def draw(self, findings):
            return {}
"""


@pytest.fixture
def slow(plugin_distribution: Any) -> dict[str, str]:
    """A protocol whose import takes longer than its cells."""
    modules = {"slow_plugin.plugin": SLOW, "slow_plugin.protocol": PROTOCOL}
    folder = plugin_distribution("slow", modules, {"slow": "slow_plugin.plugin"})
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


RUN = ("run", "slow", "--backend", "numpy", "--store", "store", "--quiet")


def test_imports_do_not_count_as_part_of_a_cell(process: Any, slow: dict[str, str]) -> None:
    """A limit of one second is enough for a cell of no time, whose protocol takes longer to import."""
    done = process(*RUN, "--limit", "1", **slow)
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("when", "code", "words"),
    [
        ("problems", 2, "Protocol 'slow' raised SystemExit: 5 while checking its settings."),
        ("plan", 2, "Protocol 'slow' raised SystemExit: 5 while planning."),
        ("analyse", 1, "Protocol 'slow' raised KeyboardInterrupt while analysing."),
    ],
)
def test_a_protocol_that_ends_python_is_named(
    process: Any, slow: dict[str, str], when: str, code: int, words: str
) -> None:
    """Nothing ends silently, and nothing ends in its exit code."""
    done = process(*RUN, "--set", f"when={when}", **slow)
    assert done.code == code
    assert words in " ".join((done.out + done.err).split())
    assert "Traceback" not in done.err


def test_a_folder_that_is_gone_is_one_sentence(process: Any, tmp_path: Path) -> None:
    """Every relative path would start there."""
    folder = tmp_path / "gone"
    folder.mkdir()
    command = f"cd {folder} && rmdir {folder} && exec {sys.executable} -m jamharness runs"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done
    assert done.stderr.count("\n") == 1
    assert "The current folder cannot be used" in done.stderr
