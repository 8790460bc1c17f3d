"""Where an attack takes place: a folder with a store of finished cells, and commands judged by what must always hold.

Whatever is done to it, a command ends within 30 s, with a code that is documented, without a traceback, with one JSON
document or none on standard output, and with no control characters; a code 0 means the true numbers. Afterwards no
process is left, no finished cell is lost, and the same request gives the true numbers again.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from catalogue import toy
from catalogue.command import MARK, MEMORY, Ended, Nursery, Running, fresh

ROOMS = sorted({
    str(Path(find_spec(package).origin).parents[1])  # type: ignore[union-attr, arg-type]
    for package in ("jamharness", "jamharness_numerics", "jamharness_numpy")
})  # fmt: skip
"""Where the packages lie that are attacked: commands that forget the environment's own paths find them all the same."""
CODES = (0, 1, 2, 130)
"""What the command line is documented to end with; 70 is an error of the program itself."""
SETTINGS = ("--backend", "numpy", "--set", "seeds=3")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What all attacks of a session share, and none changes.

    Arguments:
        folder: holds the toy distribution and a store with the finished runs ``reference`` and ``other``.
        environment: of an undisturbed command.
        nursery: forks commands.
        truth: the estimates of ``reference``.
    """

    folder: Path
    environment: Mapping[str, str]
    nursery: Nursery
    truth: Mapping[str, Any] = field(default_factory=dict)

    @property
    def plugins(self) -> Path:
        """The folder of the toy distribution."""
        return self.folder / "installed"

    @property
    def store(self) -> Path:
        """The finished store."""
        return self.folder / "work" / "store"


def surroundings() -> dict[str, str]:
    """The environment of an undisturbed command: this one, without what would change its course."""
    dropped = ("JAMHARNESS", "TOY_", "COLUMNS", "LINES", "PYTEST", "FORCE_COLOR", "NO_COLOR", "PYTHON")
    environment = {key: text for key, text in os.environ.items() if not key.startswith(dropped)}
    nowhere = "http://127.0.0.1:9"
    return {
        **environment,
        "COLUMNS": "100",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": os.pathsep.join(ROOMS),
        "PYTHONDONTWRITEBYTECODE": "1",  # edited modules are seen, whatever the clock's resolution
        "http_proxy": nowhere,
        "https_proxy": nowhere,
    }


class Place:
    """A folder of one attack's own.

    Arguments:
        ground: what it starts from.
        folder: empty.
        whole: whether its store holds the finished runs already.
    """

    def __init__(self, ground: Ground, folder: Path, *, whole: bool = True) -> None:
        self.ground, self.work, self.store = ground, folder / "work", folder / "work" / "store"
        self.plugins = ground.plugins
        self._spare, self._commands = folder / "streams", 0
        self._lost: set[Path] = set()
        self._started: list[Running] = []
        self.truth: Mapping[str, Any] | None = ground.truth
        self._spare.mkdir(parents=True)
        self.work.mkdir()
        if whole:
            shutil.copytree(ground.store, self.store)
        self._cells = contents(self.store / "cells")
        self._reference = self.reference() if whole else []

    def start(
        self,
        *arguments: str | bytes,
        environment: Mapping[str, str | None] | None = None,
        path: Sequence[Path] = (),
        streams: Mapping[int, int | str | None] | None = None,
        anew: Sequence[str] | None = None,
        first: str = "",
        folder: Path | None = None,
    ) -> Running:
        """Begin a command.

        Arguments:
            *arguments: its arguments.
            environment: variables that differ; None for one that is not set.
            path: further folders of installed distributions.
            streams: by number, what is not a file: a descriptor, a path, or None for one that is closed.
            anew: flags of an interpreter of its own; None for a fork.
            first: Python code to run before anything else.
            folder: where it runs, if elsewhere.
        """
        mark = uuid4().hex
        installed = [str(folder) for folder in (*path, self.plugins)]
        variables: dict[str, str | None] = {
            **self.ground.environment,
            "PYTHONPATH": os.pathsep.join([*installed, *ROOMS]),
            **(environment or {}),
            MARK: mark,
        }
        request = {
            "arguments": [os.fsdecode(argument) for argument in arguments],
            "environment": {name: text for name, text in variables.items() if text is not None},
            "folder": str(folder or self.work),
            "path": installed,
            "first": first,
        }
        self._commands += 1
        out, err = (self._spare / f"{self._commands}-{name}" for name in ("out", "err"))
        targets: dict[int, int | str | None] = {0: os.devnull, 1: str(out), 2: str(err), **(streams or {})}
        for file in (out, err):
            file.touch()
        with ExitStack() as stack:
            opened = [_open(targets[number], number, stack) for number in range(3)]
            if anew is not None or None in opened:
                process = fresh(request, opened, anew or ())
                running = Running(pid=process.pid, mark=mark, out=out, err=err, poll=_polling(process))
            else:
                pid = self.ground.nursery.fork(request, [number for number in opened if number is not None])
                running = Running(
                    pid=pid, mark=mark, out=out, err=err, poll=lambda seconds: self.ground.nursery.poll(pid, seconds)
                )
        self._started.append(running)
        return running

    def run(
        self,
        *arguments: str | bytes,
        codes: Sequence[int] = (0,),
        says: Sequence[str] = (),
        truth: Mapping[str, Any] | str | None = "here",
        **how: Any,
    ) -> Ended:
        """Carry out a command and judge it.

        Arguments:
            *arguments: its arguments.
            codes: the exit codes that are right.
            says: what it must say on one of its streams.
            truth: its estimates if it ends with 0; None where there is nothing to compare.
            **how: as for ``start``.
        """
        return self.judge(self.start(*arguments, **how).wait(), arguments, codes=codes, says=says, truth=truth)

    def judge(
        self,
        ended: Ended,
        arguments: Sequence[str | bytes] = (),
        *,
        codes: Sequence[int] = (0,),
        says: Sequence[str] = (),
        truth: Mapping[str, Any] | str | None = "here",
        printed: bool = True,
    ) -> Ended:
        """Hold a command to what must always hold; ``printed`` unless its standard output was taken away."""
        description = f"{ended.code} from {arguments}: {ended.err[-1500:]!r} {ended.out[-500:]!r}"
        assert "Traceback" not in ended.out + ended.err, description
        assert "Internal error" not in ended.err, description
        assert ended.code in codes, f"not one of {codes}: {description}"
        assert not CONTROL.search(ended.out + ended.err), f"control characters: {description}"
        assert ended.memory < MEMORY, f"{ended.memory} KiB: {description}"
        assert max(map(len, ended.err.splitlines()), default=0) < 3000, f"an endless sentence: {description}"
        for words in says:
            assert words in ended.err + ended.out, f"no word of {words!r}: {description}"
        if "--json" in arguments and ended.out:
            try:
                document = ended.document
            except ValueError:
                raise AssertionError(f"not one JSON document: {description}") from None
            truth = self.truth if truth == "here" else truth
            if ended.code == 0 and isinstance(truth, Mapping) and "protocols" in document and not failures_of(document):
                assert estimates_of(document) == truth, f"wrong numbers with exit 0: {description}"
        elif "--json" in arguments and printed:
            assert ended.code != 0, f"exit 0 without a document: {description}"
        return ended

    def request(self, *more: str, store: str = "store") -> tuple[str, ...]:
        """The arguments of the run that everything is about."""
        arguments = ("run", "toy", *SETTINGS, "--name", "reference", "--store", store, "--workers", "1", "--json")
        return (*arguments, "--quiet", *more)

    def computed(self, *more: str, **how: Any) -> Mapping[str, Any]:
        """What a store that knows nothing gives now for a request: the truth where things were changed on purpose."""
        arguments = self.request(*more, store=f"fresh-{uuid4().hex[:6]}")
        estimates: Mapping[str, Any] = estimates_of(self.run(*arguments, truth=None, **how).document)
        return estimates

    def reference(self) -> list[Path]:
        """The cells of the run that everything is about."""
        record = json.loads((self.store / "runs" / "reference.json").read_bytes())
        return [self.store / "cells" / key[:2] / f"{key}.json" for key in record["record"]["cells"]["toy"]]

    def lose(self, path: Path) -> Path:
        """Say that the attack destroys a file, which is then nobody's fault; returns it."""
        self._lost.add(path)
        return path

    def finish(self) -> None:
        """Judge what is left behind: no process, every cell, and the true numbers for who asks again."""
        end = time.monotonic() + 10.0
        while left := [process for running in self._started for process in running.workers()]:
            if time.monotonic() > end:
                names = [" ".join(process.cmdline()) for process in left]
                self.clear()
                raise AssertionError(f"processes left over: {names}")
            time.sleep(0.02)
        now = contents(self.store / "cells")
        expected = {path: digest for path, digest in self._cells.items() if Path(path) not in self._lost}
        missing = [path for path, digest in expected.items() if now.get(path) != digest]
        assert not missing, f"finished cells are lost: {missing}"

    def check_again(self) -> None:
        """The same request once more: the true numbers, and nothing computed that was there."""
        paths = [path for path in self._reference if path.is_file() and path not in self._lost]
        again = self.run(*self.request(), truth=self.ground.truth)
        cells = again.document["protocols"]["toy"]["cells"]
        assert cells["reused"] >= len(paths), f"{cells} with {len(paths)} cells in the store"

    def clear(self) -> None:
        """End whatever still runs."""
        for running in self._started:
            running.kill()


