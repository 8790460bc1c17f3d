"""Fixtures that more than one room's tests need."""

import compileall
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest

PluginDistribution = Callable[..., Path]

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # NumPy reads them as it loads: as many tests run side by side as there are cores


def pytest_configure(config: pytest.Config) -> None:
    """A shell starts what runs in its background with Ctrl-C ignored, and so is all that a test starts.

    Where Python is told to write no bytecode, the sources are compiled once, not again by each of a thousand processes.
    """
    if sys.dont_write_bytecode and not hasattr(config, "workerinput"):
        for package in ("jamharness", "protocols", "backends"):
            compileall.compile_dir(config.rootpath / package, quiet=2)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def install_distribution(
    home: Path, name: str, modules: Mapping[str, str], entry_points: Mapping[str, str], version: str = "1.0"
) -> Path:
    """Install a distribution into a new folder in ``home``, as ``plugin_distribution`` says."""
    folder = home / f"{name}-{version}-installed"
    for module, source in modules.items():
        path = folder.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")
        for parent in path.parents:
            if parent == folder:
                break
            (parent / "__init__.py").touch()
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    lines = "".join(f"{entry} = {target}\n" for entry, target in entry_points.items())
    (info / "entry_points.txt").write_text(f"[jamharness]\n{lines}", encoding="utf-8")
    return folder


@pytest.fixture
def plugin_distribution(tmp_path: Path) -> PluginDistribution:
    """A function that installs a distribution into a new folder, to be put on PYTHONPATH.

    It takes the distribution's name, its modules by dotted name, its entry points of group ``jamharness`` by name, and
    its version, and returns the folder. Modules in packages get the packages made for them.
    """
    return partial(install_distribution, tmp_path)


@pytest.fixture(scope="session")
def install() -> PluginDistribution:
    """The same for fixtures that outlive a test: a function of the folder in which its folder is made."""
    return install_distribution
