"""Where the files of a data set lie on this machine."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jamharness.api import BadInput
from jamharness.paths import user_path

FOLDER_VARIABLE = "JAMHARNESS_DATA"
DOWNLOAD_VARIABLE = "JAMHARNESS_DOWNLOAD"
"""Set to 1 where files may be fetched; workers inherit it."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """The files of a data set, and where they can be fetched.

    Arguments:
        name: the name of the data set, and of its folder.
        files: what it needs; each may also lie there gzipped, with ``.gz`` after its name.
        url: the address that the names of ``downloads`` follow, with its last slash.
        downloads: file names with their checksums as ``"md5:…"`` or ``"sha256:…"``: the needed files, gzipped or not,
            or one ``.tar.gz`` that holds them all.
        inside: the folder in that archive; the files may also lie in a folder of this name.
        installed: where a package of the operating system puts the files; looked into last.
        package: what such a package is called.
    """

    name: str
    files: tuple[str, ...]
    url: str
    downloads: Mapping[str, str]
    inside: str = ""
    installed: Path | None = None
    package: str = ""


def data_folder(name: str, folder: str | None) -> Path:
    """The folder of a data set: as asked, else in ``JAMHARNESS_DATA``, else in the user's data folder.

    The latter two hold one folder per data set, because MNIST and Fashion-MNIST use the same file names.

    Arguments:
        name: of the data set.
        folder: the folder that holds its files; None when none was asked for.
    """
    if folder:
        return user_path(folder, "folder")
    if root := os.environ.get(FOLDER_VARIABLE):
        return user_path(root, FOLDER_VARIABLE) / name
    from platformdirs import user_data_path

    return user_data_path("jamharness") / name


@contextmanager
def downloads(allowed: bool) -> Iterator[None]:
    """Meanwhile, let data sets fetch files that are missing, here and in the workers that are started.

    Arguments:
        allowed: False leaves it as the user has set ``JAMHARNESS_DOWNLOAD``.
    """
    before = os.environ.get(DOWNLOAD_VARIABLE)
    if allowed:
        os.environ[DOWNLOAD_VARIABLE] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(DOWNLOAD_VARIABLE, None)
        else:
            os.environ[DOWNLOAD_VARIABLE] = before


def may_download() -> bool:
    """Whether files may be fetched."""
    return os.environ.get(DOWNLOAD_VARIABLE, "") not in ("", "0")


def locate(release: Release, folder: str | None) -> tuple[Path, ...]:
    """The files of a release in their order, fetched first where they are missing and ``may_download`` allows it.

    Arguments:
        release: what is needed.
        folder: where the user said that they lie; None for ``data_folder``'s choice.

    Raises:
        BadInput: which files to put where.
    """
    place = data_folder(release.name, folder)
    try:
        if place.exists() and not place.is_dir():
            raise BadInput(
                f"folder = {place}: is a file; name the folder that holds the files of data set {release.name!r}."
            )
        paths = _look(release, place)
        if folder is None and release.installed is not None and None in paths:
            paths = _look(release, release.installed) if release.installed.is_dir() else paths
    except OSError as error:
        raise BadInput(f"folder = {place} cannot be looked into ({error.strerror}); name another folder.") from None
    missing = [name for name, path in zip(release.files, paths, strict=True) if path is None]
    if missing and not may_download():
        raise BadInput(_offer(release, missing, place))
    if missing:
        from jamharness.datasets.fetching import fetch

        reason = fetch(release, missing, place)
        paths = _look(release, place)
        missing = [name for name, path in zip(release.files, paths, strict=True) if path is None]
        if missing:
            raise BadInput(_where(release, missing, place, reason))
    return tuple(path for path in paths if path is not None)


def _look(release: Release, place: Path) -> list[Path | None]:
    folders = [place, place / release.inside] if release.inside else [place]
    candidates = [[folder / f"{name}{end}" for folder in folders for end in ("", ".gz")] for name in release.files]
    return [next((path for path in paths if path.is_file()), None) for paths in candidates]


def _offer(release: Release, missing: Sequence[str], place: Path) -> str:
    files = len(release.downloads)
    return (
        f"Data set {release.name!r}: {', '.join(missing)} not found in {_places(release, place)}; put the files there, "
        f"pass folder=DIR with the folder that holds them, or add --download to fetch {files} "
        f"file{'s' * (files > 1)} from {release.url}"
    )


def _places(release: Release, place: Path) -> str:
    if release.installed is None:
        return str(place)
    return f"{place} or {release.installed} (where the package {release.package} puts them)"


def _where(release: Release, missing: Sequence[str], place: Path, reason: str) -> str:
    return (
        f"Data set {release.name!r}: {', '.join(missing)} not found in {_places(release, place)} and not fetched from "
        f"{release.url} ({reason}); put the files there, or pass folder=DIR with the folder that holds them."
    )
