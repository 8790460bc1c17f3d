"""Damage to a store: files that are cut, changed, gone or something else, and records forged with fitting checksums."""

import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from catalogue.attack import Attack
from catalogue.place import Place, rewrite

Damage = Callable[[Path, Path], object]
"""What is done to a file or a folder; the second path is another of its kind."""


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _flipped(path: Path, part: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(part * (len(content) - 1))] ^= 1
    path.write_bytes(bytes(content))


def _instead(path: Path, make: Callable[[Path], object]) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    make(path)


def _sparse(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1 << 40)


FILES: dict[str, Damage] = {
    "empty": lambda path, _: _write(path, b""),
    "cut in half": lambda path, _: _write(path, path.read_bytes()[: path.stat().st_size // 2]),
    "without its last byte": lambda path, _: _write(path, path.read_bytes()[:-1]),
    "with a byte changed": lambda path, _: _flipped(path, 0.5),
    "with its end changed": lambda path, _: _flipped(path, 0.95),
    "with more behind it": lambda path, _: _write(path, path.read_bytes() * 2),
    "gone": lambda path, _: path.unlink(),
    "the one of another": lambda path, other: _write(path, other.read_bytes()),
    "zeros": lambda path, _: _write(path, bytes(path.stat().st_size)),
    "null": lambda path, _: _write(path, b"null"),
    "a list": lambda path, _: _write(path, b"[]"),
    "an empty object": lambda path, _: _write(path, b"{}"),
    "a number": lambda path, _: _write(path, b"1e400"),
    "deep": lambda path, _: _write(path, b"[" * 200_000),
    "no text": lambda path, _: _write(path, b"\xff\xfe" * 100),
    "a folder": lambda path, _: _instead(path, Path.mkdir),
    "a pipe": lambda path, _: _instead(path, os.mkfifo),
    "a loop": lambda path, _: _instead(path, lambda link: link.symlink_to(link.name)),
    "a link to nothing": lambda path, _: _instead(path, lambda link: link.symlink_to("nowhere")),
    "a link to no end": lambda path, _: _instead(path, lambda link: link.symlink_to("/dev/zero")),
    "a terabyte": lambda path, _: _sparse(path),
}
FOLDERS: dict[str, Damage] = {
    "gone": lambda path, _: shutil.rmtree(path),
    "a file": lambda path, _: _instead(path, Path.touch),
    "a pipe": lambda path, _: _instead(path, os.mkfifo),
    "a loop": lambda path, _: _instead(path, lambda link: link.symlink_to(link.name)),
    "a link to nothing": lambda path, _: _instead(path, lambda link: link.symlink_to("nowhere")),
}


def _cells(place: Place) -> list[Path]:
    return sorted(place.reference())


KINDS: dict[str, Callable[[Place], tuple[Path, Path]]] = {
    "marker": lambda place: (place.store / "jamharness-store.json", place.store / "runs" / "other.json"),
    "record": lambda place: (place.store / "runs" / "reference.json", place.store / "runs" / "other.json"),
    "cell": lambda place: (_cells(place)[2], _cells(place)[3]),
    "arrays": lambda place: (_cells(place)[2].with_suffix(".npz"), _cells(place)[3].with_suffix(".npz")),
}
HOMES: dict[str, Callable[[Place], Path]] = {
    "folder of runs": lambda place: place.store / "runs",
    "folder of cells": lambda place: place.store / "cells",
    "folder of some cells": lambda place: _cells(place)[2].parent,
}


def _looked_at(place: Place) -> None:
    """Every command that reads a store; what ends with 0 shows the true numbers."""
    place.run("runs", "--store", "store", "--json", codes=(0, 1, 2))
    place.run("show", "reference", "--store", "store", "--json", codes=(0, 1, 2))
    place.run("export", "reference", "--store", "store", "-o", "out", codes=(0, 1, 2))
    summary = place.work / "out" / "run.json"
    if summary.exists():
        document = json.loads(summary.read_bytes())
        assert (
            document["exit"] != 0
            or {name: part["estimates"] for name, part in document["protocols"].items()} == place.truth
        ), "wrong numbers are exported with exit 0"


def _damage(kind: str, damage: Damage, place: Place) -> None:
    path, other = KINDS[kind](place)
    if kind in ("cell", "arrays"):
        place.lose(path)
        place.lose(path.with_suffix(".json"))
    damage(path, other)
    _looked_at(place)
    listed = place.run("runs", "--store", "store", codes=(0, 1, 2))
    if kind == "record" and os.path.lexists(path):
        assert "reference" in listed.out + listed.err, "a run that cannot be read is not listed"
    place.run(*place.request(), codes=(0, 1, 2))
    if path.is_symlink() or not path.is_file() or kind == "marker":
        # What no program can be asked to repair: an obstacle, or a store that says it is another program's.
        _away(path)


def _home(kind: str, damage: Damage, place: Place) -> None:
    path = HOMES[kind](place)
    for file in path.rglob("*"):
        place.lose(file)
    damage(path, path)
    _looked_at(place)
    place.run(*place.request(), codes=(0, 1, 2))
    if not path.is_dir():
        _away(path)


def _away(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


HOSTILE: Mapping[str, Any] = {
    "null": None, "a number": 5, "a text": "x", "a list": [], "an object": {}, "deep": [[[[{}]]]],
    "an escape": "\x1b[31mred\x1b[0m\x07", "a number without end": 10**400,
}  # fmt: skip
FORGED_RECORDS: dict[str, Callable[[Any], object]] = {
    **{
        f"{field} {name}": lambda document, field=field, value=value: document["record"].update({field: value})
        for field in ("created", "protocols", "cells", "spent", "failures")
        for name, value in HOSTILE.items()
        if name in ("null", "a number", "a text", "deep")
    },
    "status an escape": lambda document: document["record"].update(status=HOSTILE["an escape"]),
    "status unreadable": lambda document: document["record"].update(status="unreadable"),
    "problem an escape": lambda document: document["record"].update(status="failed", problem=HOSTILE["an escape"]),
    "backend an escape": lambda document: document["record"].update(backend=HOSTILE["an escape"]),
    "backend a list": lambda document: document["record"].update(backend=[]),
    "device null": lambda document: document["record"].update(device=None),
    "threads a text": lambda document: document["record"].update(threads="x"),
    "environment a text": lambda document: document["record"].update(environment="x"),
    "environment an escape": lambda document: document["record"].update(environment={"a\x1b[31m": "\x1b[31m"}),
    "process a text": lambda document: document["record"].update(status="running", process="x"),
    "process without end": lambda document: document["record"].update(
        status="running", process={"host": "", "pid": 10**400, "started": 10**400}
    ),
    "spent without end": lambda document: document["record"].update(spent={"toy": 10**400}),
    "spent nan": lambda document: document["record"].update(spent={"toy": {"$float": "nan"}}),
    "reused a list": lambda document: document["record"].update(reused={"toy": []}),
    "a key that climbs": lambda document: document["record"]["cells"].update(toy=["../../../../../etc/passwd"]),
    "a key that is a number": lambda document: document["record"]["cells"].update(toy=[5]),
    "a key of 300 characters": lambda document: document["record"]["cells"].update(toy=["x" * 300]),
    "a key of a cell that is not there": lambda document: document["record"]["cells"]["toy"].append("0" * 64),
    "a protocol that is not there": lambda document: document["record"].update(protocols={"nowhere": {}}),
    "a setting that is not there": lambda document: document["record"]["protocols"]["toy"].update(colour="red"),
    "a setting of another type": lambda document: document["record"]["protocols"]["toy"].update(seeds=[]),
    "a failure that is none": lambda document: document["record"]["failures"].update(toy=[{"what": 3}]),
    "a failure of nothing": lambda document: document["record"]["failures"].update(
        toy=[{"cell": {}, "label": "x", "reason": "x", "detail": ""}]
    ),
    "another format": lambda document: document.update(format=99),
    "no record": lambda document: document.update(record=None),
}
FORGED_CELLS: dict[str, Callable[[Any], object]] = {
    "values null": lambda document: document.update(values=None),
    "values a list": lambda document: document.update(values=[]),
    "values of texts": lambda document: document["values"].update(loss="x"),
    "values null each": lambda document: document["values"].update(loss=None, unsatisfied=None, gradient=None),
    "values missing": lambda document: document["values"].clear(),
    "values that are no floats": lambda document: document["values"].update(loss={"$float": "x"}),
    "seconds a text": lambda document: document.update(seconds="x"),
    "seconds without end": lambda document: document.update(seconds=10**400),
    "label a number": lambda document: document.update(label=5),
    "label an escape": lambda document: document.update(label=HOSTILE["an escape"]),
    "arrays without names": lambda document: document["arrays"].update(names=[]),
    "arrays of numbers": lambda document: document["arrays"].update(names=[5, 6]),
    "arrays a text": lambda document: document.update(arrays="x"),
    "arrays gone": lambda document: document.update(arrays=None),
    "another format": lambda document: document.update(format=99),
    "identity a text": lambda document: document.update(identity="x"),
}


def _forged_record(change: Callable[[Any], object], place: Place) -> None:
    path = place.store / "runs" / "reference.json"
    rewrite(path, change)  # type: ignore[arg-type]
    _looked_at(place)
    place.run("runs", "--store", "store", codes=(0, 1, 2))
    place.run("show", "reference", "--store", "store", codes=(0, 1, 2))
    place.run("resume", "reference", "--store", "store", "--json", "--quiet", codes=(0, 1, 2))
    place.run("show", "other", "--store", "store", "--json", truth=None)
    if place.run(*place.request(), codes=(0, 1, 2)).code == 2:
        path.unlink()


def _forged_cell(change: Callable[[Any], object], place: Place) -> None:
    path = place.lose(_cells(place)[2])
    content = path.read_bytes()
    rewrite(path, change)  # type: ignore[arg-type]
    place.run("show", "reference", "--store", "store", "--json", codes=(0, 1, 2), truth=None)
    place.run("show", "reference", "--store", "store", codes=(0, 1, 2))
    place.run(*place.request(), codes=(0, 1, 2), truth=None)
    path.write_bytes(content)


def _bomb() -> bytes:
    """Zipped zeros: a gigabyte in a megabyte, announced as an array."""
    header = (
        b"\x93NUMPY\x01\x00v\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (134217728,), }".ljust(117)
        + b"\n"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file, file.open("arr_0.npy", "w") as entry:
        entry.write(header)
        for _ in range(2048):
            entry.write(bytes(1 << 19))
    return buffer.getvalue()


def _pickled() -> bytes:
    class Surprise:
        def __reduce__(self) -> Any:
            return os.mkdir, ("/tmp/jamharness-code-was-executed",)

    buffer = io.BytesIO()
    np.savez(buffer, np.array([Surprise()], dtype=object))
    return buffer.getvalue()


def _huge_header() -> bytes:
    header = (
        b"\x93NUMPY\x01\x00v\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,), }".ljust(117)
        + b"\n"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("arr_0.npy", header)
    return buffer.getvalue()


ARRAYS: dict[str, Callable[[], bytes]] = {
    "a bomb": _bomb, "pickled objects": _pickled, "a header of terabytes": _huge_header,
    "an empty zip": lambda: b"PK\x05\x06" + bytes(18),
}  # fmt: skip


def _forged_arrays(make: Callable[[], bytes], place: Place) -> None:
    """Arrays with a checksum that fits."""
    import hashlib

    path = place.lose(_cells(place)[2])
    arrays = place.lose(path.with_suffix(".npz"))
    before, stored = path.read_bytes(), arrays.read_bytes()
    arrays.write_bytes(make())
    rewrite(
        path,
        lambda document: document["arrays"].update(sha256=hashlib.sha256(arrays.read_bytes()).hexdigest(), names=["w"]),
    )
    place.run("show", "reference", "--store", "store", "--json", codes=(0, 1, 2))
    place.run(*place.request(), codes=(0, 1, 2))
    assert not Path("/tmp/jamharness-code-was-executed").exists()
    path.write_bytes(before)
    arrays.write_bytes(stored)


def _cell_of_another(place: Place) -> None:
    """The cells of one run under the names of another's."""
    mine, theirs = _cells(place)[1], _cells(place)[4]
    for path, other in ((mine, theirs), (mine.with_suffix(".npz"), theirs.with_suffix(".npz"))):
        place.lose(path).write_bytes(other.read_bytes())
    _looked_at(place)


def _every_second_cell(place: Place) -> None:
    for path in _cells(place)[::2]:
        place.lose(path).unlink()
        place.lose(path.with_suffix(".npz"))
    _looked_at(place)


def _all_cells_one_by_one(place: Place) -> None:
    """Whichever cell is gone, nothing is shown with exit 0 that is not the truth."""
    for path in _cells(place):
        content = path.read_bytes()
        path.unlink()
        place.run("show", "reference", "--store", "store", "--json", codes=(0, 1, 2))
        path.write_bytes(content)


def _interrupted(place: Place) -> None:
    """A run that never ended is not exported as one that did."""
    for path in _cells(place)[::2]:
        place.lose(path).unlink()
        place.lose(path.with_suffix(".npz"))

    def change(document: Any) -> None:
        keys = [path.stem for path in _cells(place) if path.exists()]
        document["record"].update(status="interrupted", problem="Ctrl-C", cells={"toy": keys})
        for name in ("estimates", "findings"):
            document["record"].pop(name, None)

    rewrite(place.store / "runs" / "reference.json", change)
    _looked_at(place)
    place.run("export", "reference", "--store", "store", "-o", "more", codes=(1, 2))


def _debris(place: Place) -> None:
    """Left by others: temporary files, editors' copies, a file manager's."""
    for name in (
        ".DS_Store",
        "runs/.reference.json.swp",
        "runs/reference.json~",
        "runs/reference (copy).json",
        "cells/x",
    ):
        (place.store / name).write_text("debris")
    (place.store / "runs" / ".reference.json.1-00.tmp").write_text("half")
    (place.store / "cells" / "zz").mkdir()
    (place.store / "cells" / "zz" / f"{'0' * 64}.json").write_text("{}")
    (place.store / "runs" / "\x1b[31mred.json").write_text("{}")
    (place.store / "runs" / b"\xff\xfe.json".decode(errors="surrogateescape")).write_text("{}")
    _looked_at(place)
    place.run("runs", "--store", "store", codes=(0, 1, 2))
    place.run("doctor", "--disable", "torch", "--disable", "tensorflow", "--store", "store", codes=(0, 1, 2))


def _doctored(place: Place) -> None:
    _cells(place)[0].write_text("{}")
    place.lose(_cells(place)[0])
    place.run("doctor", "--disable", "torch", "--disable", "tensorflow", "--store", "store", "--json", codes=(0, 1, 2))


def _renamed(place: Place) -> None:
    """A record under another name is a run of that name."""
    (place.store / "runs" / "reference.json").rename(place.store / "runs" / "second.json")
    place.run("show", "second", "--store", "store", "--json", codes=(0, 1, 2))


QUICK = {
    "marker gone", "record a pipe", "cell with a byte changed", "arrays gone",
    "record's protocols a number", "record's problem an escape", "arrays' pickled objects",
}  # fmt: skip


def _attack(name: str, do: Callable[[Place], object]) -> Attack:
    return Attack(name=name, do=do, quick=name in QUICK)


ATTACKS = (
    *(_attack(f"{kind} {name}", partial(_damage, kind, damage)) for kind in KINDS for name, damage in FILES.items()),
    *(_attack(f"{kind} {name}", partial(_home, kind, damage)) for kind in HOMES for name, damage in FOLDERS.items()),
    *(_attack(f"record's {name}", partial(_forged_record, change)) for name, change in FORGED_RECORDS.items()),
    *(_attack(f"cell's {name}", partial(_forged_cell, change)) for name, change in FORGED_CELLS.items()),
    *(_attack(f"arrays' {name}", partial(_forged_arrays, make)) for name, make in ARRAYS.items()),
    _attack("cell under another's name", _cell_of_another),
    _attack("every second cell gone", _every_second_cell),
    _attack("one cell after the other gone", _all_cells_one_by_one),
    Attack(name="run that was interrupted", do=_interrupted, quick=True),
    _attack("debris", _debris),
    _attack("examined by doctor", _doctored),
    _attack("record renamed", _renamed),
)
