"""A crate holds what a run found, and all that is needed to check it."""

import getpass
import json
import socket
from pathlib import Path
from typing import Any

import pytest

import jamharness
from jamharness.cli import main
from jamharness.running import crate as module
from jamharness.verifying import verify_run


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The crate of a small run, made by the command."""
    pytest.importorskip("rocrate", reason="rocrate writes crates")
    root = tmp_path_factory.mktemp("crate")
    settings = {"width": 3, "depth": 1, "seeds": 2}
    jamharness.run("jamming", backend="numpy", settings=settings, store=root / "store", name="mine", workers=1)
    assert main(["export", "mine", "--crate", "-o", str(root / "out"), "--store", str(root / "store")]) in (0, 1)
    return root / "out"


def entities(crate: Path) -> dict[str, Any]:
    """By their ids."""
    graph = json.loads((crate / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    return {each["@id"]: each for each in graph}


def test_it_is_a_process_run_crate(crate):
    """Read back by the library: the root conforms to the profile and mentions an action with instrument and files."""
    from rocrate.rocrate import ROCrate

    read = ROCrate(str(crate))
    root = read.root_dataset
    assert root["conformsTo"].id == module.PROFILE
    action = root["mentions"]
    action = action[0] if isinstance(action, list) else action
    assert action.type == "CreateAction"
    assert action["instrument"].type == "SoftwareApplication"
    results = {each.id for each in action["result"]}
    assert {"jamming-trials.csv", "run.json", "CITATION.cff", "store/runs/mine.json"} <= results
    properties = {each["name"]: each["value"] for each in action["object"] if each.type == "PropertyValue"}
    assert properties["jamming.width"] == "3"
    assert "jamharness run jamming --backend numpy" in action["description"]


def test_every_file_is_described_and_there(crate):
    """With its size; nothing else lies in the folder."""
    described = entities(crate)
    files = {name: each for name, each in described.items() if each["@type"] == "File"}
    there = {str(path.relative_to(crate)) for path in crate.rglob("*") if path.is_file()}
    assert there == {*files, "ro-crate-metadata.json"}
    for name, each in files.items():
        assert int(each["contentSize"]) == (crate / name).stat().st_size


def test_its_store_verifies(crate):
    """Every byte, verdict and estimate, in the crate alone; and it is shown as a run."""
    verification = verify_run("mine", crate / "store")
    assert (verification.wrong, verification.exit) == ([], 0)
    assert verification.counts()["satisfied"][0] > 0
    assert jamharness.open_run("mine", crate / "store").missing == {}


def test_nothing_names_the_machine_or_its_user(crate):
    """Neither in the metadata nor in the record."""
    for path in crate.rglob("*"):
        if path.suffix in (".json", ".cff", ".txt", ".csv"):
            text = path.read_text(encoding="utf-8")
            assert socket.gethostname() not in text or len(socket.gethostname()) < 4
            assert str(crate.parent) not in text
    assert json.loads((crate / "store/runs/mine.json").read_text(encoding="utf-8"))["record"]["process"] == {}
    assert getpass.getuser()


def test_versions_are_pinned(crate):
    """Those that the cells were computed with."""
    import numpy as np

    lines = (crate / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert f"numpy=={np.__version__}" in lines
    assert any(line.startswith("jamharness==") for line in lines)


def test_without_rocrate_it_is_refused(monkeypatch, capfd, tmp_path):
    """With what to install, before anything is written."""
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    assert main(["export", "mine", "--crate", "-o", str(tmp_path / "out")]) == 2
    assert 'pip install "jamharness[crate]"' in capfd.readouterr().err
    assert not (tmp_path / "out").exists()
