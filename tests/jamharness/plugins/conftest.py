"""Distributions on this process's path."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def install(plugin_distribution: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A function that installs a distribution with one module, importable until the test ends."""
    before = set(sys.modules)

    def put(name: str, source: str, *, version: str = "1.0", entry: str = "", target: str = "") -> None:
        module = f"{name.replace('-', '_')}_module"
        folder = plugin_distribution(name, {module: source}, {entry or name: target or module}, version)
        monkeypatch.syspath_prepend(str(folder))

    yield put
    for name in set(sys.modules) - before:
        if name.endswith("_module"):
            del sys.modules[name]


@pytest.fixture
def backend() -> Callable[..., str]:
    """A function that writes the source of a plugin with one backend, with further fields as Python source."""

    def write(name: str, fields: str = "") -> str:
        return (
            "from jamharness.api import BackendSpec, hookimpl\n"
            "@hookimpl\n"
            "def jamharness_backends():\n"
            f"    return [BackendSpec(**{{**dict(name={name!r}, factory='nowhere.at_all:It'), **dict({fields})}})]\n"
        )

    return write