def prepare(folder: Path) -> Ground:
    """Make the ground: install the toy distribution, and compute the two runs in fresh interpreters."""
    ground = Ground(folder=folder, environment=surroundings(), nursery=Nursery(surroundings()))
    toy.install(ground.plugins)
    place = Place(ground, folder, whole=False)
    place.truth = None
    other = ("run", "toy", "--backend", "numpy", "--set", "seeds=2", "--seed", "50", "--name", "other")
    place.run(*other, "--store", "store", "--workers", "1", "--json", anew=())
    truth = estimates_of(place.run(*place.request(), anew=()).document)
    assert truth["toy"]["loss"]["count"] == 6
    return Ground(folder=folder, environment=ground.environment, nursery=ground.nursery, truth=truth)


def estimates_of(document: Any) -> dict[str, Any]:
    """The estimates in a document of ``run``, ``resume`` or ``show``, by protocol."""
    return {name: part["estimates"] for name, part in document["protocols"].items()}


def failures_of(document: Any) -> list[Any]:
    """The cells that a document says were tried in vain: its numbers say that they rest on fewer."""
    return [failure for part in document["protocols"].values() for failure in part["failures"]]


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder, with a digest of its content; what is no regular file is named for what it is."""
    listed = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 24:
            listed[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            listed[str(path)] = "folder" if path.is_dir() else "other"
    return {
        path: digest
        for path, digest in listed.items()
        if digest != "folder" or not path.startswith(str(folder / "cells"))
    }


def _open(target: int | str | None, number: int, stack: ExitStack) -> int | None:
    if target is None or isinstance(target, int):
        return target
    descriptor = os.open(target, os.O_RDWR if number else os.O_RDONLY)
    stack.callback(os.close, descriptor)
    return descriptor


def _polling(process: "subprocess.Popen[bytes]") -> Callable[[float], tuple[int, int] | None]:
    def poll(seconds: float) -> tuple[int, int] | None:
        try:
            return process.wait(max(seconds, 0.001)), 0
        except subprocess.TimeoutExpired:
            return None

    return poll


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: it does not in time.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.01)


def rewrite(path: Path, change: Callable[[Any], None]) -> None:
    """Change a document of the store, and give it a checksum that fits."""
    from jamharness.api import digest

    document = json.loads(path.read_bytes())
    document.pop("checksum")
    change(document)
    path.write_text(json.dumps({**document, "checksum": digest(document)}, separators=(",", ":")))
