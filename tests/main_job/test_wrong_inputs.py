"""Wrong input ends with exit code 2 and one sentence per fault that names value and remedy; nothing is written.

Each case has its arguments, then for each sentence that must come the texts that it must contain.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jamharness

RUN = ("run", "jamming", "--backend", "numpy", "--store", "store")
TINY = {"width": 2, "depth": 1, "seeds": 1, "patterns": 8}
Case = tuple[tuple[str, ...], list[tuple[str, ...]]]


def options(*arguments: str) -> tuple[str, ...]:
    """A run with further options."""
    return (*RUN, *arguments)


def settings(*assignments: str) -> tuple[str, ...]:
    """A run with some settings."""
    return (*RUN, *(part for each in assignments for part in ("--set", each)))


NAMES: dict[str, Case] = {
    "backend": (("run", "jamming", "--backend", "nunpy"), [("'nunpy'", "did you mean 'numpy'?")]),
    "no backend": (("run", "jamming"), [("No backend", "--backend NAME", "numpy")]),
    "protocol": (("run", "jaming", "--backend", "numpy"), [("'jaming'", "did you mean 'jamming'?")]),
    "setting": (settings("widht=5"), [("'widht'", "did you mean 'width'?")]),
    "setting of an unknown protocol": (settings("jaming.width=5"), [("'jaming'", "did you mean 'jamming'?")]),
    "setting of the protocol": (settings("jamming.dept=5"), [("'dept'", "did you mean 'depth'?")]),
    "preset": (options("--preset", "papre"), [("'papre'", "did you mean 'paper'?")]),
    "option": (options("--devise", "cpu"), [("'--devise'", "did you mean '--device'?")]),
    "option of the program": (("--vresion",), [("'--vresion'", "did you mean '--version'?")]),
    "command": (("rnu", "jamming"), [("'rnu'", "did you mean 'run'?")]),
    "activation": (settings("activation=rellu"), [("'rellu'", "did you mean 'relu'?")]),
    "dataset": (settings("dataset=diggits"), [("'diggits'", "did you mean 'digits'?")]),
    "own file": (settings("dataset=file:none.csv", "patterns=8"), [("none.csv does not exist", "dataset=file:")]),
    "classes": (settings("dataset=digits", "patterns=8", "classes=1,2/2"), [("'1,2/2'", "must not stand on both")]),
    "minimiser": (settings("minimiser=adamm"), [("'adamm'", "did you mean 'adam'?")]),
    "initial": (settings("initial=ortogonal"), [("'ortogonal'", "did you mean 'orthogonal'?")]),
    "labels": (settings("labels=randon"), [("'randon'", "did you mean 'random'?")]),
    "projection": (settings("projection=whitned"), [("'whitned'", "did you mean 'whitened'?")]),
    "fit": (settings("fit=poolled"), [("'poolled'", "did you mean 'pooled'?")]),
    "scan": (settings("scan=widths"), [("'widths'", "did you mean 'width'?")]),
    "device": (options("--device", "cdua"), [("'cdua'", "did you mean 'cuda'?")]),
    "device gpu": (options("--device", "gpu"), [("'gpu'", "did you mean 'cuda'?")]),
    "dtype": (options("--dtype", "flaot64"), [("'flaot64'", "did you mean 'float64'?")]),
    "disabled plugin": (options("--disable", "tortch"), [("'tortch'", "did you mean 'torch'?")]),
    "protocol to show": (("protocols", "jaming"), [("'jaming'", "did you mean 'jamming'?")]),
}

NUMBERS: dict[str, Case] = {
    "gelu of -1": (settings("activation=gelu(-1)"), [("gelu(-1)", "positive", "gelu(4)")]),
    "gelu of x": (settings("activation=gelu(x)"), [("gelu(x)", "positive number", "gelu(4)")]),
    "relu of 3": (settings("activation=relu(3)"), [("relu(3)", "no sharpness", "write 'relu'")]),
    "patterns 0": (settings("patterns=0"), [("patterns = 0", "at least 2")]),
    "patterns 1": (settings("patterns=1"), [("patterns = 1", "at least 2")]),
    "patterns negative": (settings("patterns=-6"), [("patterns = -6", "at least 2")]),
    "patterns odd": (settings("patterns=7"), [("patterns = 7", "even", "6 or 8", "labels=random")]),
    "patterns as text": (settings("patterns=many"), [("patterns = 'many'", "whole number")]),
    "patterns several": (settings("patterns=10,20"), [("patterns = 10,20", "scan=width")]),
    "patterns beyond digits": (
        settings("dataset=digits", "patterns=100000"),
        [("patterns = 100000", "'digits'", "1426", "at most")],
    ),
    "patterns beyond memory": (settings("patterns=1e9"), [("patterns = 1000000000", "GiB", "fewer")]),
    "patterns beyond count": (settings("patterns=1e12"), [("patterns = 1000000000000", "at most 1000000000")]),
    "width 0": (settings("width=0", "inputs=3"), [("width = 0", "at least 1")]),
    "width negative": (settings("width=-3", "inputs=3"), [("width = -3", "at least 1")]),
    "width text": (settings("width=wide"), [("width = 'wide'", "whole number", "width=10")]),
    "width 1e308": (settings("width=1e308"), [("width = '1e308'", "size", "smaller")]),
    "margin of hundreds of digits": (settings(f"margin={'9' * 400}"), [("margin = ", "finite number")]),
    "width empty": (settings("width="), [("width = ''", "whole number", "width=10")]),
    "width for other layers": (settings("width=4,5,6", "depth=2"), [("(4, 5, 6)", "2 hidden layers", "one each")]),
    "width several to scan": (settings("width=4,5", "depth=2", "scan=width"), [("width = 4,5", "one number")]),
    "depth negative": (settings("depth=-1"), [("depth = -1", "0 (linear) or more")]),
    "depth 0 to scan": (settings("depth=0", "scan=width"), [("depth = 0", "scan=patterns")]),
    "highest width 0": (settings("scan=width", "highest_width=0"), [("highest_width = 0", "at least 1")]),
    "inputs 0": (settings("inputs=0"), [("inputs = 0", "at least 1")]),
    "inputs beyond digits": (
        settings("dataset=digits", "inputs=70", "patterns=100"),
        [("inputs = 70", "'digits'", "61", "at most")],
    ),
    "seeds 0": (settings("seeds=0"), [("seeds = 0", "at least 1")]),
    "seed negative": (options("--seed", "-1"), [("seed = -1", "0 or more")]),
    "seed text": (options("--seed", "first"), [("seed = 'first'", "whole number")]),
    "budget 0": (settings("budget=0"), [("budget = 0", "at least 1")]),
    "margin 0": (settings("margin=0"), [("margin = 0", "a number from 1e-06 to 1e+06")]),
    "margin -1": (settings("margin=-1"), [("margin = -1", "a number from 1e-06 to 1e+06")]),
    "margin nan": (settings("margin=nan"), [("margin = 'nan'", "finite number", "margin=1")]),
    "margin infinite": (settings("margin=inf"), [("margin = 'inf'", "finite number", "margin=1")]),
    "resolution 0": (settings("resolution=0"), [("resolution = 0", "positive")]),
    "start ratio 0": (settings("start_ratio=0"), [("start_ratio = 0", "positive")]),
    "highest ratio -1": (settings("highest_ratio=-1"), [("highest_ratio = -1", "positive")]),
    "growth 1": (settings("growth=1"), [("growth = 1", "above 1", "growth=1.25")]),
    "test fraction 1.5": (settings("test_fraction=1.5"), [("test_fraction = 1.5", "at least 0 and below 1")]),
    "bias": (settings("bias=perhaps"), [("bias = 'perhaps'", "true or false", "bias=true")]),
    "workers 0": (options("--workers", "0"), [("workers = 0", "at least 1")]),
    "workers text": (options("--workers", "two"), [("--workers = 'two'", "whole number")]),
    "threads 0": (options("--threads", "0"), [("threads = 0", "at least 1")]),
}

FORMS: dict[str, Case] = {
    "no equals sign": (settings("width"), [("'width'", "KEY=VALUE", "--set width=12")]),
    "twice": (settings("width=3", "width=4"), [("--set width", "give it once")]),
    "no value": (("run", "--backend"), [("'--backend'", "requires an argument", "--help")]),
    "no name": (("show",), [("RUN", "--help")]),
    "argument too many": (("runs", "all"), [("(all)", "jamharness runs --help")]),
    "run name": (options("--name", "../x"), [("'../x'", "letters, digits", "'jamming-2'")]),
    "run name empty": (options("--name", ""), [("Run name ''", "letters, digits", "'jamming-2'")]),
    "disabled backend": (options("--disable", "numpy"), [("'numpy'", "--disable numpy", "without that")]),
    "disable without name": (("run", "--disable"), [("--disable", "name of a plugin", "jamharness plugins")]),
    "data files missing": (
        settings("dataset=mnist", "folder=/nowhere/data", "patterns=100"),
        [
            (
                "'mnist'",
                "train-images-idx3-ubyte",
                "/nowhere/data",
                "put the files there",
                "--download",
                "4 files from https",
            )
        ],
    ),
    "data files that cannot be fetched": (
        (*settings("dataset=mnist", "folder=/nowhere/data", "patterns=100"), "--download"),
        [("'mnist'", "not fetched from https", "no connection", "put the files there")],
    ),
    "store in proc": (("run", "--backend", "numpy", "--store", "/proc/store"), [("'/proc/store'", "another folder")]),
    "configuration missing": (options("--config", "none.toml"), [("'none.toml'", "does not exist", "TOML file")]),
    "two seeds": (
        (*settings("seed=6", "jamming.seed=7"), "--seed", "5"),
        [("--seed 5", "--set seed=6", "contradict"), ("--seed 5", "--set jamming.seed=7", "contradict")],
    ),
    "store without a name": (("run", "--backend", "numpy", "--store", ""), [("--store ''", "names no folder")]),
    "store of nobody": (("runs", "--store", "~nosuchuser/x"), [("'~nosuchuser/x'", "choose another")]),
    "configuration of nobody": (options("--config", "~nosuchuser/x"), [("--config = '~nosuchuser/x'", "home")]),
    "data of nobody": (
        settings("dataset=mnist", "folder=~nosuchuser/x", "patterns=100"),
        [("folder = '~nosuchuser/x'", "home")],
    ),
    "long run name": (options("--name", "x" * 300), [("Run name 'xxx", "1 to 100 letters")]),
    "long protocol": (("run", "x" * 300, "--backend", "numpy"), [("Unknown protocol 'xxx", "jamming")]),
    "long store": (("run", "--backend", "numpy", "--store", "x" * 300), [("'xxx", "File name too long")]),
    "long store to list": (("runs", "--store", "x" * 300), [("File name too long", "choose another")]),
    "long configuration": (options("--config", "x" * 300), [("'xxx", "File name too long")]),
    "long data folder": (
        settings("dataset=mnist", f"folder={'x' * 300}", "patterns=100"),
        [("folder = xxx", "File name too long")],
    ),
    "two typos": (
        ("run", "jaming", "--backend", "nunpy", "--store", "store"),
        [("'nunpy'", "did you mean 'numpy'?"), ("'jaming'", "did you mean 'jamming'?")],
    ),
    "typos of every kind": (
        (*settings("widht=5", "seeds=0", "activation=rellu"), "--device", "cdua", "--workers", "0"),
        [
            ("'widht'", "did you mean 'width'?"),
            ("seeds = 0", "at least 1"),
            ("'rellu'", "did you mean 'relu'?"),
            ("'cdua'", "did you mean 'cuda'?"),
            ("workers = 0", "at least 1"),
        ],
    ),
    "a typo and data": (
        settings("widht=5", "dataset=digits", "patterns=100000"),
        [("'widht'", "did you mean 'width'?"), ("patterns = 100000", "'digits'", "at most")],
    ),
    "run of no store": (("show", "jamming-1"), [("'jamming-1'", "'jamharness-store'", "--store DIR")]),
    "resume of no store": (("resume", "mine", "--store", "store"), [("'mine'", "'store'", "--store DIR")]),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in (NAMES | NUMBERS | FORMS).items()])
def test_wrong_input_is_one_sentence_per_fault(command: Any, refused: Any, case: Case) -> None:
    """With the value and the nearest name, or what is allowed."""
    arguments, sentences = case
    refused(command, arguments, *sentences)
    assert not Path("/nowhere/data").exists()


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        pytest.param("[interpreters]\nnunpy = 'p'", ("'nunpy'", "'numpy'?"), id="interpreter of"),
        pytest.param("[interpreters]\nnumpy = 'pyhton9'", ("'pyhton9'", "path"), id="interpreter"),
        pytest.param("[run]\nstore = '~nosuchuser/x'", ("store = '~nosuchuser/x'", "home"), id="nobody's home"),
        pytest.param("[run]\nseed = 1\n[settings]\nseed = 2", ("seed = 1", "seed = 2", "contradict"), id="two seeds"),
        pytest.param(f"x = {'[' * 50_000}{']' * 50_000}", ("nests", "too deeply"), id="deep"),
        pytest.param(f"x = '{'y' * 2**20}'", ("x.toml", "more than 1048576"), id="huge"),
        pytest.param(f"[run]\nseed = {'9' * 5000}", ("x.toml", "not TOML"), id="a number of thousands of digits"),
        pytest.param(f"[run]\nlimit = {'9' * 400}", ("limit = 999", "size"), id="a number of hundreds of digits"),
    ],
)
def test_wrong_configurations_that_were_asked_for_are_one_sentence_each(
    command: Any, refused: Any, work: Path, content: str, parts: tuple[str, ...]
) -> None:
    """Whatever they hold."""
    (work / "x.toml").write_text(content)
    refused(command, (*RUN, "--config", "x.toml"), parts)


def test_a_pipe_in_place_of_a_configuration_is_one_sentence(command: Any, refused: Any, work: Path) -> None:
    """Nobody writes into it, and to open it would be to wait for ever."""
    os.mkfifo(work / "x.toml")
    refused(command, (*RUN, "--config", "x.toml"), ("x.toml", "named pipe"))


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        pytest.param("store", "", ("'store'", "is a file", "choose a folder"), id="store is a file"),
        pytest.param(
            "store/thesis.tex", "", ("'store'", "thesis.tex", "new or an empty folder"), id="store of rubbish"
        ),
        pytest.param(
            "store/jamharness-store.json", "{}", ("'store'", "jamharness-store.json", "new folder"), id="mark"
        ),
        pytest.param("jamharness.toml", "width = = 3", ("jamharness.toml", "not TOML", "line 1"), id="not TOML"),
        pytest.param("jamharness.toml", "[rnu]", ("jamharness.toml", "'rnu'", "did you mean 'run'?"), id="table"),
        pytest.param("jamharness.toml", "[run]\nsede = 1", ("'sede'", "did you mean 'seed'?"), id="key"),
        pytest.param("jamharness.toml", "[run]\nseed = 'x'", ("seed = 'x'", "whole number"), id="value"),
        pytest.param("jamharness.toml", "[settings]\nwidht = 3", ("'widht'", "did you mean 'width'?"), id="setting"),
        pytest.param("jamharness.toml", "[settings.jaming]", ("'jaming'", "did you mean 'jamming'?"), id="protocol"),
        pytest.param(
            "jamharness.toml", "[interpreters]\nnumpy = 'p'", ("starts programs", "--config"), id="interpreters"
        ),
    ],
)
def test_wrong_files_are_one_sentence_each(
    command: Any, refused: Any, work: Path, name: str, content: str, parts: tuple[str, ...]
) -> None:
    """Stores that are none, and configurations with typos."""
    file = work / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    refused(command, RUN, parts)


HOLES = """
    import numpy as np
    from jamharness.api import DatasetSpec, Patterns, hookimpl

    @hookimpl
    def jamharness_datasets():
        return [DatasetSpec(name=name, factory=f"holes_plugin:{name}") for name in ("holes", "bits")]

    def made(request):
        x = np.ones((request.patterns, request.inputs))
        y = np.where(np.arange(request.patterns) % 2, 1.0, -1.0)
        return x, y, dict(x_test=x[:0], y_test=y[:0])

    def holes(request):
        x, y, test = made(request)
        x[3, 1] = np.nan
        return Patterns(x=x, y=y, **test)

    def bits(request):
        x, y, test = made(request)
        return Patterns(x=x, y=(y + 1) / 2, **test)
