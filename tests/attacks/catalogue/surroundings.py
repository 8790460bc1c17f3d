"""Surroundings: variables, terminals, folders, permissions and interpreters as strangers have them."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from catalogue.attack import Attack
from catalogue.place import Place

VARIABLES: dict[str, Mapping[str, str | None]] = {
    "no HOME": {"HOME": None, "XDG_DATA_HOME": None, "XDG_CONFIG_HOME": None, "XDG_CACHE_HOME": None},
    "HOME that is not there": {"HOME": "/nowhere"},
    "HOME that is a device": {"HOME": "/dev/null"},
    "HOME without a name": {"HOME": ""},
    "no TERM": {"TERM": None},
    "TERM dumb": {"TERM": "dumb"},
    "TERM nonsense": {"TERM": "\x1b[31m"},
    "LANG=C": {"LANG": "C", "LC_ALL": "C"},
    "LANG=C without UTF-8": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "LANG nonsense": {"LANG": "xx_YY.nonsense", "LC_ALL": "xx_YY.nonsense"},
    "streams in ASCII": {"PYTHONIOENCODING": "ascii"},
    "streams in UTF-16": {"PYTHONIOENCODING": "latin-1:strict"},
    "PYTHONHASHSEED=0": {"PYTHONHASHSEED": "0"},
    "PYTHONHASHSEED=4294967295": {"PYTHONHASHSEED": "4294967295"},
    "TZ far east": {"TZ": "Pacific/Kiritimati"},
    "TZ nonsense": {"TZ": ":\x1b[31m"},
    "NO_COLOR": {"NO_COLOR": "1"},
    "PYTHONOPTIMIZE=2": {"PYTHONOPTIMIZE": "2"},
    "PYTHONWARNINGS=error": {"PYTHONWARNINGS": "error"},
    "PYTHONDEVMODE": {"PYTHONDEVMODE": "1"},
    "PYTHONUNBUFFERED": {"PYTHONUNBUFFERED": "1"},
    "PYTHONINTMAXSTRDIGITS": {"PYTHONINTMAXSTRDIGITS": "640"},
    "OMP_NUM_THREADS=0": {"OMP_NUM_THREADS": "0", "OPENBLAS_NUM_THREADS": "-1"},
    "OMP_NUM_THREADS nonsense": {"OMP_NUM_THREADS": "many"},
    "no PATH": {"PATH": None},
    "TMPDIR that is not there": {"TMPDIR": "/nowhere"},
    "MPLBACKEND nonsense": {"MPLBACKEND": "nonsense"},
    "XDG folders that are devices": {
        "XDG_DATA_HOME": "/dev/null",
        "XDG_CACHE_HOME": "/dev/null",
        "XDG_CONFIG_HOME": "/dev/null",
    },
    "JAMHARNESS_DATA nonsense": {"JAMHARNESS_DATA": "~nosuchuser\x01"},
    "JAMHARNESS_DISABLE nonsense": {"JAMHARNESS_DISABLE": ",,\x1b[31m,nothing,,"},
    "JAMHARNESS_FULL": {"JAMHARNESS_FULL": "\x1b[31m"},
    "300 characters everywhere": {"HOME": "/" + "x" * 300, "TMPDIR": "/" + "x" * 300, "COLUMNS": "9" * 300},
    "COLUMNS a word": {"COLUMNS": "wide"},
    "COLUMNS without end": {"COLUMNS": "1000000000"},
}


def _variables(changed: Mapping[str, str | None], place: Place) -> None:
    """A run in a store of its own: the numbers are those of any other surroundings."""
    place.run(*place.request(store="new"), environment=changed, anew=())
    place.run("show", "reference", "--store", "store", environment=changed, anew=())
    place.run("plugins", environment=changed, anew=())


REFUSING: dict[str, Mapping[str, str]] = {
    "JAMHARNESS_DISABLE of what is asked for": {"JAMHARNESS_DISABLE": "toy"},
    "JAMHARNESS_PYTHON that is not there": {"JAMHARNESS_PYTHON_NUMPY": "/nowhere/python"},
    "JAMHARNESS_PYTHON true": {"JAMHARNESS_PYTHON_NUMPY": "/bin/true"},
    "JAMHARNESS_PYTHON cat": {"JAMHARNESS_PYTHON_NUMPY": "/bin/cat"},
    "JAMHARNESS_PYTHON a folder": {"JAMHARNESS_PYTHON_NUMPY": "/"},
    "JAMHARNESS_PYTHON of nobody's home": {"JAMHARNESS_PYTHON_NUMPY": "~nosuchuser/python"},
    "JAMHARNESS_PYTHON with an escape": {"JAMHARNESS_PYTHON_NUMPY": "\x1b[31m"},
}


def _refusing(changed: Mapping[str, str], place: Place) -> None:
    ended = place.run(*place.request(store="new"), environment=changed, codes=(2,))
    assert ended.err.strip()
    assert not (place.work / "new" / "cells").exists()


def _narrow(columns: int, place: Place) -> None:
    """However narrow a terminal is, no number that it shows is cut."""
    for arguments in (
        ("show", "reference", "--store", "store"),
        _table(place),
        ("runs", "--store", "store"),
        ("plugins",),
    ):
        wide = place.run(*arguments, environment={"COLUMNS": "200"})
        narrow = place.run(*arguments, environment={"COLUMNS": str(columns)})
        numbers = set(re.findall(r"(?<![\w.])-?\d+\.\d+(?:e-?\d+)?(?![\w.])", wide.out))
        shown = set(re.findall(r"(?<![\w.])-?\d+\.\d+(?:e-?\d+)?(?![\w.])", narrow.out))
        if columns >= 20:  # narrower than any number
            assert arguments[0] != "show" or numbers
            assert shown <= numbers, f"numbers that are none: {shown - numbers} in {narrow.out}"
            assert arguments[0] == "runs" or numbers <= shown, (
                f"numbers that are missing: {numbers - shown} in {narrow.out}"
            )


def _table(place: Place) -> tuple[str, ...]:
    return tuple(part for part in place.request() if part not in ("--json",))


LACKING = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
    libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]
class Data(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]
header, data = Header(0x20080522, 0), (Data * 2)()
if libc.capget(ctypes.byref(header), ctypes.byref(data)) == 0:
    for name in ("effective", "permitted", "inheritable"):
        setattr(data[0], name, getattr(data[0], name) & ~0b1110)
    libc.capset(ctypes.byref(header), ctypes.byref(data))
"""
"""Gives up the administrator's right to pass over permissions, so that they mean what they mean to users."""


