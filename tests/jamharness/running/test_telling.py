"""Plugins that are told of finished runs: they see everything and change nothing."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jamharness.running.telling as module
from jamharness.plugins import Plugins
from jamharness.running.telling import read_only, tell

OBSERVER = """
    import os, threading, time
    from jamharness.api import Estimate, hookimpl

    def attempts(run):
        part = run.protocols["drift"]
        wrong = Estimate(value=42.0, low=42.0, high=42.0, count=42)
        estimates = run.estimates["drift"]
        yield "estimate", lambda: estimates.__setitem__("drift", wrong)
        yield "estimate", lambda: part.findings.estimates.update(drift=wrong)
        yield "estimate value", lambda: setattr(estimates["drift"], "value", 42.0)
        yield "protocols", lambda: run.protocols.clear()
        yield "cells", lambda: part.cells.__setitem__("done", 42)
        yield "settings", lambda: part.settings.__setitem__("seeds", 42)
        yield "nested setting", lambda: part.settings["sizes"].append(42)
        yield "environment", lambda: run.environment["backend"].__setitem__("flag", 42)
        yield "files", lambda: run.files.append("42")
        yield "failures", lambda: part.failures.append(("42", "42"))
        yield "array", lambda: run.arrays["drift"]["noise"].fill(42.0)
        yield "tables", lambda: run.tables["drift"].pop("trials")
        yield "objection", lambda: setattr(part.findings, "objection", "42")

    @hookimpl
    def jamharness_run_finished(run):
        mode = os.environ.get("OBSERVER", "")
        if mode == "hang":
            time.sleep(600)
        if mode == "interrupt":
            raise KeyboardInterrupt
        if mode == "exit":
            raise SystemExit(3)
        if mode == "force":
            run.tables["drift"]["trials"]["x"] = 42.0
            array = run.arrays["drift"]["noise"]
            array.flags.writeable = True
            array[:] = 42.0
            object.__setattr__(run.estimates["drift"]["drift"], "value", 42.0)
            object.__setattr__(run, "files", ["42"])
            object.__setattr__(run.protocols["drift"].findings, "estimates", {})
        if mode == "write":
            written = []
            for what, attempt in attempts(run):
                try:
                    attempt()
                    written.append(what)
                except (TypeError, AttributeError, ValueError):
                    pass
            with open(os.environ["OBSERVED"], "w") as file:
                file.write(repr(written))
"""


@pytest.fixture
def observed(
    lab: Any, plugin_distribution: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A function that makes a run while the observer misbehaves in some way."""
    folder = plugin_distribution("eyes", {"eyes_plugin": OBSERVER}, {"eyes": "eyes_plugin"})
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("OBSERVED", str(tmp_path / "observed"))

    def run(mode: str) -> Any:
        monkeypatch.setenv("OBSERVER", mode)
        return lab.run()

    return run


def test_nothing_that_an_observer_gets_can_be_written_to(observed: Any, tmp_path: Path) -> None:
    """Estimates, tables, arrays, settings, environment and files, in depth."""
    calm = observed("").to_json()
    run = observed("write")
    assert (tmp_path / "observed").read_text() == "[]"
    calm["protocols"]["drift"] |= {"cells": run.to_json()["protocols"]["drift"]["cells"], "seconds": 0}
    document = run.to_json()
    document["protocols"]["drift"]["seconds"] = 0
    assert document == calm


def test_an_observer_that_forces_its_way_reaches_a_copy(observed: Any) -> None:
    """What is printed, and what the next plugin sees, is what was found."""
    run = observed("force")
    assert run.files != ["42"]
    assert run.estimates["drift"]["drift"].value != 42.0
    assert 42.0 not in run.arrays["drift"]["noise"]
    assert 42.0 not in set(run.tables["drift"]["trials"]["x"])


def test_an_observer_that_hangs_is_named_and_left_behind(
    observed: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After its time the command goes on."""
    run = observed("")
    monkeypatch.setenv("OBSERVER", "hang")
    start = time.monotonic()
    with caplog.at_level(logging.WARNING):
        tell(Plugins.load(), run, limit=0.2)
    assert time.monotonic() - start < 10
    assert "Plugin 'eyes (eyes)' takes longer than 0.2 s" in caplog.text


@pytest.mark.parametrize("mode", ["interrupt", "exit"])
def test_an_observer_that_ends_everything_ends_itself(
    observed: Any, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The run stands, with a warning that names it."""
    with caplog.at_level(logging.WARNING):
        assert observed(mode).exit == 0
    assert "eyes" in caplog.text


def test_ten_seconds_are_the_default() -> None:
    """Long enough for a tracker on another machine."""
    assert module.LIMIT == 10.0


def test_a_command_with_a_hanging_observer_ends(lab: Any, observed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread does not keep the process alive, and the result is printed whole."""
    monkeypatch.setenv("OBSERVER", "hang")
    folder = next(path for path in lab.folder.parent.iterdir() if path.name.startswith("eyes"))
    script = f"""
    import json, sys
    sys.path.insert(0, {str(folder)!r})
    import jamharness.running.telling as telling
    telling.LIMIT = 0.2
    from jamharness.running import run
    print(json.dumps(run("drift", backend="toy", store={str(lab.store)!r}, workers=1).to_json()))
    """
    start = time.monotonic()
    process = lab.start(script)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(output)["exit"] == 0
    assert "eyes" in errors
    assert time.monotonic() - start < 60


def test_each_observer_has_its_own_copy(observed: Any) -> None:
    """Two plugins share nothing but numbers."""
    run = observed("")
    first, second = read_only(run), read_only(run)
    assert first.arrays["drift"]["noise"] is not second.arrays["drift"]["noise"]
    assert first.tables["drift"]["trials"] is not second.tables["drift"]["trials"]
    assert first.to_json() == second.to_json() == run.to_json()
    tell(Plugins.load(), run, limit=5)
