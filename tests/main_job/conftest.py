"""The command line with the plugins that are installed, in an empty folder that must stay as it is."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from jamharness.cli import main

NOWHERE = "http://127.0.0.1:9"
"""A proxy at which nobody answers: tests must neither wait for a network nor fetch a data set."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def sentences(self) -> list[str]:
        """What it printed on standard error, line by line, but for what a busy machine adds: what takes long."""
        return [line for line in self.err.splitlines() if not line.endswith("for 5 s …")]


Command = Callable[..., Outcome]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a test, empty, with no setting, network or GPU from outside."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for variable in [name for name in os.environ if name.startswith("JAMHARNESS")]:
        monkeypatch.delenv(variable)
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, NOWHERE)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("COLUMNS", "100")
    # Nor does a configuration of whoever runs the tests count.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return folder


@pytest.fixture
def command(work: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    """The command line within this process: fast, and faithful as to code, output and files."""

    def call(*arguments: str) -> Outcome:
        capfd.readouterr()
        code = main(arguments)
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture
def process(work: Path) -> Command:
    """The command line as a process of its own."""

    def call(*arguments: str, **environment: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "jamharness", *arguments],
            cwd=work,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call


def contents(*folders: Path) -> dict[str, str]:
    """Every path below some folders, with a digest of each file."""
    digests = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            digests[str(path)] = content
    return digests


Refused = Callable[..., None]


@pytest.fixture
def refused(work: Path) -> Refused:
    """A function that calls a command and checks that it was bad input.

    It takes the command (in this process or its own), the arguments, and for each sentence that must come, in any
    order, the texts that it must contain; other sentences, output or files must not come.
    """

    def check(
        call: Command, arguments: tuple[str, ...], *sentences: tuple[str, ...], also: tuple[Path, ...] = ()
    ) -> None:
        before = contents(work, *also)
        outcome = call(*arguments)
        assert contents(work, *also) == before
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert "Traceback" not in outcome.err
        left = outcome.sentences
        for parts in sentences:
            fitting = [line for line in left if all(part in line for part in parts)]
            assert fitting, (parts, outcome.err)
            left.remove(fitting[0])
        assert left == [], outcome.err

    return check
