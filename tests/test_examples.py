"""The examples of third parties' distributions that need nothing but NumPy pass their own tests, as if installed."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "jamharness-dataset"


def test_the_data_set_of_the_example_passes_its_tests(plugin_distribution: Callable[..., Path]) -> None:
    """Its modules and entry points are those of its own project file."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sources = {path.stem: path.read_text(encoding="utf-8") for path in EXAMPLE.glob("src/jamharness_dataset/*.py")}
    modules = {f"jamharness_dataset.{name}": source for name, source in sources.items() if name != "__init__"}
    folder = plugin_distribution(project["name"], modules, project["entry-points"]["jamharness"])
    (folder / "jamharness_dataset" / "__init__.py").write_text(sources["__init__"], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", str(EXAMPLE / "pyproject.toml"), str(EXAMPLE / "tests")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
