"""Files that are either complete or absent, whatever happens to the process that writes them."""

import errno
import os
import secrets
import stat
import time
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

_STALE = 3600.0
"""Seconds after which a temporary file must have lost its writer, and a claim its holder."""

_FORGOTTEN = 90 * 86_400.0
"""Seconds after which nobody comes back to a cell that was begun; its code may have changed, and its key with it."""

_MOST = 2**28
"""Bytes of the largest document: the record of a million cells has 70 MB."""


def write_atomically(path: Path, data: bytes | memoryview, like: Path | None = None) -> None:
    """Write a file so that readers see the old content or all of the new, even after a crash.

    Arguments:
        path: where it goes; missing folders are made.
        data: its whole content.
        like: the folder whose group, and whose permissions for it, all that is new takes; None for those of the
            process.

    Raises:
        OSError: the system refused; nothing is left behind.
    """
    make_folder(path.parent, like)
    # Unique among processes and machines that share the folder; the same folder, because a rename is atomic only there.
    temporary = temporary_for(path)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        share(temporary, like)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def temporary_for(path: Path) -> Path:
    """A name beside a file that nobody else uses."""
    return path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(8)}.tmp"


def make_folder(path: Path, like: Path | None = None) -> None:
    """Make a folder and those above it.

    Arguments:
        path: the folder; it may exist.
        like: as for ``write_atomically``.

    Raises:
        OSError: the system refused.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent, like)
    path.mkdir(exist_ok=True)
    share(path, like)


def share(path: Path, like: Path | None) -> None:
    """Give a new file or folder the group of another folder, and that group's permissions, whatever the umask.

    Arguments:
        path: made by this process.
        like: the folder; None or one that does not exist to change nothing.
    """
    if like is None or os.name != "posix" or like == path:
        return
    with suppress(OSError):
        model, mine = like.stat(), path.stat()
        if mine.st_gid != model.st_gid:
            # Who is no member of the group must not open the file to another one: then nothing below is done.
            os.chown(path, -1, model.st_gid)
        bits = stat.S_IRWXG | stat.S_ISGID if stat.S_ISDIR(mine.st_mode) else stat.S_IRGRP | stat.S_IWGRP
        mode = (stat.S_IMODE(mine.st_mode) & ~(stat.S_IRWXG | stat.S_ISGID)) | (model.st_mode & bits)
        if mode != stat.S_IMODE(mine.st_mode):
            path.chmod(mode)


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading; what is none, such as a pipe that nobody writes to, is refused rather than waited for.

    Raises:
        OSError: the system refused, or a folder lies there.
        ValueError: it is a pipe, a device or the like.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise ValueError(f"{path.name} is no regular file")


def read_regular(path: Path) -> bytes:
    """The content of a document, as ``open_regular`` opens it.

    Raises:
        OSError: as for ``open_regular``.
        ValueError: likewise; or it is larger than any document of a store.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > _MOST:
            raise ValueError(f"{path.name} has {size} bytes, more than any document of a store")
        return file.read(_MOST)


def is_temporary(path: Path) -> bool:
    """Whether a file is one that ``write_atomically`` has not finished."""
    return path.name.startswith(".") and path.name.endswith(".tmp")


def remove_stale(folder: Path) -> None:
    """Remove what killed processes left in a folder and nobody needs: half-written files, claims, old checkpoints."""
    for pattern, age in ((".*.tmp", _STALE), ("*.claim", _STALE), ("*.checkpoint", _FORGOTTEN)):
        for path in folder.glob(pattern):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > age:
                    path.unlink()


def explain(error: OSError, what: str, done: str = "written") -> str:
    """One sentence for what the system refused, with a remedy.

    Arguments:
        error: what it raised.
        what: the subject of the sentence, such as ``"Store '/x'"``.
        done: what was to be done with it.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{what}: no space is left on the device; free some or choose another folder."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{what} cannot be {done} ({os.strerror(error.errno)}); change its permissions or choose another folder."
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        place = error.filename2 or error.filename
        where = f" ({os.fspath(place)!r})" if place else ""
        return (
            f"{what}: a file lies where a folder must be, or a folder where a file must be{where}; "
            "move it away or choose another folder."
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"{what} cannot be used ({reason}); choose another folder."
