"""Paths and files that somebody else chose."""

import os
import socket

import pytest

from jamharness.api import BadInput
from jamharness.paths import NotAFile, read_file, user_path


def test_a_regular_file_is_read_whole(tmp_path):
    """Also through a link, and up to the size that is meant."""
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    assert read_file(tmp_path / "link") == b"12345"
    assert read_file(tmp_path / "file", 5) == b"12345"
    with pytest.raises(NotAFile, match="5 bytes, more than 4"):
        read_file(tmp_path / "file", 4)


def test_everything_else_is_refused_at_once(tmp_path, monkeypatch):
    """To open a pipe is to wait for who writes into it; a device may never end."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    for path, words in (("pipe", "a named pipe"), ("/dev/zero", "a device"), (".", "a folder")):
        with pytest.raises(NotAFile, match=words):
            read_file(tmp_path / path)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("socket")
        with pytest.raises(OSError, match="No such device"):
            read_file(tmp_path / "socket")
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "nothing")


def test_a_tilde_is_the_users_home(monkeypatch):
    """That of a user who does not exist is a sentence, as is what can be no path."""
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(user_path("~/x", "folder")) == "/home/someone/x"
    for text in ("~nosuchuser/x", "", "a\0b"):
        with pytest.raises(BadInput, match="folder = "):
            user_path(text, "folder")
