"""The examples of third parties' distributions that need nothing but NumPy pass their own tests, as if installed."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


TRACKER = pytest.mark.skipif(
    find_spec("mlflow") is None or find_spec("alembic") is None,
    reason='MLflow is not installed: pip install -c constraints.txt "mlflow-skinny>=3.13" sqlalchemy alembic',
)


@pytest.mark.parametrize("name", ["dataset", "system", "protocol", pytest.param("mlflow", marks=TRACKER)])
def test_an_example_passes_its_tests(name: str, plugin_distribution: Callable[..., Path]) -> None:
    """Its modules and entry points are those of its own project file."""
    example, package = EXAMPLES / f"jamharness-{name}", f"jamharness_{name}"
    project = tomllib.loads((example / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sources = {path.stem: path.read_text(encoding="utf-8") for path in example.glob(f"src/{package}/*.py")}
    modules = {f"{package}.{module}": source for module, source in sources.items() if module != "__init__"}
    folder = plugin_distribution(project["name"], modules, project["entry-points"]["jamharness"])
    (folder / package / "__init__.py").write_text(sources["__init__"], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", str(example / "pyproject.toml"), str(example / "tests")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
