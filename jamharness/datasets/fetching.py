"""Fetching the files of a data set, with checksums, and giving up quickly where there is no network."""

import shutil
import socket
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from jamharness.datasets.files import Release

PATIENCE = 4.0
"""Seconds in which a server must be reached: name lookup and all its addresses together."""

_SILENCE = 30.0
"""Seconds without a byte after which a download that has begun is given up."""


def fetch(release: Release, missing: Sequence[str], place: Path) -> str:
    """Fetch missing files into a folder; each appears there whole or not at all.

    Arguments:
        release: where they come from.
        missing: which of its files.
        place: the folder, made if there is none.

    Returns:
        Why it could not be done, in a few words; empty when it was.
    """
    try:
        import pooch
    except ImportError:
        return "pooch is not installed: pip install 'jamharness[data]'"
    if not reachable(release.url):
        return "no connection"
    # Without this header a server may compress on the way, and what arrives has another checksum.
    downloader = pooch.HTTPDownloader(
        timeout=(PATIENCE, _SILENCE), chunk_size=2**16, headers={"Accept-Encoding": "identity"}
    )
    try:
        place.mkdir(parents=True, exist_ok=True)
        # In the folder itself, because a rename is atomic only within one file system.
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=place) as temporary:
            for name in _downloads(release, missing):
                file = pooch.retrieve(
                    release.url + name, release.downloads[name], fname=name, path=temporary, downloader=downloader
                )
                for path in _unpacked(release, Path(file), missing):
                    path.replace(place / path.name)
    except (OSError, tarfile.TarError, KeyError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    except ValueError as error:  # a wrong checksum, of which pooch says more after a colon
        return str(error).partition(":")[0]
    return ""


def reachable(url: str, patience: float = PATIENCE) -> bool:
    """Whether a connection to a server, or to the proxy that stands for it, opens in time.

    A thread waits for it, because neither the name lookup nor the walk through a server's addresses obeys a timeout as
    a whole.

    Arguments:
        url: of the server.
        patience: in seconds.
    """
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    connected = Event()

    def knock() -> None:
        with suppress(OSError), socket.create_connection(address, timeout=patience):
            connected.set()

    thread = Thread(target=knock, daemon=True)
    thread.start()
    thread.join(patience)
    return connected.is_set()


def _downloads(release: Release, missing: Sequence[str]) -> list[str]:
    """The downloads that hold the missing files: their own, or the archive."""
    names = {*missing, *(f"{name}.gz" for name in missing)}
    return [name for name in release.downloads if name in names or name.endswith(".tar.gz")]


def _unpacked(release: Release, path: Path, missing: Sequence[str]) -> list[Path]:
    """What a download holds: itself, or the missing files of an archive, unpacked beside it."""
    if not path.name.endswith(".tar.gz"):
        return [path]
    with tarfile.open(path) as archive:
        for name in missing:
            # Its bytes alone: no links, modes or owners of the archive's, in every patch release of Python 3.11.
            member, place = archive.extractfile(f"{release.inside}/{name}"), path.parent / release.inside / name
            if member is None:
                raise KeyError(f"{release.inside}/{name} is no regular file")
            place.parent.mkdir(parents=True, exist_ok=True)
            with member, place.open("wb") as file:
                shutil.copyfileobj(member, file)
    return [path.parent / release.inside / name for name in missing]
