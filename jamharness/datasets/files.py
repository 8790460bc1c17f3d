"""Where the files of a data set lie on this machine."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jamharness.api import BadInput

FOLDER_VARIABLE = "JAMHARNESS_DATA"


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
    """

    name: str
    files: tuple[str, ...]
    url: str
    downloads: Mapping[str, str]
    inside: str = ""


def data_folder(name: str, folder: str | None) -> Path:
    """The folder of a data set: as asked, else in ``JAMHARNESS_DATA``, else in the user's data folder.

    The latter two hold one folder per data set, because MNIST and Fashion-MNIST use the same file names.

    Arguments:
        name: of the data set.
        folder: the folder that holds its files; None when none was asked for.
    """
    if folder:
        return Path(folder).expanduser()
    if root := os.environ.get(FOLDER_VARIABLE):
        return Path(root).expanduser() / name
    from platformdirs import user_data_path

    return user_data_path("jamharness") / name


def locate(release: Release, folder: str | None) -> tuple[Path, ...]:
    """The files of a release in their order, fetched first where they are missing and there is a network.

    Arguments:
        release: what is needed.
        folder: where the user said that they lie; None for ``data_folder``'s choice.

    Raises:
        BadInput: which files to put where.
    """
    place = data_folder(release.name, folder)
    if place.exists() and not place.is_dir():
        raise BadInput(
            f"folder = {place}: is a file; name the folder that holds the files of data set {release.name!r}."
        )
    found = _look(release, place)
    missing = [name for name, path in zip(release.files, found, strict=True) if path is None]
    if missing:
        from jamharness.datasets.fetching import fetch

        reason = fetch(release, missing, place)
        found = _look(release, place)
        missing = [name for name, path in zip(release.files, found, strict=True) if path is None]
        if missing:
            raise BadInput(_where(release, missing, place, reason))
    return tuple(path for path in found if path is not None)


def _look(release: Release, place: Path) -> list[Path | None]:
    folders = [place, place / release.inside] if release.inside else [place]
    candidates = [[folder / f"{name}{end}" for folder in folders for end in ("", ".gz")] for name in release.files]
    return [next((path for path in paths if path.is_file()), None) for paths in candidates]


def _where(release: Release, missing: Sequence[str], place: Path, reason: str) -> str:
    return (
        f"Data set {release.name!r}: {', '.join(missing)} not found in {place} and not fetched from "
        f"{release.url} ({reason}); put the files there, or pass folder=DIR with the folder that holds them."
    )
