"""What a number depends on: versions and code."""

import sys
from pathlib import Path

import numpy as np
import pytest

from jamharness.execution.facts import facts, sources, versions


def test_versions_are_those_installed() -> None:
    """One that is not there has none."""
    assert versions(["numpy", "no-such-thing"]) == {"numpy": np.__version__, "no-such-thing": ""}


def test_a_hash_changes_with_any_source_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a file's content, its name, and new files; not with compiled or other files; nothing is imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "hashed_package"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "deep" / "code.py").write_text("x = 1")

    def now() -> str:
        return sources(["hashed_package"])["hashed_package"]

    seen = [now()]
    (package / "notes.txt").write_text("text")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "code.cpython-311.pyc").write_text("x")
    assert now() == seen[0]
    (package / "deep" / "code.py").write_text("x = 2")
    seen.append(now())
    (package / "deep" / "code.py").rename(package / "deep" / "other.py")
    seen.append(now())
    (package / "deep" / "more.py").write_text("")
    seen.append(now())
    assert len(set(seen)) == 4
    assert "hashed_package" not in sys.modules


def test_a_single_module_is_hashed_and_what_is_not_there_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin may be one file."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "hashed_module.py").write_text("x = 1")
    first = sources(["hashed_module"])["hashed_module"]
    (tmp_path / "hashed_module.py").write_text("x = 2")
    assert len({first, sources(["hashed_module"])["hashed_module"], ""}) == 3
    assert sources(["no_such_package", "no_such_package.inner"]) == {"no_such_package": "", "no_such_package.inner": ""}


def test_rooms_of_jamharness_have_hashes_of_their_own() -> None:
    """So that a change of the command line does not invalidate what was computed."""
    found = facts((), ("jamharness.api", "jamharness.datasets"))[1]
    assert len(set(found.values())) == 2
    assert all(len(text) == 64 for text in found.values())
