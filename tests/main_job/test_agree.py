"""``jamharness agree`` from the command line, with small backends of its own in real processes and interpreters."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TINY = ("--set", "width=3", "--set", "depth=1", "--quiet", "--store", "store")
SMALL = (*TINY, "--set", "seeds=4")
"""A search of seconds."""

PLUGIN = """
    from jamharness.api import BackendSpec, hookimpl

    @hookimpl
    def jamharness_backends():
        return [
            BackendSpec(name="alpha", factory="sidebyside.alpha:Alpha", distributions=("toyfw-alpha",)),
            BackendSpec(name="beta", factory="sidebyside.beta:Beta", distributions=("toyfw-beta",)),
            BackendSpec(name="liar", factory="sidebyside.liar:Liar"),
            BackendSpec(name="optimist", factory="sidebyside.liar:Optimist"),
            BackendSpec(name="wreck", factory="sidebyside.wreck:Wreck"),
        ]
"""
HONEST = """
    import {framework}
    from jamharness_numpy.backend import NumpyBackend

    class {name}(NumpyBackend):
        name = "{backend}"

        def describe(self):
            return {{**super().describe(), "framework": {framework}.__version__}}
"""
LIAR = """
    import numpy as np
    from jamharness_numpy.backend import NumpyBackend, NumpyProblem

    class WrongGradient(NumpyProblem):
        def loss_and_gradient(self, w):
            loss, gradient = super().loss_and_gradient(w)
            return loss, gradient * (1 + 1e-9)

    class Liar(NumpyBackend):
        name = "liar"

        def problem(self, network, x, y, loss=None):
            from jamharness.api import QuadraticHinge
            return WrongGradient(self, network, x, y, loss or QuadraticHinge())

    class Forgetful(NumpyProblem):
        def margins(self, w):
            return np.where(np.arange(len(self.y)) % 3 > 0, -1.0, super().margins(w))

    class Optimist(NumpyBackend):
        name = "optimist"

        def problem(self, network, x, y, loss=None):
            from jamharness.api import QuadraticHinge
            return Forgetful(self, network, x, y, loss or QuadraticHinge())
"""
MODULES = {
    "sidebyside.plugin": PLUGIN,
    "sidebyside.alpha": HONEST.format(framework="toyfw_alpha", name="Alpha", backend="alpha"),
    "sidebyside.beta": HONEST.format(framework="toyfw_beta", name="Beta", backend="beta"),
    "sidebyside.liar": LIAR,
    "sidebyside.wreck": "raise OSError('libwreck.so.1: cannot open shared object file')",
}


@pytest.fixture
def backends(plugin_distribution) -> Path:
    """The plugin with the backends, without any framework."""
    return plugin_distribution("sidebyside", MODULES, {"sidebyside": "sidebyside.plugin"})


@pytest.fixture
def frameworks(plugin_distribution) -> dict[str, Path]:
    """Two tiny frameworks, each in a folder of its own."""
    return {
        name: plugin_distribution(f"toyfw-{name}", {f"toyfw_{name}": f"__version__ = '{number}'"}, {})
        for name, number in (("alpha", "1.5"), ("beta", "2.5"))
    }


def search(*folders: Path) -> dict[str, str]:
    """The variable that makes Python find distributions."""
    return {"PYTHONPATH": os.pathsep.join(map(str, folders))}


def interpreter(folder: Path, *distributions: Path) -> Path:
    """A virtual environment of its own that sees this one's libraries, and some distributions that this one has not."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    paths = [path for path in sys.path if path and Path(path).is_dir()]
    (site / "seen.pth").write_text("\n".join([*paths, *map(str, distributions)]), encoding="utf-8")
    return folder / "bin" / "python"


def test_two_correct_backends_in_one_environment_agree(process, work, backends, frameworks):
    """Exit 0; every exact and horizon row agrees, and the critical ratio is shown equal within its margin."""
    done = process(
        "agree", "jamming", "--backends", "alpha,beta", *SMALL, "--set", "resolution=0.1", "--json",
        **search(backends, *frameworks.values()),
    )  # fmt: skip
    document = json.loads(done.out)
    assert (done.code, document["exit"], document["verdict"]) == (0, 0, "agree"), done.err
    assert {row["verdict"] for row in document["exact"] + document["horizon"]} == {"agree"}
    assert {row["backend"] for row in document["exact"]} == {"alpha", "beta"}
    assert {row["state"] for row in document["exact"]} == {"initial", "trained", "near jamming"}
    ratio = next(row for row in document["distribution"] if row["observable"] == "critical_ratio")
    assert (ratio["verdict"], ratio["count"], ratio["paired"]) == ("agree", 4, True)
    assert all((work / file).is_file() for file in document["files"])


