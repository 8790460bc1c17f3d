"""Files are complete or absent."""

import errno
import os
import time
from pathlib import Path

import pytest

from jamharness.store.files import explain, is_temporary, remove_stale, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """The new content takes the place of the old, folders are made, and nothing else is left."""
    path = tmp_path / "deep" / "er" / "file.json"
    write_atomically(path, b"long old content")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["file.json"]


def test_a_refused_write_leaves_the_old_file_and_no_temporary(tmp_path: Path) -> None:
    """A rename that fails cleans up after itself."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_atomically(tmp_path / "taken", b"data")
    assert names(tmp_path) == ["taken"]


def test_only_old_temporary_files_are_removed(tmp_path: Path) -> None:
    """A writer may still be at work on a young one; other files are not ours."""
    young, old, other = (tmp_path / name for name in (".a.1.tmp", ".b.2.tmp", "c.tmp"))
    for path in (young, old, other):
        path.write_bytes(b"")
    for path in (old, other):
        os.utime(path, (time.time() - 7200,) * 2)
    remove_stale(tmp_path)
    assert names(tmp_path) == [".a.1.tmp", "c.tmp"]
    assert is_temporary(young)
    assert not is_temporary(other)


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "space"),
        (errno.EROFS, "permissions"),
        (errno.ENOTDIR, "file lies"),
        (errno.ENAMETOOLONG, "too long"),
    ],
)
def test_what_the_system_refuses_is_one_sentence_with_a_remedy(number: int, word: str) -> None:
    """It names the folder, the reason and what to do."""
    sentence = explain(OSError(number, os.strerror(number)), "Store 'x'")
    assert sentence.startswith("Store 'x'")
    assert word in sentence
    assert "choose another folder" in sentence
    assert sentence.count("\n") == 0
