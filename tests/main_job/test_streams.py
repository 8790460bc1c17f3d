"""What becomes of the standard streams decides neither what is computed nor the exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = "run jamming --backend numpy --set width=3 --set depth=1 --set seeds=1 --store store --name mine"


def shell(work: Path, text: str) -> "subprocess.CompletedProcess[str]":
    """A command line of bash; ``jamharness`` in it is the program."""
    program = f"{sys.executable} -m jamharness"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", text.replace("jamharness ", f"{program} ")],
        cwd=work, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ("2>&1 | true", 0),
        ("2> >(true)", 0),
        ("2>&-", 0),
        (">&-", 0),
        (">&- 2>&- <&-", 0),
        ("2>/dev/full", 0),
        ("--json | head -c 1", 0),
        ("--json >/dev/full", 74),
        (">/dev/full 2>/dev/full", 74),
    ],
)
def test_a_run_goes_on_whatever_becomes_of_its_streams(work, streams, code):
    """Its results are kept, and the exit code is that of the science, or 74 where the result met a full disk."""
    done = shell(work, f"jamharness {RUN} {streams}")
    assert done.returncode == code, done
    record = json.loads((work / "store" / "runs" / "mine.json").read_bytes())["record"]
    assert record["status"] == "finished"
    assert sum(map(len, record["cells"].values())) == len(list((work / "store").glob("cells/*/*.json"))) > 0
    assert "Traceback" not in done.stderr
    if streams == "--json >/dev/full":
        assert "The result could not be written to standard output (No space left on device)" in done.stderr


def test_no_answer_is_still_no_answer(work):
    """Exit 1 of a run that decides nothing does not become 0."""
    for streams in ("", "2>&1 | true"):
        assert shell(work, f"jamharness {RUN} --set highest_ratio=0.6 --set start_ratio=0.5 {streams}").returncode == 1


@pytest.mark.parametrize(
    ("text", "code"), [("--help >/dev/full", 74), ("plugins >/dev/full", 74), ("--help | true", 0)]
)
def test_other_commands_likewise(work, text, code):
    """A list that could not be written was not written; one that nobody read to its end was."""
    assert shell(work, f"jamharness {text}").returncode == code


def test_the_exit_codes_are_in_the_help(command):
    """All of them."""
    shown = " ".join(command("--help").out.split())
    assert "0 done; 1 the science said no; 2 bad input; 3 a claim is undecided; 70" in shown
    assert "74 the result could not be written; 130 interrupted" in shown


NOISE = """
    import atexit, os, sys, threading, time
    from dataclasses import dataclass
    from jamharness.api import Cell, CellResult, Findings, ProtocolSpec, hookimpl, setting

    def noise(where):
        print("printed", where)
        os.write(1, b"written\\n")
        os.system("echo from a child")

    noise("on import")
    atexit.register(noise, "at the end")

    @hookimpl
    def jamharness_protocols():
        noise("in a hook")
        return [ProtocolSpec(name="loud", factory="loud_plugin:Loud")]

    @hookimpl
    def jamharness_run_finished(run):
        noise("afterwards")

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        seeds: int = setting(1, help="How many.")

        def problems(self):
            noise("in settings")
            return []

    class Loud:
        Settings = Settings
        observables = {}
        presets = {}

        def __init__(self):
            noise("when made")
            threading.Thread(target=lambda: [noise("in a thread") for _ in range(1000)],
                             daemon=True).start()

        def plan(self, settings, done):
            noise("in plan")
            return [] if done else [Cell(task="loud", coordinates={"seed": 0}, label="one")]

        def measure(self, cell, needed, backend, progress):
            noise("in measure")
            return CellResult(values={})

        def analyse(self, settings, done):
            noise("in analyse")
            return Findings(estimates={}, tables={})

        def draw(self, findings):
            noise("in draw")
            return {}
"""


@pytest.mark.parametrize(
    "arguments",
    [("run", "loud", "--backend", "numpy", "--store", "store", "--json"), ("plugins", "--json"),
     ("protocols", "loud", "--json"), ("runs", "--json", "--store", "store")],
)  # fmt: skip
def test_what_a_plugin_prints_never_mixes_with_the_document(process, plugin_distribution, work, arguments):
    """From wherever it prints: Python, the descriptor, a child, a thread, or when the program ends."""
    folder = plugin_distribution("loud", {"loud_plugin": NOISE}, {"loud": "loud_plugin"})
    done = process(*arguments, PYTHONPATH=os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    assert isinstance(json.loads(done.out), dict), done.out
    assert done.code == 0
    assert "printed on import" in done.err


ESCAPES = """
    import sys
    from dataclasses import dataclass
    from jamharness.api import Cell, CellResult, Findings, ProtocolSpec, hookimpl, setting

    ORDER = "\\x1b]0;owned\\x07\\x9b2J\\u202e"

    @hookimpl
    def jamharness_protocols():
        return [
            ProtocolSpec(name="orders", factory="orders_plugin:Orders", summary=f"a {ORDER} b"),
            ProtocolSpec(name="other", factory=f"a {ORDER} b"),
        ]

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        seeds: int = setting(1, help=f"a {ORDER} b")

        def problems(self):
            return [f"seeds = {ORDER}"] if self.seeds == 0 else []

    class Orders:
        Settings = Settings
        observables = {}
        presets = {}

        def plan(self, settings, done):
            return [] if done else [Cell(task="orders", coordinates={"seed": 0}, label=f"label {ORDER}")]

        def measure(self, cell, needed, backend, progress):
            progress(f"progress {ORDER}")
            raise ValueError(f"error {ORDER}")

        def analyse(self, settings, done):
            return Findings(estimates={}, tables={}, objection=f"objection {ORDER}")

        def draw(self, findings):
            raise ValueError(f"figure {ORDER}")
"""


def test_no_text_of_a_plugin_or_a_worker_gives_orders_to_the_terminal(command, plugin_distribution, monkeypatch, work):
    """Summaries, labels, errors, objections, settings, and what was typed."""
    folder = plugin_distribution("orders", {"orders_plugin": ESCAPES}, {"orders": "orders_plugin"})
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    run = ("run", "orders", "--backend", "numpy", "--store", "store", "--name", "mine")
    for arguments in (
        run, (*run, "--debug"), (*run, "--set", "seeds=0"), ("plugins",), ("protocols",), ("protocols", "orders"),
        ("show", "mine", "--store", "store"), ("runs", "--store", "store"), ("run", "\x1b[2J"), ("\x1b[2J\x9b",),
        ("run", "--backend", "numpy", "--config", "\x1b[2J"), ("show", "mine", "--store", "\x1b[2J"),
    ):  # fmt: skip
        done = command(*arguments)
        printed = done.out + done.err
        assert done.code in (0, 1, 2), done
        assert not set(printed) & {"\x1b", "\x07", "\x9b", "\u202e"}, (arguments, printed)
        assert printed
