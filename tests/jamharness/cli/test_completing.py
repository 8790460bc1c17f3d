"""Shell completion: names of what there is, at once."""

import subprocess
import sys

import pytest

from jamharness.cli import main
from jamharness.cli.options import MAIN_JOB


@pytest.fixture
def complete(tmp_path, monkeypatch, capfd):
    """A function that returns what Tab offers in bash for the last of some words, in a folder with two stores."""
    for store, name in (("jamharness-store", "mine"), ("elsewhere", "other")):
        (tmp_path / store / "runs").mkdir(parents=True)
        (tmp_path / store / "runs" / f"{name}.json").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("_JAMHARNESS_COMPLETE", "complete_bash")

    def call(*words: str) -> set[str]:
        monkeypatch.setenv("COMP_WORDS", " ".join(["jamharness", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        with pytest.raises(SystemExit) as ended:
            main([])
        out, err = capfd.readouterr()
        assert (ended.value.code, err) == (0, "")
        return set(out.split())

    return call


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["pro"], {"protocols"}),
        (["run", "ja"], {"jamming"}),
        (["agree", "ja"], {"jamming"}),
        (["protocols", "ja"], {"jamming"}),
        (["run", "jamming", "--backend", "n"], {"numpy"}),
        (["agree", "--backends", "torch,n"], {"torch,numpy"}),
        (["agree", "--reference", "n"], {"numpy"}),
        (["conformance", "n"], {"numpy"}),
        (["run", "--set", "da"], {"dataset="}),
        (["run", "--set", "dataset", "=", "ra"], {"random"}),
        (["run", "--set", "dataset=ra"], {"dataset=random"}),
        (["run", "--set", "seeds=1"], set()),
        (["show", "mi"], {"mine"}),
        (["resume", "mi"], {"mine"}),
        (["export", "--store", "elsewhere", "o"], {"other"}),
        (["show", "o"], set()),
    ],
)
def test_names_are_completed(complete, words, offered):
    """Of commands, protocols, backends, data sets and runs, those of the store that is meant."""
    assert complete(*words) == offered


def test_data_sets_are_offered_after_an_equals_sign_of_its_own(complete):
    """As bash splits the words."""
    assert {"random", "digits"} <= complete("run", "--set", "dataset", "=")


def test_completion_imports_nothing_heavy(jamharness, surroundings, work):
    """It would make every Tab wait."""
    script = (
        "import sys\nfrom jamharness.cli import main\n"
        "try:\n    main([])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'tensorflow', 'jax', 'pandas', 'scipy', 'matplotlib', 'rich.live'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    variables = {"_JAMHARNESS_COMPLETE": "complete_bash", "COMP_WORDS": "jamharness show x", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=work, env={**surroundings, **variables}, capture_output=True, text=True
    )
    assert done.stderr == "[]\n"


def test_completion_can_be_shown_and_installed(jamharness, tmp_path):
    """For the shell that asks."""
    home = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert "_JAMHARNESS_COMPLETE" in jamharness("--show-completion", "bash", **home).out
    outcome = jamharness("--install-completion", "bash", **home)
    assert outcome.code == 0, outcome.err
    assert "jamharness" in (tmp_path / ".bashrc").read_text()


@pytest.mark.parametrize("command", ["run", "agree"])
def test_help_names_the_whole_main_job(jamharness, command):
    """The default is all of it, and the text says so."""
    text = " ".join(jamharness(command, "--help", COLUMNS="100").out.split())
    assert f"default: {', '.join(MAIN_JOB)}" in text
