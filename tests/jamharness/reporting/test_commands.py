"""The command that a report prints computes the run that it shows."""

import shlex

import pytest

from jamharness.plugins import Plugins
from jamharness.reporting.commands import command_of
from jamharness.running.defaults import Defaults
from jamharness.running.journal import first_record
from jamharness.running.request import check_request
from jamharness.store import RunRecord

ASKED = (
    ("jamming", "--set", "width=5", "--set", "seeds=3", "--threads", "2"),
    ("jamming", "spectrum", "--set", "width=5", "--set", "relative=0.8,1.25", "--set", "constraint=none"),
    ("jamming", "margins", "--set", "seeds=4", "--set", "margins.seeds=6", "--dtype", "float32"),
    ("jamming", "--set", "system=spheres", "--set", "particles=24", "--set", "seeds=2"),
    ("jamming", "--set", "activation=softplus(8)", "--set", "constraint=sphere", "--set", "patterns=none"),
    ("jamming", "--preset", "paper", "--seed", "7"),
)


def record_of(arguments: list[str]) -> RunRecord:
    """The record with which the command would start, by the command line's own reading."""
    from jamharness.cli.request import gather, refuse

    plugins = Plugins.load()
    first = next((at for at, word in enumerate(arguments) if word.startswith("--")), len(arguments))
    pairs = list(zip(arguments[first::2], arguments[first + 1 :: 2], strict=True))
    options = dict.fromkeys(("device", "dtype", "preset", "seed", "threads", "backend"))
    options |= {name[2:]: value for name, value in pairs if name not in ("--set", "--name")}
    name = dict(pairs).get("--name")
    request = gather(
        plugins, protocols=arguments[:first], assignments=[value for key, value in pairs if key == "--set"],
        config=None, name=name, options=options,
    )  # fmt: skip
    refuse(request)
    keywords = {"preset": None, "seed": None, "device": "cpu", "dtype": "float64", "workers": None, "threads": 1}
    return first_record(check_request(request.protocols, **{**keywords, "store": None, **request.keywords}), None)


@pytest.mark.parametrize("arguments", ASKED, ids=lambda words: " ".join(words[:4]))
def test_the_command_asks_for_the_same_run(arguments, tmp_path, monkeypatch):
    """Typed with defaults, presets, options for one protocol and systems: the same request, under the same name."""
    monkeypatch.chdir(tmp_path)
    record = record_of([*arguments, "--backend", "numpy"])
    words = shlex.split(command_of(record, Defaults(Plugins.load())))
    assert words[:2] == ["jamharness", "run"]
    again = record_of(words[2:])
    assert again.requested() == record.requested()
    assert again.name == record.name


def test_what_is_the_default_is_left_out(tmp_path, monkeypatch):
    """A short request stays one."""
    monkeypatch.chdir(tmp_path)
    record = record_of(["jamming", "--backend", "numpy", "--set", "width=5", "--set", "depth=3", "--name", "mine"])
    command = command_of(record, Defaults(Plugins.load()))
    assert command.count("--set") <= 2
    assert command.endswith("--name mine")
