"""Third parties' backends that are wrong or slow, in runs of the real protocol and real worker processes."""

import json
import os
import subprocess
import sys

import pytest

MODULE = """
    import numpy as np
    from jamharness_numpy.backend import NumpyBackend, NumpyProblem
    from jamharness.api import Backend, BackendSpec, Problem, QuadraticHinge, hookimpl

    class Half(NumpyProblem):
        def margins(self, w):
            return super().margins(w)[: self.patterns // 2]

    class NotANumber(NumpyProblem):
        def loss_and_gradient(self, w):
            loss, gradient = super().loss_and_gradient(w)
            return loss, np.full_like(gradient, np.nan)

    class Factor(NumpyProblem):
        def outputs(self, w, x):
            return 1.001 * super().outputs(w, x)

    class Three(Problem):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.right = NumpyProblem(*arguments)

        def outputs(self, w, x):
            return self.right.outputs(w, x)

        def margins(self, w):
            return self.right.margins(w)

        def loss_and_gradient(self, w):
            return self.right.loss_and_gradient(w)

    def backend(key, kind, provided):
        def problem(self, network, x, y, loss=None):
            return kind(self, network, x, y, loss or QuadraticHinge())
        return type(key, (NumpyBackend,), {"name": key, "capabilities": provided, "problem": problem})

    KINDS = {"half": Half, "nan": NotANumber, "factor": Factor, "three": Three}
    ALL = NumpyBackend.capabilities
    MADE = {key: backend(key, kind, ALL if key != "three" else frozenset()) for key, kind in KINDS.items()}
    globals().update(MADE)

    @hookimpl
    def jamharness_backends():
        return [
            BackendSpec(name=key, factory=f"wrong_backends:{key}", capabilities=made.capabilities)
            for key, made in MADE.items()
        ]
"""
SMALL = [f"--set={text}" for text in ("width=3", "depth=1", "seeds=1", "start_ratio=0.5", "highest_ratio=0.7")]


@pytest.fixture
def jamharness(plugin_distribution, tmp_path):
    """The command line with these backends installed."""
    folder = plugin_distribution("wrong-backends", {"wrong_backends": MODULE}, {"wrong": "wrong_backends"})
    paths = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))

    def call(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "jamharness", *arguments],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "200"}, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip

    return call


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("half", r"Backend 'half' is wrong: margins returned an array of shape ("),
        ("nan", "Backend 'nan' is wrong: loss_and_gradient returned "),
        ("factor", "Backend 'factor' is wrong: at the end of a minimisation it has margins of pattern "),
    ],
)
def test_a_wrong_backend_gives_no_number_and_is_blamed(jamharness, backend, words):
    """Its cells fail by its name, the run has no estimate and exit code 1; none of it is advice to the user."""
    minimiser = ["--set=minimiser=adam", "--set=budget=50"] if backend == "nan" else []
    done = jamharness("run", "jamming", "--backend", backend, *SMALL, *minimiser, "--json")
    assert done.returncode == 1, done.stderr
    protocol = json.loads(done.stdout)["protocols"]["jamming"]
    assert protocol["estimates"]["critical_ratio"]["value"] is None
    assert protocol["cells"]["done"] == 0
    reasons = [failure["reason"] for failure in protocol["failures"]]
    assert reasons
    assert all(reason.startswith(words) for reason in reasons), reasons
    assert f"{len(reasons)} of {len(reasons)} minimisations failed. The first: {words}" in protocol["objection"]


def test_a_slow_backend_says_so_at_the_start(jamharness):
    """A backend of three methods: a line on standard error for each lack, before any cell; and in ``plugins``."""
    done = jamharness("run", "--backend", "three", *SMALL, "--json")
    lines = [line for line in done.stderr.splitlines() if "three" in line]
    assert lines[0].startswith("Backend 'three' has no jacobian: each second-order step takes one gradient for every")
    assert lines[1].startswith("Backend 'three' has neither hessian nor hessian_vector: minimiser=lm ends with")
    assert json.loads(done.stdout)["protocols"]["jamming"]["cells"]["failed"] == 0
    assert done.stderr.index(lines[1]) < done.stderr.index("jamming")
    shown = " ".join(jamharness("plugins").stdout.split())
    assert "three: the three required methods; derived: damped_step (from jacobian), descend (one gradient per" in shown
    assert "jacobian (slow: one gradient per row)" in shown
    (row,) = [row for row in json.loads(jamharness("plugins", "--json").stdout)["plugins"] if row["name"] == "three"]
    assert row["derived"]["jacobian"] == "slow: one gradient per row"
    assert "hessian" not in row["derived"]


def test_doctor_names_what_a_backend_lacks(jamharness):
    """As a warning beside the backend, with what it costs."""
    done = jamharness("doctor", "--json")
    texts = [row["text"] for row in json.loads(done.stdout)["findings"] if row["topic"] == "three"]
    assert any(text.startswith("It has no jacobian: each second-order step") for text in texts), texts
    assert any("neither hessian nor hessian_vector" in text for text in texts)
