"""The suite bites: each backend that is wrong on purpose is rejected, by the test that its fault belongs to."""

import json
import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from jamharness.api import Namespace
from jamharness.plugins import load_backend
from jamharness.testing.ridges import FUNCTIONS
from jamharness.testing.solutions import SYSTEMS

ROOT = Path(__file__).parents[3]
SOURCE = Path(__file__).with_name("faults.py")
CLASSES = """
from faults import FAULTS
from jamharness.testing import Conformance
from jamharness.testing.differentiation import Systems

for number, (key, fault) in enumerate(FAULTS.items()):
    # The test that must find the fault alone: all of them, for all faults, take minutes.
    members = {name: None for name in dir(Conformance) if name.startswith("test_") and name != fault.test}
    members |= {"backend": key, "__module__": __name__}
    globals()[f"Test{number}"] = type(f"Test{number}", (Conformance,), members)


class TestSound(Conformance):
    backend = "sound"


class TestClosedForms(Systems):
    backend = "closed-forms"
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
    rejections = {key: [] for key in FAULTS}
    for test in tests:
        if test["outcome"] == "failed" and test["class"] not in ("TestSound", "TestClosedForms"):
            key = list(FAULTS)[int(test["class"].removeprefix("Test"))]
            rejections[key].append((test["test"], test["message"]))
    return rejections


@pytest.mark.parametrize("fault", list(FAULTS))
def test_each_fault_is_found_by_its_own_test(rejections, fault):
    """The test named in the table fails, and its message says what is wrong."""
    messages = [text for name, text in rejections[fault] if name.partition("[")[0] == FAULTS[fault].test]
    assert messages, f"rejected by {sorted({name.partition('[')[0] for name, _ in rejections[fault]})} only"
    assert any(FAULTS[fault].phrase in text for text in messages), messages[0]


def test_there_are_enough_of_them():
    """At least the sixteen faults that the suite was asked to find, each of another class."""
    classes = {(fault.problem, fault.differentiator, fault.derived) for fault in FAULTS.values()}
    assert len(classes) == len(FAULTS) >= 16


def test_what_the_api_derives_is_tested_too(tests):
    """A backend with H v and no H passes, and its derived Hessian and spectra are among what is tested."""
    outcomes = {test["test"]: test["outcome"] for test in tests if test["class"] == "TestSound"}
    assert "failed" not in outcomes.values()
    names = "test_hessian[float64-relu-5-4]", "test_hessian_eigenvalues[float32-tanh-5-4]", "test_minimisations[relu]"
    for name in names:
        assert outcomes[name] == "passed"


def test_a_backend_without_a_differentiator_is_no_worse_for_it(tests):
    """Its tests of systems are skipped, each with the backend's own sentence."""
    outcomes = {(test["outcome"], test["message"]) for test in tests if test["class"] == "TestClosedForms"}
    sentence = "Backend 'closed-forms' has closed forms only: it brings no Differentiator for systems."
    assert outcomes == {("skipped", sentence)}


def test_every_function_of_formulas_is_among_the_systems_of_the_suite():
    """Each function of the Namespace is called by the formula of some system."""
    differentiator, called = load_backend("numpy").differentiator(), set()

    class Spy:
        def __getattr__(self, name):
            called.add(name)
            return getattr(differentiator.namespace, name)

    for case in SYSTEMS:
        gaps = case.system.gaps(Spy(), case.w, differentiator.arrays(case.system.arrays(case.data)))
        np.testing.assert_allclose(gaps, case.solution().closed.gaps, atol=1e-14)
    assert called == {name for name in vars(Namespace) if not name.startswith("_")}


def test_the_closed_forms_are_derivatives():
    """Slopes and bends are those of differences of gaps and slopes, but where a factor is held constant."""
    for case in SYSTEMS:
        w, data, step = case.w, case.data, 1e-6
        around = [(case.system.closed(w + e, data), case.system.closed(w - e, data)) for e in step * np.eye(len(w))]
        slopes = np.stack([(up.gaps - down.gaps) / (2 * step) for up, down in around], axis=1)
        bends = np.stack([(up.slopes - down.slopes) / (2 * step) for up, down in around], axis=2)
        closed, constant = case.solution().closed, list(FUNCTIONS).index("constant")
        varies = data["function"] != constant if "function" in data else slice(None)
        np.testing.assert_allclose(closed.slopes[varies], slopes[varies], atol=1e-8)
        np.testing.assert_allclose(closed.bends[varies], bends[varies], atol=1e-8)
