"""Bad input: options, settings, configuration files and paths that cannot be meant."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from catalogue.attack import Attack
from catalogue.place import Place, contents

LONG = "x" * 300
JAMMING = ("run", "jamming", "--backend", "numpy", "--store", "store", "--workers", "1", "--json", "--quiet")
TOY = ("run", "toy", "--backend", "numpy", "--store", "store", "--workers", "1", "--json", "--quiet")


def _refused(*arguments: str | bytes, codes: Sequence[int] = (2,), says: Sequence[str] = ()) -> Callable[[Place], None]:
    """A command that is refused in a few sentences and changes nothing; or ends well, where codes say so."""

    def do(place: Place) -> None:
        before = contents(place.work)
        ended = place.run(*arguments, codes=codes, says=says, truth=None)
        if ended.code == 2:
            assert ended.err.strip(), "exit 2 without a word"
            assert ended.out == ""
            assert len(ended.err) < 4000, "nobody reads that"
            assert contents(place.work) == before, "a refused command has changed files"

    return do


def _sets(*assignments: str) -> tuple[str, ...]:
    """A run of ``jamming`` with some settings; of two seeds, in case that it is computed after all."""
    seeds = () if any("seeds" in assignment for assignment in assignments) else ("seeds=2",)
    depth = () if any("depth" in assignment for assignment in assignments) else ("depth=1",)
    return (*JAMMING, *(part for assignment in (*assignments, *seeds, *depth) for part in ("--set", assignment)))


OPTIONS: dict[str, tuple[str | bytes, ...]] = {
    "store of nobody's home": (*TOY[:4], "--store", "~nosuchuser/x"),
    "store without a name": (*TOY[:4], "--store", ""),
    "store of 300 characters": (*TOY[:4], "--store", LONG),
    "store below 300 characters": (*TOY[:4], "--store", f"{LONG}/store"),
    "store that is a device": (*TOY[:4], "--store", "/dev/null"),
    "store below a device": (*TOY[:4], "--store", "/dev/full/store"),
    "store in proc": (*TOY[:4], "--store", "/proc/self/fd"),
    "store full of other things": (*TOY[:4], "--store", "/usr"),
    "name without letters": (*TOY, "--name", ""),
    "name of 300 characters": (*TOY, "--name", LONG),
    "name that climbs": (*TOY, "--name", ".."),
    "name with a slash": (*TOY, "--name", "a/b"),
    "name with a line break": (*TOY, "--name", "a\nb"),
    "name in another script": (*TOY, "--name", "número"),
    "name with an escape": (*TOY, "--name", "\x1b[31mred"),
    "name with a byte that is no text": (*TOY, "--name", b"a\xff"),
    "config that is missing": (*TOY, "--config", "none.toml"),
    "config that is a folder": (*TOY, "--config", "store"),
    "config of nobody's home": (*TOY, "--config", "~nosuchuser/x.toml"),
    "config of 300 characters": (*TOY, "--config", LONG),
    "config without a name": (*TOY, "--config", ""),
    "config without an end": (*TOY, "--config", "/dev/zero"),
    "seed nan": (*TOY, "--seed", "nan"),
    "seed 1e308": (*TOY, "--seed", "1e308"),
    "seed of 5000 digits": (*TOY, "--seed", "9" * 5000),
    "seed empty": (*TOY, "--seed", ""),
    "seed with an escape": (*TOY, "--seed", "\x1b[31m5"),
    "seed twice over": (*TOY, "--seed", "5", "--set", "seed=6"),
    "limit nan": (*TOY, "--limit", "nan"),
    "limit infinite": (*TOY, "--limit", "inf"),
    "limit -0": (*TOY, "--limit", "-0"),
    "memory nan": (*TOY, "--memory", "nan"),
    "memory negative": (*TOY, "--memory", "-1e308"),
    "workers 0": (*TOY, "--workers", "0"),
    "workers nan": (*TOY, "--workers", "nan"),
    "threads of 5000 digits": (*TOY, "--threads", "9" * 5000),
    "device empty": (*TOY, "--device", ""),
    "device with a number too large": (*TOY, "--device", f"cuda:{'9' * 400}"),
    "dtype float16": (*TOY, "--dtype", "float16"),
    "preset empty": (*TOY, "--preset", ""),
    "backend empty": ("run", "toy", "--backend", "", "--store", "store"),
    "backend of 300 characters": ("run", "toy", "--backend", LONG, "--store", "store"),
    "backend with an escape": ("run", "toy", "--backend", "\x1b]0;title\x07", "--store", "store"),
    "protocol empty": ("run", "", "--backend", "numpy", "--store", "store"),
    "protocol of 100 000 characters": ("run", "x" * 100_000, "--backend", "numpy", "--store", "store"),
    "30 protocols": ("run", *(f"p{number}" for number in range(30)), "--backend", "numpy", "--store", "store"),
    "set without a value": (*TOY, "--set", "seeds"),
    "set without a name": (*TOY, "--set", "=3"),
    "set of dots": (*TOY, "--set", ".=3"),
    "set of a field of a field": (*TOY, "--set", "toy.seeds.x=3"),
    "set of a protocol that does not run": (*TOY, "--set", "jamming.seeds=3"),
    "set twice": (*TOY, "--set", "seeds=3", "--set", "seeds=4"),
    "set with an escape": (*TOY, "--set", "see\x1b[31mds=3"),
    "set of 100 000 characters": (*TOY, "--set", f"seeds={'9' * 100_000}"),
    "set of no text": (*TOY, "--set", b"seeds=\xff\xfe"),
    "seeds without end": (*TOY, "--set", "seeds=999999999"),
    "show without a name": ("show", "", "--store", "store"),
    "show a path": ("show", "../../etc/passwd", "--store", "store"),
    "show 300 characters": ("show", LONG, "--store", "store"),
    "show an escape": ("show", "\x1b[2J", "--store", "store"),
    "resume what is not there": ("resume", "refrence", "--store", "store"),
    "runs of nobody's home": ("runs", "--store", "~nosuchuser"),
    "runs of 300 characters": ("runs", "--store", LONG),
    "export to nobody's home": ("export", "reference", "--store", "store", "-o", "~nosuchuser/x"),
    "export to 300 characters": ("export", "reference", "--store", "store", "-o", LONG),
    "export without a name": ("export", "reference", "--store", "store", "-o", ""),
    "export to a device": ("export", "reference", "--store", "store", "-o", "/dev/null"),
    "export in an unknown format": ("export", "reference", "--store", "store", "--format", "\x1b[31m"),
    "protocol with an escape": ("protocols", "\x1b[31mtoy"),
    "disable an escape": ("plugins", "--disable", "\x1b[31m"),
    "command with an escape": ("\x1b[31mrun",),
    "command of no text": (b"\xff\xfe",),
    "option with an escape": (*TOY, "--see\x1b[31md", "3"),
    "conformance of nothing": ("conformance", ""),
    "agree with nothing": ("agree", "toy", "--backends", ",", "--store", "store"),
    "agree with itself alone": ("agree", "toy", "--backends", "", "--store", "store"),
}

SETTINGS: dict[str, tuple[str, ...]] = {
    "margin nan": ("margin=nan",),
    "margin -0": ("margin=-0.0",),
    "margin 1e-300": ("margin=1e-300",),
    "margin 5e-324": ("margin=5e-324",),
    "margin 1e308": ("margin=1e308",),
    "width nan": ("width=nan",),
    "width infinite": ("width=inf",),
    "width 1e308": ("width=1e308",),
    "width of 400 digits": ("width=" + "9" * 400,),
    "width of an escape": ("width=\x1b[31m3",),
    "width of nothing but commas": ("width=,,",),
    "width of 300 characters": (f"width={LONG}",),
    "depth 1e6": ("width=3", "depth=1e6"),
    "depth 1e308": ("width=3", "depth=1e308"),
    "seeds 999999999": ("width=3", "seeds=999999999"),
    "seed 1e308": ("width=3", "seed=1e308"),
    "inputs 1e12": ("width=3", "inputs=1e12"),
    "patterns 1e308": ("width=3", "patterns=1e308"),
    "highest width 1e9": ("width=3", "scan=width", "patterns=20", "highest_width=1e9", "seeds=1", "budget=1"),
    "highest ratio nan": ("width=3", "highest_ratio=nan"),
    "start ratio 1e308": ("width=3", "start_ratio=1e308"),
    "growth of hardly anything": ("width=3", "seeds=1", "growth=1.0000000000000002"),
    "resolution nan": ("width=3", "resolution=nan"),
    "budget 0": ("width=3", "budget=0"),
    "test fraction nan": ("width=3", "test_fraction=nan"),
    "gelu of nan": ("width=3", "activation=gelu(nan)"),
    "gelu of infinity": ("width=3", "activation=gelu(inf)"),
    "softplus of parentheses": ("width=3", "activation=softplus(((("),
    "data set without a name": ("width=3", "dataset="),
    "data set that climbs": ("width=3", "dataset=../../etc"),
    "folder of nobody's home": ("width=3", "dataset=mnist", "patterns=10", "folder=~nosuchuser/x"),
    "folder of 300 characters": ("width=3", "dataset=mnist", "patterns=10", f"folder={LONG}"),
    "folder that is a device": ("width=3", "dataset=mnist", "patterns=10", "folder=/dev/null"),
    "folder with an escape": ("width=3", "dataset=mnist", "patterns=10", "folder=\x1b[31m"),
}
BOUNDED = (
    "seed 1e308", "highest width 1e9", "growth of hardly anything", "margin 1e308", "start ratio 1e308",
)  # fmt: skip
"""What may as well be computed, or end without an answer, as long as it ends."""

CONFIGURATIONS: dict[str, bytes] = {
    "deep": b"a = " + b"[" * 100_000,
    "deep tables": b"[" + b"a." * 20_000 + b"a]",
    "huge": b"[settings]\n" + b"# padding to some megabytes\n" * 1_000_000,
    "huge key": b"[settings]\n" + b"k" * 3_000_000 + b" = 1\n",
    "not text": b"[run]\nstore = '\xff\xfe'\n",
    "UTF-16": "[run]\nseed = 1\n".encode("utf-16"),
    "null character": b'[run]\nstore = "a\\u0000b"\n',
    "escape in a key": b'[run]\n"\\u001b[31mseed" = 1\n',
    "escape in a value": b'[run]\ndevice = "\\u001b[31mcpu"\n',
    "table in place of a value": b"[run.seed]\nx = 1\n",
    "value in place of a table": b"run = 3\n",
    "list of tables": b"[[settings]]\nwidth = 3\n",
    "date": b"[settings.toy]\nseeds = 1979-05-27\n",
    "truth as a number": b"[run]\nseed = true\n",
    "nan": b"[run]\nlimit = nan\n",
    "infinity": b"[settings.toy]\nseeds = inf\n",
    "number of 5000 digits": b"[settings.toy]\nseeds = " + b"9" * 5000 + b"\n",
    "store of nobody's home": b'[run]\nstore = "~nosuchuser/x"\n',
    "store that is a number": b"[run]\nstore = 5\n",
    "table within a protocol": b"[settings.toy.more]\nx = 1\n",
    "twice the same key": b"[run]\nseed = 1\nseed = 2\n",
}


def _configuration(content: bytes, name: str) -> Callable[[Place], None]:
    def do(place: Place) -> None:
        (place.work / name).write_bytes(content)
        codes = (0, 2) if content is CONFIGURATIONS["huge"] else (2,)
        arguments = ("run", "toy", "--backend", "numpy", "--json", "--quiet")
        _refused(*arguments, *(() if name == "jamharness.toml" else ("--config", name)), codes=codes)(place)

    return do


def _byte_order_mark(place: Place) -> None:
    """Some editors write one; the file is read as it is meant, or refused in a sentence."""
    (place.work / "own.toml").write_bytes(b"\xef\xbb\xbf[settings.toy]\nseeds = 3\n")
    arguments = place.request("--config", "own.toml")
    place.run(*(part for part in arguments if part not in ("--set", "seeds=3")), codes=(0, 2))


def _lying_in_wait(make: Callable[[Path], object], *arguments: str) -> Callable[[Place], None]:
    """Something else than a regular file where one is looked for."""

    def do(place: Place) -> None:
        make(place.work)
        place.run(*(arguments or place.request()), codes=(0, 2))
        for path in place.work.glob("jamharness.toml"):
            path.rmdir() if path.is_dir() else path.unlink()

    return do


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _foreign_interpreter(place: Place) -> None:
    """A folder's own jamharness.toml starts no program that the user has not named."""
    program = place.work / "python"
    program.write_text("#!/bin/sh\ntouch started\nexit 1\n")
    program.chmod(0o755)
    (place.work / "jamharness.toml").write_text("[interpreters]\nnumpy = './python'\n")
    place.run(*place.request("--set", "seed=9"), codes=(0, 2), truth=None)
    without = ("--disable", "torch", "--disable", "tensorflow")
    place.run("doctor", *without, "--store", "store", "--json", codes=(1,), says=("[interpreters]",))
    assert not (place.work / "started").exists(), "a program of this folder was started"
    (place.work / "jamharness.toml").unlink()


