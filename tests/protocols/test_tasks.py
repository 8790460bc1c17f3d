"""Which files the built-in cells depend on: an edit orphans what it computes, and nothing else."""

import shutil
from pathlib import Path

import jamharness_numerics
import jamharness_protocols
import pytest
from jamharness_protocols.plugin import jamharness_protocols as specs

from jamharness.execution.facts import Question, look_up

TASKS = {name: path.partition(":")[0] for spec in specs() for name, path in spec.tasks.items()}
TESTED = {"generalisation", "trajectory"}
SPAN = {"effective"}
FLOWS = {"regimes", "regimes_together", "lazy_limit"}
ALL = (
    {"minimisation", "approach", "spectrum", "margins", "avalanches", "quasistatic", "ageing", "census"}
    | FLOWS
    | TESTED
    | SPAN
)
PROTOCOLS = (
    "jamming", "spectrum", "margins", "avalanches", "quasistatic", "ageing", "generalisation", "regimes", "scaling",
    "advise",
)  # fmt: skip
NOTHING = [
    f"jamharness_protocols/{protocol}/{part}.py"
    for protocol in PROTOCOLS
    for part in ("figures", "analysis", "observables", "settings", "protocol")
] + [
    "jamharness_protocols/plugin.py",
    "jamharness_protocols/common/settings.py",
    "jamharness_protocols/common/own_threshold.py",
    "jamharness_numerics/search.py",
    "jamharness_numerics/statistics/power_law.py",
]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The physics in a folder of its own, found before the installed one."""
    for package in (jamharness_protocols, jamharness_numerics):
        home = Path(str(package.__file__)).parent
        shutil.copytree(home, tmp_path / home.name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def hashes() -> dict[str, object]:
    return {name: look_up(Question(modules=(module,))).sources for name, module in TASKS.items()}


def edit(path: Path) -> None:
    with path.open("a") as file:
        file.write("\n# edited\n")


def test_an_edit_orphans_the_cells_that_it_computes_and_no_others(copied: Path) -> None:
    """Figures, analyses, settings and searches none; a minimiser those that use it; the common problem all."""
    assert set(TASKS) == ALL | {"calibration"}
    edits: dict[str, set[str]] = {
        "jamharness_protocols/common/minimisation.py": {"minimisation"},
        "jamharness_numerics/minimise/newton.py": ALL
        - {"margins", "ageing", "generalisation", "census", "effective"}
        - FLOWS,
        "jamharness_numerics/spectra/counting.py": {"spectrum", "ageing"},
        "jamharness_protocols/spectrum/lanczos.py": {"spectrum"},
        "jamharness_numerics/approach.py": {"approach", "quasistatic"},
        "jamharness_numerics/quasistatic.py": {"quasistatic"},
        "jamharness_numerics/flow/exponential.py": FLOWS,
        "jamharness_numerics/statistics/collapse.py": set(),
        "jamharness_protocols/margins/task.py": {"margins"},
        "jamharness_protocols/avalanches/following.py": {"avalanches"},
        "jamharness_protocols/ageing/following.py": {"ageing"},
        "jamharness_numerics/dynamics/ageing.py": set(),
        "jamharness_protocols/generalisation/task.py": TESTED,
        "jamharness_protocols/generalisation/trajectory.py": {"trajectory"},
        "jamharness_protocols/advise/census.py": {"census"},
        "jamharness_protocols/generalisation/effective.py": SPAN,
        "jamharness_protocols/common/problem.py": ALL - {"census"},
    }  # fmt: skip
    before = hashes()
    for name in NOTHING:
        edit(copied / name)
    after = hashes()
    assert not {task for task in ALL if after[task] != before[task]}
    for name, expected in edits.items():
        before = after
        edit(copied / name)
        after = hashes()
        assert {task for task in ALL if after[task] != before[task]} == expected, name


def test_the_calibration_depends_on_every_instrument_that_it_calibrates(copied: Path) -> None:
    """The fit of power laws, the minimiser and the count of eigenvalues; not what draws its figure."""
    for name, orphans in {
        "jamharness_numerics/statistics/power_law.py": True,
        "jamharness_numerics/minimise/newton.py": True,
        "jamharness_numerics/approach.py": True,
        "jamharness_protocols/calibration/figures.py": False,
    }.items():
        before = hashes()["calibration"]
        edit(copied / name)
        assert (hashes()["calibration"] != before) is orphans, name