def _forbidden(paths: Callable[[Place], Sequence[Path]], mode: int, place: Place) -> None:
    """Permissions that a user does not have."""
    chosen = [(path, path.stat().st_mode) for path in paths(place)]
    for path, _ in chosen:
        path.chmod(mode)
        if path.suffix in (".json", ".npz") and path.is_relative_to(place.store / "cells"):
            # A cell that cannot be read is measured anew and replaced where its folder allows it.
            place.lose(path)
            place.lose(path.with_suffix(".json"))
    try:
        for arguments in (
            ("runs", "--store", "store", "--json"),
            ("show", "reference", "--store", "store", "--json"),
            place.request(),
            place.request("--set", "patterns=10", "--name", "more"),
        ):
            truth = None if "more" in arguments else "here"
            place.run(*arguments, codes=(0, 1, 2), truth=truth, first=LACKING)
        listed = place.run("runs", "--store", "store", codes=(0, 1, 2), first=LACKING)
        assert listed.code != 0 or "reference" in listed.out, "runs that cannot be read are not there, it says"
    finally:
        for path, before in reversed(chosen):
            path.chmod(before)


def _below(place: Place) -> list[Path]:
    return [place.store, *(path for path in sorted(place.store.rglob("*")) if path.is_dir())]


FORBIDDEN: dict[str, tuple[Callable[[Place], Sequence[Path]], int]] = {
    "store read-only": (_below, 0o555),
    "store unreadable": (lambda place: [place.store], 0o000),
    "runs unreadable": (lambda place: [place.store / "runs"], 0o000),
    "runs without names": (lambda place: [place.store / "runs"], 0o300),
    "cells unreadable": (lambda place: [place.store / "cells"], 0o000),
    "cell unreadable": (lambda place: [place.reference()[2]], 0o000),
    "arrays unreadable": (lambda place: [place.reference()[2].with_suffix(".npz")], 0o000),
    "record unreadable": (lambda place: [place.store / "runs" / "reference.json"], 0o000),
    "marker unreadable": (lambda place: [place.store / "jamharness-store.json"], 0o000),
    "current folder read-only": (lambda place: [place.work], 0o555),
}


