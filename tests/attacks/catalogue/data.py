"""Files of data: edited, moved, cut or swapped between two runs of the same request."""

import gzip
import os
import shutil
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from catalogue.attack import Attack
from catalogue.place import Place, estimates_of

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def write_data(folder: Path, seed: int = 0, count: int = 80) -> Path:
    """Pictures of 3 × 3 random pixels and their classes, in the four files of MNIST."""
    folder.mkdir()
    draw = np.random.default_rng(seed)
    for half, number in (("train", count), ("t10k", 20)):
        pixels = draw.integers(0, 256, (number, 3, 3), dtype=np.uint8)
        classes = (np.arange(number) % 10).astype(np.uint8)
        (folder / f"{half}-images-idx3-ubyte").write_bytes(
            struct.pack(">4B3I", 0, 0, 8, 3, number, 3, 3) + pixels.tobytes()
        )
        (folder / f"{half}-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, number) + classes.tobytes())
    return folder


def _sets(folder: str) -> tuple[str, ...]:
    return ("--set", "dataset=mnist", "--set", f"folder={folder}")


def _asked(place: Place, folder: str = "m1", store: str = "mine") -> tuple[str, ...]:
    return (*(part for part in place.request(*_sets(folder), store=store) if part not in ("--name", "reference")),)


def _changed(change: Callable[[Path], object], place: Place, *, same: bool = False) -> None:
    """The same request before and after: the second run gives what the files now hold, or refuses them."""
    folder = write_data(place.work / "m1")
    before = estimates_of(place.run(*_asked(place), truth=None).document)
    change(folder)
    fresh = place.run(*_asked(place, store="fresh"), codes=(0, 1, 2), truth=None)
    truth = estimates_of(fresh.document) if fresh.code == 0 else None
    assert same or truth != before, "the attack changes nothing"
    ended = place.run(*_asked(place), codes=(0, 1, 2), truth=truth)
    assert fresh.code == 0 or ended.code != 0, "data that a new run refuses gave a number"


def _pixels(folder: Path) -> None:
    path = folder / NAMES[0]
    content = bytearray(path.read_bytes())
    for index in range(40, 60):
        content[index] ^= 0xFF
    path.write_bytes(content)


def _edited_unseen(folder: Path) -> None:
    """Another content with the old size and time."""
    before = (folder / NAMES[0]).stat()
    _pixels(folder)
    os.utime(folder / NAMES[0], ns=(before.st_atime_ns, before.st_mtime_ns))


def _classes(folder: Path) -> None:
    path = folder / NAMES[1]
    content = path.read_bytes()
    path.write_bytes(content[:8] + content[:7:-1])


def _other(folder: Path) -> None:
    shutil.rmtree(folder)
    write_data(folder, seed=1)


def _behind_a_link(folder: Path) -> None:
    shutil.rmtree(folder)
    write_data(folder.parent / "m2", seed=2)
    folder.symlink_to("m2")


def _zipped(folder: Path) -> None:
    """The same content, packed: the same numbers."""
    for name in NAMES:
        path = folder / name
        (folder / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()


def _zipped_other(folder: Path) -> None:
    write_data(folder.parent / "m2", seed=3)
    for name in NAMES:
        (folder / name).unlink()
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder.parent / "m2" / name).read_bytes()))


def _bomb(folder: Path) -> None:
    (folder / NAMES[0]).unlink()
    with gzip.open(folder / f"{NAMES[0]}.gz", "wb") as file:
        for _ in range(1600):
            file.write(bytes(1 << 20))


def _header(folder: Path) -> None:
    path = folder / NAMES[0]
    path.write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, 2**31, 2**31, 2**31) + path.read_bytes()[16:])


def _of(name: str, do: Callable[[Path], object]) -> Callable[[Path], None]:
    return lambda folder: do(folder / name) and None


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _terabyte(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1 << 40)


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


CHANGES: dict[str, Callable[[Path], object]] = {
    "pixels edited": _pixels,
    "pixels edited unseen": _edited_unseen,
    "classes in another order": _classes,
    "other files in the same folder": _other,
    "other files behind a link": _behind_a_link,
    "other files, zipped": _zipped_other,
    "pictures gone": _of(NAMES[0], Path.unlink),
    "pictures cut in half": _of(NAMES[0], _half),
    "pictures a pipe": _of(NAMES[0], _pipe),
    "pictures a folder": _of(NAMES[0], _folder_instead),
    "pictures without end": _of(NAMES[0], _endless),
    "pictures of a terabyte": _of(NAMES[0], _terabyte),
    "pictures that announce terabytes": _header,
    "pictures empty": _of(NAMES[0], lambda path: path.write_bytes(b"")),
    "a zipped bomb": _bomb,
    "classes beyond nine": _of(NAMES[1], lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\xff")),
    "classes in the pictures' place": lambda folder: shutil.copy(folder / NAMES[1], folder / NAMES[0]),
    "folder gone": shutil.rmtree,
}


def _two_folders(place: Place) -> None:
    """Another folder with other files: its own numbers."""
    write_data(place.work / "m1")
    write_data(place.work / "m2", seed=1)
    place.run(*_asked(place), truth=None)
    truth = estimates_of(place.run(*_asked(place, "m2", "fresh"), truth=None).document)
    place.run(*_asked(place, "m2"), truth=truth)


def _variable(place: Place) -> None:
    """The variable names another folder: its own numbers."""
    for number in (1, 2):
        (place.work / f"data{number}").mkdir()
        write_data(place.work / f"data{number}" / "mnist", seed=number)
    arguments = (
        "run",
        "toy",
        "--backend",
        "numpy",
        "--set",
        "seeds=3",
        "--set",
        "dataset=mnist",
        "--workers",
        "1",
        "--json",
        "--quiet",
    )
    place.run(*arguments, "--store", "mine", environment={"JAMHARNESS_DATA": "data1"}, truth=None)
    fresh = place.run(*arguments, "--store", "fresh", environment={"JAMHARNESS_DATA": "data2"}, truth=None)
    place.run(
        *arguments, "--store", "mine", environment={"JAMHARNESS_DATA": "data2"}, truth=estimates_of(fresh.document)
    )


def _in_the_middle(place: Place) -> None:
    """Files that change while a run computes: never a mixture with exit 0 that the key does not tell apart."""
    from catalogue.place import until

    folder = write_data(place.work / "m1")
    running = place.start(*_asked(place), environment={"TOY_PAUSE": "0.3"})
    until(lambda: len(list((place.work / "mine").glob("cells/*/*.json"))) >= 2 or running.poll(0))
    _pixels(folder)
    place.judge(running.wait(), _asked(place), codes=(0, 1, 2), truth=None)
    truth = estimates_of(place.run(*_asked(place, store="fresh"), truth=None).document)
    place.run(*_asked(place), truth=truth)


QUICK = {"pixels edited unseen", "pictures a pipe", "another folder"}


def _attack(name: str, do: Callable[[Place], object]) -> Attack:
    return Attack(name=name, do=do, again=False, quick=name in QUICK)


ATTACKS = (
    *(_attack(name, partial(_changed, change)) for name, change in CHANGES.items()),
    _attack("the same files, zipped", partial(_changed, _zipped, same=True)),
    _attack("another folder", _two_folders),
    _attack("another folder by JAMHARNESS_DATA", _variable),
    _attack("files that change in the middle", _in_the_middle),
)
