import os
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from jamharness.api import BadInput
from jamharness.datasets.files import Release, data_folder, locate

NOWHERE = Release(
    name="small", files=("a", "b"), url="http://127.0.0.1:1/", downloads={"a.gz": "md5:0", "b.gz": "md5:0"}
)


def test_the_folder_asked_for_comes_first(monkeypatch):
    """Asked, then JAMHARNESS_DATA with one folder per data set, then the user's data folder."""
    monkeypatch.setenv("JAMHARNESS_DATA", "/data")
    assert data_folder("mnist", "/asked") == Path("/asked")
    assert data_folder("mnist", None) == Path("/data/mnist")
    monkeypatch.delenv("JAMHARNESS_DATA")
    assert data_folder("mnist", None) == Path(platformdirs.user_data_dir("jamharness")) / "mnist"


def test_a_home_folder_is_expanded(monkeypatch):
    """A tilde in a configuration file means the user's home."""
    monkeypatch.setenv("HOME", "/home/someone")
    assert data_folder("mnist", "~/pictures") == Path("/home/someone/pictures")


def test_files_are_found_plain_or_gzipped_in_their_order(tmp_path):
    """Each file counts in either form; a plain one comes first."""
    for name in ("b.gz", "a", "a.gz"):
        (tmp_path / name).touch()
    assert locate(NOWHERE, str(tmp_path)) == (tmp_path / "a", tmp_path / "b.gz")


def test_missing_files_are_named_in_one_sentence(tmp_path, monkeypatch):
    """What is missing, where it belongs, why it was not fetched, and what else to do."""
    (tmp_path / "a").touch()
    monkeypatch.setenv("JAMHARNESS_DOWNLOAD", "1")
    with pytest.raises(BadInput) as caught:
        locate(NOWHERE, str(tmp_path))
    (problem,) = caught.value.problems
    assert f"'small': b not found in {tmp_path} and not fetched" in problem
    assert "no connection" in problem
    assert "folder=DIR" in problem


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    """folder=FILE is a mistake to name, not to work around."""
    path = tmp_path / "mnist.zip"
    path.touch()
    with pytest.raises(BadInput, match=f"folder = {path}: is a file"):
        locate(replace(NOWHERE, name="mnist"), str(path))


@pytest.mark.parametrize("folder", ["~nosuchuser/data", "x" * 300, "\0"])
def test_a_folder_that_can_be_none_is_one_sentence(folder):
    """A user who does not exist, a name that is too long, a null character."""
    with pytest.raises(BadInput) as caught:
        locate(NOWHERE, folder)
    (problem,) = caught.value.problems
    assert problem.startswith("folder = ")


def test_a_pipe_in_place_of_a_file_is_no_file(tmp_path):
    """Nobody waits for who writes into it."""
    os.mkfifo(tmp_path / "a")
    (tmp_path / "b").touch()
    with pytest.raises(BadInput, match="'small': a not found"):
        locate(NOWHERE, str(tmp_path))


def test_files_that_a_package_installed_are_found_last(tmp_path, monkeypatch):
    """Where no folder is named and the user's own holds none; the place is named where they are missing."""
    installed = tmp_path / "share"
    release = Release(name="own", files=("a",), url="http://x/", downloads={}, installed=installed, package="own-data")
    monkeypatch.setenv("JAMHARNESS_DATA", str(tmp_path / "mine"))
    with pytest.raises(BadInput, match=f"mine/own or {installed} \\(where the package own-data puts them\\)"):
        locate(release, None)
    installed.mkdir()
    (installed / "a.gz").write_bytes(b"")
    assert locate(release, None) == (installed / "a.gz",)
    with pytest.raises(BadInput, match="not found"):
        locate(release, str(tmp_path))