def _masked(mask: int, place: Place) -> None:
    place.run(*place.request(store="new"), first=f"import os; os.umask({mask})", codes=(0, 1, 2))
    for path in (place.work / "new").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for path in (place.work / "new", *(place.work / "new").rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _shadowed(name: str, content: str, place: Place) -> None:
    """A file in the current folder that has a library's name is not that library."""
    (place.work / name).write_text(content)
    place.run(*place.request(store="new"))
    place.run(*place.request(store="newer"), anew=("-P",))


def _recursion(place: Place) -> None:
    place.run(*place.request(store="new"), first="import sys; sys.setrecursionlimit(220)", codes=(0, 1, 2))


def _children(place: Place) -> None:
    """Whoever ignores the end of children, or interrupts, hands that on."""
    first = (
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN); signal.signal(signal.SIGPIPE, signal.SIG_DFL)"
    )
    place.run(*place.request(store="new"), first=first, codes=(0, 1, 2))


def _nohup(place: Place) -> None:
    first = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    place.run(*place.request(store="new"), first=first)


def _linked(place: Place) -> None:
    """The same store by another way."""
    (place.work / "link").symlink_to("store")
    place.run(*place.request(store="link"))
    place.run(*place.request(store="./store/../link/"))
    place.run(*place.request(store=str(place.store)))


def _moved(place: Place) -> None:
    (place.work / "elsewhere ünï → [x] %s {0}").mkdir()
    away = place.work / "elsewhere ünï → [x] %s {0}" / "store"
    place.store.rename(away)
    name = str(away.relative_to(place.work))
    place.run(*place.request(store=name))
    place.run("show", "reference", "--store", name)
    away.rename(place.store)


def _other_workers(place: Place) -> None:
    """How many workers compute is no part of the numbers."""
    place.run(*(part if part != "1" else "3" for part in place.request(store="new")))


QUICK = {"LANG=C without UTF-8", "no HOME", "30 columns", "runs unreadable"}


def _attack(name: str, do: Callable[[Place], object], again: bool = False) -> Attack:
    return Attack(name=name, do=do, again=again, quick=name in QUICK)


ATTACKS = (
    *(_attack(name, partial(_variables, changed)) for name, changed in VARIABLES.items()),
    *(_attack(name, partial(_refusing, changed)) for name, changed in REFUSING.items()),
    *(_attack(f"{columns} columns", partial(_narrow, columns)) for columns in (1, 10, 20, 30, 50, 80)),
    *(_attack(name, partial(_forbidden, *arguments), again=True) for name, arguments in FORBIDDEN.items()),
    *(_attack(f"umask {mask:03o}", partial(_masked, mask)) for mask in (0o777, 0o000, 0o222)),
    *(
        _attack(f"files of this folder: {name}", partial(_shadowed, name, "raise SystemExit(3)\n"))
        for name in ("random.py", "numpy.py", "jamharness.py", "secrets.py")
    ),
    _attack("little room for calls", _recursion),
    _attack("ends of children ignored", _children),
    _attack("Ctrl-C ignored", _nohup),
    _attack("store by a link", _linked, again=True),
    _attack("store moved to a name of other scripts", _moved, again=True),
    _attack("three workers", _other_workers),
)
