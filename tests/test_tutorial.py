"""The tutorial prints what it says: its commands run once, in order, in a folder of their own."""

import os
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "tutorial.md").read_text(encoding="utf-8")
STEPS = re.findall(r"```(sh|python)\n((?:(?!```).)*?)```\n\n```text\n(.*?)```", PAGE, flags=re.DOTALL)
"""Each block of commands or Python that is followed by its output: the language, the block, and the output."""
VARYING = re.compile(r"\b\d+(\.\d+)? (min \d+ )?s\b|\b[0-9a-f]{64}\b")
"""Times and seals: other ones in every run."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What each step prints, on standard output."""
    folder = tmp_path_factory.mktemp("tutorial")
    # The program of this Python, whatever is installed beside it.
    programs = {"jamharness": "-m jamharness", "python": ""}
    for name, module in programs.items():
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("JAMHARNESS")}
    surroundings = {**environment, "PATH": f"{folder / 'bin'}{os.pathsep}{environment['PATH']}", "COLUMNS": "100"}
    surroundings |= {"XDG_CONFIG_HOME": str(folder / "config"), "OMP_NUM_THREADS": "1"}
    work = folder / "work"
    work.mkdir()
    outputs = []
    for language, block, _ in STEPS:
        command = ["sh", "-c", block] if language == "sh" else [sys.executable, "-c", block]
        done = subprocess.run(command, cwd=work, env=surroundings, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout.replace(f"{work}/", ""))
    return outputs


def test_every_command_has_its_output():
    """All but the installation: three commands and one script."""
    blocks = re.findall(r"```(?:sh|python)\n", PAGE)
    assert len(STEPS) == len(blocks) - 1 == 4


@pytest.mark.parametrize(
    "step", range(len(STEPS)), ids=[step[1].split("--")[0].split("\n")[0].strip() for step in STEPS]
)
def test_the_tutorial_prints_what_it_says(printed, step):
    """The same words; numbers up to what another processor may change: a fifth, and counts by three."""
    _, _, promised = STEPS[step]
    for expected, actual in zip_longest(_words(promised), _words(printed[step]), fillvalue=""):
        assert NUMBER.sub("#", expected) == NUMBER.sub("#", actual)
        for first, second in zip(NUMBER.findall(expected), NUMBER.findall(actual), strict=True):
            tolerance = max(0.2 * abs(float(first)), 0.0 if "." in first else 3)
            assert abs(float(first) - float(second)) <= tolerance, (expected, actual)


def _words(text):
    """What is said, wherever lines end: a long path moves to a line of its own, and columns are as wide as numbers."""
    return VARYING.sub("~", text).replace("─", "").split()
