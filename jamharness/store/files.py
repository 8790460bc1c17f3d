"""Files that are either complete or absent, whatever happens to the process that writes them."""

import errno
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

_STALE = 3600.0
"""Seconds after which a temporary file must have lost its writer."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or all of the new, even after a crash.

    Arguments:
        path: where it goes; missing folders are made.
        data: its whole content.

    Raises:
        OSError: the system refused; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Unique among processes and machines that share the folder; the same folder, because a rename is atomic only there.
    temporary = path.parent / f".{path.name}.{os.getpid()}-{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def is_temporary(path: Path) -> bool:
    """Whether a file is one that ``write_atomically`` has not finished."""
    return path.name.startswith(".") and path.name.endswith(".tmp")


def remove_stale(folder: Path) -> None:
    """Remove what killed writers left in a folder an hour ago or earlier."""
    for path in folder.glob(".*.tmp"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink()


def explain(error: OSError, what: str) -> str:
    """One sentence for what the system refused, with a remedy.

    Arguments:
        error: what it raised.
        what: the subject of the sentence, such as ``"Store '/x'"``.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{what}: no space is left on the device; free some or choose another folder."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{what} cannot be written ({os.strerror(error.errno)}); change its permissions or choose another folder."
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return f"{what}: a file lies where a folder must be, or a folder where a file must be; choose another folder."
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"{what} cannot be used ({reason}); choose another folder."
