"""The suite bites: each backend that is wrong on purpose is rejected, by the test that its fault belongs to."""

import json
import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCE = Path(__file__).with_name("faults.py")
CLASSES = """
from faults import FAULTS
from jamharness.testing import Conformance

for number, (key, fault) in enumerate(FAULTS.items()):
    # The test that must find the fault alone: all of them, for all faults, take minutes.
    members = {name: None for name in dir(Conformance) if name.startswith("test_") and name != fault.test}
    members |= {"backend": key, "__module__": __name__}
    globals()[f"Test{number}"] = type(f"Test{number}", (Conformance,), members)


class TestSound(Conformance):
    backend = "sound"
"""


def _load():
    spec = spec_from_file_location("faults", SOURCE)
    module = module_from_spec(spec)
    sys.modules["faults"] = module  # its dataclass looks its own module up
    spec.loader.exec_module(module)
    return module


FAULTS = _load().FAULTS


@pytest.fixture(scope="module")
def tests(tmp_path_factory):
    """Every test of every backend, all from one process."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "faults.py").write_text(SOURCE.read_text(encoding="utf-8"), encoding="utf-8")
    info = folder / "faults-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faults\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[jamharness]\nfaults = faults\n", encoding="utf-8")
    (folder / "test_all.py").write_text(CLASSES, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    report = folder / "report.json"
    paths = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [
        sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "jamharness.testing.plugin", "-p", "no:cacheprovider",
        "--conformance-json", str(report), "test_all.py",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr
    return json.loads(report.read_text(encoding="utf-8"))["tests"]


@pytest.fixture(scope="module")
def rejections(tests):
    """Every test that failed, by fault: its name and its message."""
    found = {key: [] for key in FAULTS}
    for test in tests:
        if test["outcome"] == "failed" and test["class"] != "TestSound":
            key = list(FAULTS)[int(test["class"].removeprefix("Test"))]
            found[key].append((test["test"], test["message"]))
    return found


@pytest.mark.parametrize("fault", list(FAULTS))
def test_each_fault_is_found_by_its_own_test(rejections, fault):
    """The test named in the table fails, and its message says what is wrong."""
    messages = [text for name, text in rejections[fault] if name.partition("[")[0] == FAULTS[fault].test]
    assert messages, f"rejected by {sorted({name.partition('[')[0] for name, _ in rejections[fault]})} only"
    assert any(FAULTS[fault].phrase in text for text in messages), messages[0]


def test_there_are_enough_of_them():
    """At least the sixteen faults that the suite was asked to find, each of another class."""
    assert len({fault.problem for fault in FAULTS.values()}) == len(FAULTS) >= 16


def test_what_the_api_derives_is_tested_too(tests):
    """A backend with H v and no H passes, and its derived Hessian and spectra are among what is tested."""
    outcomes = {test["test"]: test["outcome"] for test in tests if test["class"] == "TestSound"}
    assert "failed" not in outcomes.values()
    names = "test_hessian[float64-relu-5-4]", "test_hessian_eigenvalues[float32-tanh-5-4]", "test_minimisations[relu]"
    for name in names:
        assert outcomes[name] == "passed"
