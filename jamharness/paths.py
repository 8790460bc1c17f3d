"""Paths and files that somebody else chose: read whole, regular files only, and never more than is meant."""

import os
import stat
from pathlib import Path

from jamharness.api import BadInput


class NotAFile(OSError):
    """Something else lies where a file is expected; reading it could wait for ever, or never end."""


def user_path(text: str | os.PathLike[str], what: str) -> Path:
    """A path as the user typed it, with ``~`` expanded.

    Arguments:
        text: the path.
        what: what it is, for the sentence, such as ``"folder"``.

    Raises:
        BadInput: it is empty, holds a null character, or is in the home of a user who does not exist.
    """
    typed = os.fspath(text)
    if not typed or "\0" in typed:
        raise BadInput(f"{what} = {typed!r} is no path; name one, such as './here'.")
    try:
        return Path(typed).expanduser()
    except RuntimeError:
        raise BadInput(f"{what} = {typed!r}: there is no such user's home; write the path out.") from None


def read_file(path: Path, most: int | None = None) -> bytes:
    """The content of a regular file.

    Arguments:
        path: the file, or a link to one.
        most: bytes; a larger file is not read.

    Raises:
        NotAFile: it is a pipe, a device, a socket or a folder, or is larger; ``strerror`` says which.
        OSError: it cannot be read.
    """
    # Without blocking, because to open a pipe is to wait for who writes into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotAFile(0, f"it is {kind_of(status.st_mode)} and no regular file", str(path))
        if most is not None and status.st_size > most:
            raise NotAFile(0, f"it has {status.st_size} bytes, more than {most}", str(path))
        with open(descriptor, "rb", closefd=False) as file:
            return file.read() if most is None else file.read(most)
    finally:
        os.close(descriptor)


def kind_of(mode: int) -> str:
    """What lies there, in words, from ``st_mode``."""
    kinds = {
        stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a named pipe", stat.S_ISSOCK: "a socket",
        stat.S_ISCHR: "a device", stat.S_ISBLK: "a device",
    }  # fmt: skip
    return next((words for test, words in kinds.items() if test(mode)), "something else")
