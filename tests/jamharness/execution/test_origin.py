"""Errors of plugins say where in the plugin's own code they came from."""

import importlib
import sys
from textwrap import dedent

import pytest

from jamharness.api import BadInput, PluginError
from jamharness.execution.origin import with_place

MINE = """
    import json

    def fail(text):
        raise ValueError(text)

    def inside_a_library():
        return json.loads("{")

    def run_out():
        raise MemoryError("out of memory")
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A plugin's module."""
    (tmp_path / "my_protocol.py").write_text(dedent(MINE), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("my_protocol")
    del sys.modules["my_protocol"]


def test_an_error_names_file_and_line(mine):
    """The line in which it was raised."""
    pattern = r"^ValueError: oops \(my_protocol\.py, line 5\)$"
    with pytest.raises(PluginError, match=pattern), with_place("my_protocol:Mine"):
        mine.fail("oops")


def test_an_error_inside_a_library_names_the_plugins_last_line(mine):
    """Not the library's own, which is none of the author's doing."""
    pattern = r"^JSONDecodeError: .* \(my_protocol\.py, line 8\)$"
    with pytest.raises(PluginError, match=pattern), with_place("other:Backend", "my_protocol:Mine", ""):
        mine.inside_a_library()


def test_an_error_from_elsewhere_names_no_place():
    """Where no line of the plugin was reached, none is made up."""
    with pytest.raises(PluginError, match=r"^ZeroDivisionError: division by zero$"), with_place("my_protocol:Mine"):
        1 / 0  # noqa: B018


def test_errors_of_jamharness_and_a_lack_of_memory_pass(mine):
    """The one are sentences already; after the other a cell is tried again."""
    with pytest.raises(BadInput, match="Too many"), with_place("my_protocol:Mine"):
        raise BadInput("Too many.")
    with pytest.raises(MemoryError), with_place("my_protocol:Mine"):
        mine.run_out()