def test_each_backend_runs_in_the_interpreter_that_has_its_framework(process, work, backends, frameworks):
    """With [interpreters] neither framework is in this environment, and each environment has one alone."""
    lines = ["[interpreters]"]
    for name, folder in frameworks.items():
        python = interpreter(work.parent / f"venv-{name}", backends, folder)
        lines.append(f'{name} = "{python}"')
        other = {"alpha": "beta", "beta": "alpha"}[name]
        absent = subprocess.run([str(python), "-c", f"import toyfw_{other}"], capture_output=True, text=True)
        assert "ModuleNotFoundError" in absent.stderr
    (work / "jamharness.toml").write_text("\n".join(lines), encoding="utf-8")
    done = process(
        "agree",
        "jamming",
        "--backends",
        "alpha,beta",
        *SMALL,
        "--json",
        "--config",
        "jamharness.toml",
        **search(backends),
    )
    document = json.loads(done.out)
    assert document["failures"] == {}, done.err
    assert {row["verdict"] for row in document["exact"]} == {"agree"}
    records = [json.loads(path.read_text()) for path in (work / "store" / "runs").glob("*.json")]
    assert {record["record"]["environment"]["backend"]["framework"] for record in records} == {"1.5", "2.5"}


def test_a_gradient_wrong_in_the_ninth_digit_differs(process, backends):
    """Exit 1; the gradient's row and no other quantity's is beyond its bound."""
    done = process("agree", "jamming", "--backends", "liar", "--kinds", "exact", *SMALL, "--json", **search(backends))
    document = json.loads(done.out)
    assert done.code == 1, done.err
    wrong = {row["quantity"] for row in document["exact"] if row["verdict"] == "differ"}
    assert wrong == {"gradient"}
    (row,) = [r for r in document["exact"] if (r["quantity"], r["state"]) == ("gradient", "initial")]
    assert row["error"] == pytest.approx(1e-9, rel=1e-3)
    assert row["bound"] < 1e-12


def test_a_backend_that_forgets_patterns_is_named_as_wrong(process, backends):
    """NumPy's formulas at the end of each minimisation show it, so that no estimate of its is compared: exit 2."""
    done = process(
        "agree", "jamming", "--backends", "numpy,optimist", "--kinds", "distribution", *TINY, "--set", "seeds=12",
        **search(backends),
    )  # fmt: skip
    output = " ".join(done.out.split())
    assert done.code == 2, done.out + done.err
    assert "Backend 'optimist' is wrong" in output
    assert "jamharness conformance optimist" in output
    assert "critical_ratio – – 0.25 0 not compared" in output


def test_too_few_seeds_to_tell_is_said_as_such(process):
    """With two seeds nothing is shown either way about a margin of a hundredth: exit 2."""
    done = process(
        "agree", "jamming", "--backends", "numpy", "--kinds", "distribution", *TINY, "--set", "seeds=2",
        "--within", "critical_ratio=0.01", "--within", "critical_ratio_parameters=0.01", "--json",
    )  # fmt: skip
    document = json.loads(done.out)
    assert (done.code, document["verdict"]) == (2, "could not compare")


@pytest.mark.parametrize(
    ("name", "words"),
    [("wreck", "libwreck.so.1"), ("beta", "toyfw-beta is not installed")],
    ids=["its import raises", "its framework is missing"],
)
def test_a_backend_that_cannot_start_is_one_sentence_and_nothing_is_computed(process, work, backends, name, words):
    """Exit 2 with the reason before the reference does anything."""
    done = process("agree", "jamming", "--backends", f"numpy,{name}", *TINY, "--json", **search(backends))
    (sentence,) = done.sentences
    assert (done.code, done.out) == (2, "")
    assert f"'{name}'" in sentence
    assert words in sentence
    assert not (work / "store").exists()


def test_all_that_cannot_start_is_said_at_once(process, work, backends):
    """What is not installed, and what cannot be imported in its worker."""
    done = process("agree", "jamming", "--backends", "wreck,beta,alpha", *TINY, **search(backends))
    assert (done.code, done.out) == (2, "")
    for words in ("libwreck.so.1", "toyfw-beta is not installed", "toyfw-alpha is not installed"):
        assert any(words in sentence for sentence in done.sentences), done.err
    assert len(done.sentences) == 3


def test_wrong_requests_are_refused_all_at_once(command, refused):
    """Unknown backend, kind, observable and setting: a sentence each, exit 2, and nothing is written."""
    refused(
        command, ("agree", "jamming", "--backends", "nmpy,numpy", "--kinds", "exact,horizn", "--set", "widht=3"),
        ("backend", "nmpy", "numpy"), ("kind of agreement", "horizn", "horizon"), ("setting", "widht", "width"),
    )  # fmt: skip
    refused(
        command, ("agree", "jamming", "--backends", "numpy", "--within", "critical_ration=0.1"),
        ("observable", "critical_ration", "critical_ratio"),
    )  # fmt: skip
    refused(
        command, ("agree", "jamming", "--backends", "numpy", "--within", "critical_ratio"), ("--within", "NAME=MARGIN")
    )
    refused(command, ("agree",), ("No backend is named", "--backends"))