"""


@pytest.mark.parametrize(
    ("dataset", "parts"),
    [("holes", ("'holes'", "1 values that are NaN", "row 3", "repair")), ("bits", ("'bits'", "0.0", "±1"))],
)
def test_data_that_hold_nan_or_other_labels_are_refused(
    command: Any,
    refused: Any,
    plugin_distribution: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    dataset: str,
    parts: tuple[str, ...],
) -> None:
    """With the data set's name and the row."""
    folder = plugin_distribution("holes", {"holes_plugin": HOLES}, {"holes": "holes_plugin"})
    monkeypatch.syspath_prepend(str(folder))
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))  # For the worker that loads the data.
    refused(command, settings(f"dataset={dataset}", "patterns=8", "width=2"), parts)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one finished run, ``first``."""
    folder = tmp_path_factory.mktemp("kept") / "store"
    jamharness.run("jamming", backend="numpy", settings=TINY, store=folder, name="first", workers=1)
    return folder


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        pytest.param(("show", "frist"), ("'frist'", "did you mean 'first'?"), id="show"),
        pytest.param(("resume", "frist"), ("'frist'", "did you mean 'first'?"), id="resume"),
        pytest.param(("export", "frist"), ("'frist'", "did you mean 'first'?"), id="export"),
        pytest.param(("export", "first", "--format", "xlsx"), ("'xlsx'", "csv, parquet"), id="export format"),
        pytest.param(("export", "first", "--format", "parkett"), ("'parkett'", "'parquet'?"), id="export format near"),
        pytest.param(("export", "first", "-o", "/proc/out"), ("'/proc/out'", "another folder"), id="export to proc"),
        pytest.param(("export", "first", "-o", __file__), ("test_wrong_inputs.py", "is a file"), id="export to a file"),
        pytest.param(("resume", "first", "--workers", "0"), ("workers = 0", "at least 1"), id="resume without workers"),
        pytest.param(("show", "a/b"), ("'a/b'", "letters, digits"), id="impossible name"),
        pytest.param(
            ("run", "--backend", "numpy", "--name", "first", "--set", "width=3"),
            ("'first'", "other settings", "another name", "jamharness resume first"),
            id="name with other settings",
        ),
    ],
)
def test_wrong_commands_on_a_store_leave_it_as_it_is(
    command: Any, refused: Any, store: Path, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    """Whatever was asked of it."""
    refused(command, (*arguments, "--store", str(store)), parts, also=(store,))


@pytest.mark.parametrize(
    ("arguments", "environment", "parts"),
    [
        pytest.param(("run", "--backend", "nunpy"), {}, ("'nunpy'", "did you mean 'numpy'?"), id="backend"),
        pytest.param(settings("patterns=7"), {}, ("patterns = 7", "6 or 8"), id="patterns"),
        pytest.param(options("--device", "cuda"), {}, ("'cuda'", "CPU only", "--device cpu"), id="numpy on a GPU"),
        pytest.param(
            RUN,
            {"JAMHARNESS_DISABLE": "numpy"},
            ("JAMHARNESS_DISABLE=numpy", "without that"),
            id="disabled from outside",
        ),
        pytest.param(
            RUN,
            {"JAMHARNESS_PYTHON_NUMPY": "/nowhere/python"},
            ("'/nowhere/python'", "'numpy'", "path"),
            id="interpreter",
        ),
        pytest.param(settings("jamming=3"), {"COLUMNS": "20"}, ("'jamming'", "scan"), id="narrow terminal"),
    ],
)
def test_a_process_of_its_own_says_the_same(
    process: Any, refused: Any, arguments: tuple[str, ...], environment: dict[str, str], parts: tuple[str, ...]
) -> None:
    """What is tested above within this process holds for what the user starts."""
    refused(lambda *words: process(*words, **environment), arguments, parts)


@pytest.mark.torch
def test_a_gpu_that_is_not_there_is_refused(command: Any, refused: Any) -> None:
    """PyTorch is asked in a worker, before anything is written."""
    arguments = ("run", "jamming", "--backend", "torch", "--store", "store", "--device", "cuda")
    refused(command, arguments, ("'cuda'", "0 CUDA devices", "--device cpu"))


@pytest.mark.torch
def test_a_framework_that_is_disabled_is_refused(command: Any, refused: Any) -> None:
    """Its name is known all the same."""
    arguments = ("run", "jamming", "--backend", "torch", "--disable", "torch", "--store", "store")
    refused(command, arguments, ("'torch'", "--disable torch", "without that"))