def _folder_that_is_gone(*arguments: str) -> Callable[[Place], None]:
    def do(place: Place) -> None:
        away = place.work / "away"
        away.mkdir()
        first = "import os; os.rmdir(os.getcwd())"
        place.run(*arguments, first=first, folder=away, codes=(0, 2), truth=None)

    return do


def _undecided_between(place: Place) -> None:
    """A name twice, for other settings: the first run stays."""
    arguments = ("run", "toy", "--backend", "numpy", "--set", "seeds=2", "--store", "store", "--name", "reference")
    _refused(*arguments, says=("reference",))(place)


QUICK = {
    "store of nobody's home", "store without a name", "name of 300 characters", "config without an end", "deep",
    "seed twice over", "set with an escape", "command of no text", "margin 1e-300", "escape in a value",
}  # fmt: skip

ATTACKS = (
    *(
        Attack(
            name=name,
            do=_refused(*arguments, codes=(0, 2) if name in BOUNDED else (2,)),
            again=False,
            quick=name in QUICK,
        )
        for name, arguments in OPTIONS.items()
    ),
    *(
        Attack(
            name=f"setting {name}",
            do=_refused(*_sets(*assignments), codes=(0, 1, 2) if name in BOUNDED else (2,)),
            again=False,
            quick=name in QUICK,
        )
        for name, assignments in SETTINGS.items()
    ),
    *(
        Attack(name=f"configuration {name}", do=_configuration(content, "own.toml"), again=False, quick=name in QUICK)
        for name, content in CONFIGURATIONS.items()
    ),
    *(
        Attack(
            name=f"configuration {name}, found in the folder",
            do=_configuration(CONFIGURATIONS[name], "jamharness.toml"),
            again=False,
        )
        for name in ("deep", "not text", "store of nobody's home")
    ),
    Attack(name="configuration with a byte order mark", do=_byte_order_mark),
    Attack(
        name="configuration that is a pipe",
        do=_lying_in_wait(lambda work: os.mkfifo(work / "jamharness.toml")),
    ),
    Attack(name="configuration that is a folder", do=_lying_in_wait(lambda work: (work / "jamharness.toml").mkdir())),
    Attack(name="configuration that is a loop", do=_lying_in_wait(lambda work: _loop(work / "jamharness.toml"))),
    Attack(
        name="configuration that is named and is a pipe",
        do=_lying_in_wait(lambda work: os.mkfifo(work / "pipe"), *TOY, "--config", "pipe"),
    ),
    Attack(
        name="store that is a pipe",
        do=_lying_in_wait(lambda work: os.mkfifo(work / "pipe"), *TOY[:4], "--store", "pipe"),
    ),
    Attack(
        name="store that is a loop", do=_lying_in_wait(lambda work: _loop(work / "loop"), *TOY[:4], "--store", "loop")
    ),
    Attack(
        name="store that leads nowhere",
        do=_lying_in_wait(lambda work: (work / "link").symlink_to("nowhere/at/all"), *TOY[:4], "--store", "link"),
    ),
    Attack(
        name="data folder that holds pipes",
        do=_lying_in_wait(
            lambda work: [os.mkfifo(work / name) for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")],
            *TOY,
            "--set",
            "dataset=mnist",
            "--set",
            "folder=.",
        ),
    ),
    Attack(
        name="export to a pipe",
        do=_lying_in_wait(
            lambda work: os.mkfifo(work / "pipe"), "export", "reference", "--store", "store", "-o", "pipe"
        ),
    ),
    Attack(name="interpreter of the folder's own", do=_foreign_interpreter, quick=True),
    Attack(name="run in a folder that is gone", do=_folder_that_is_gone(*TOY[:4], "--quiet"), quick=True),
    Attack(name="plugins in a folder that is gone", do=_folder_that_is_gone("plugins", "--json")),
    Attack(name="runs in a folder that is gone", do=_folder_that_is_gone("runs", "--json")),
    Attack(name="name of a run with other settings", do=_undecided_between),
)
