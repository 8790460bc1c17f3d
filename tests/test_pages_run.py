"""Every command of the pages runs, made small by the tables below, with every script and benchmark.

Real processes in one working folder and one store for each page, in the order of the page; what a page takes for
granted is made beforehand. The tutorial runs as it is, in test_tutorial.py.
JAMHARNESS_FULL=1 runs all pages; otherwise one stands for all.
"""

import os
import re
import shlex
import struct
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
FULL = bool(os.environ.get("JAMHARNESS_FULL"))
_spec = spec_from_file_location("commands_in_docs", ROOT / "tests" / "test_commands_in_docs.py")
_pages = module_from_spec(_spec)
_spec.loader.exec_module(_pages)
PAGES = {page.relative_to(ROOT).as_posix(): page for page in _pages.PAGES}
SAMPLE = ("docs/runs.md",)
"""The pages that always run: a sweep, a refusal, a comparison, an export and a crate."""

# How commands are made small: a setting that stands on a page gets another value, and one that does not is added.
SMALLER = {
    "seeds": "2", "width": "3", "depth": "1", "hidden": "2", "kernels": "1", "particles": "12", "spins": "12",
    "sizes": "8,12", "budget": "400", "widths": "4,6", "scales": "0.1,10", "flat_steps": "4", "flat_patterns": "10",
    "networks": "2", "factors": "1,2,4", "loads": "2,3", "noise_batches": "2", "waits": "3", "first_wait": "1",
    "resolution": "8",
}  # fmt: skip
PATTERNS = {"jamming": "20,40", "scaling": "20,40", "generalisation": "40", "ageing": "20", "regimes": "20"}
ADDED = {
    "jamming": {"seeds": "2"},
    "spectrum": {"seeds": "2"},
    "margins": {"seeds": "2"},
    "avalanches": {"seeds": "2", "width": "3", "budget": "200", "records": "20"},
    "quasistatic": {"seeds": "2", "steps": "4"},
    "ageing": {"seeds": "2", "budget": "400", "waits": "3", "first_wait": "1", "per_decade": "2"},
    "regimes": {
        "seeds": "2", "widths": "4,6", "scales": "0.1,10", "patterns": "20", "tests": "20", "kernel_tests": "10",
        "highest_width": "16", "resolution": "8",
    },
    "generalisation": {"seeds": "2", "patterns": "40", "networks": "2", "factors": "1,2,4", "highest_width": "32"},
    "scaling": {"seeds": "2", "patterns": "20,40", "highest_width": "32"},
    "capacity": {"draws": "4"},
    "advise": {"seeds": "2", "most": "48", "networks": "2", "highest_width": "32"},
    "calibration": {},
}  # fmt: skip
NETWORKS = {"width": "3", "depth": "1"}
"""Added where networks are searched and no other system is named."""
ONLY_TORCH = ("small_net", "resnet18", "layered", "float32", "--backend jax")
"""Where a framework is needed; elsewhere its start would take most of the time, and other tests hold them equal."""
BENCHMARKS = {
    "benchmarks/scheduling.py": ("--cells", "60"),
    "benchmarks/scale.py": (),
    "benchmarks/damped_steps.py": ("--widths", "5", "--rounds", "1"),
    "benchmarks/newton_steps.py": ("--widths", "5"),
    "benchmarks/flow.py": ("--width", "4", "--patterns", "10"),
    "benchmarks/mode_coupling.py": (),
    "benchmarks/advise.py": ("--tasks", "1", "--seconds", "1"),
    "benchmarks/lazy_limit.py": ("--patterns", "20", "--seeds", "2", "--widths", "4", "8"),
    "benchmarks/ageing_verdict.py": (),
    "benchmarks/versions.py": ("--backends", "torch", "--seeds", "1", "--only", "h = 12, P/N_w = 2.0"),
}
FEWER = {"2000,6000,18000": "40,80", "60": "2", "../before": str(ROOT)}
"""What stands for some of their arguments."""
NOT_RUN = {
    **(
        {} if find_spec("jax") else {"--backend jax": "JAX is not installed", "conformance jax": "JAX is not installed"}
    ),
    "--device cuda": "no GPU here",
    "--backend linear": "the backend of the README, which test_readme runs against the referee",
    "conformance mine": "no such backend: the reader's own",
}
"""What stays out, and why; installations are .ci/run's and test_wheel's."""
PLACES = {"/project/jam": "project", "tcp://…": "tcp://127.0.0.1:8786", "0": "tcp://127.0.0.1:8786"}
"""What stands for what only the reader has; the address is then that of the scheduler that the test has started."""
SHORTER = {
    "ageing": (("11_000.0", "250.0"), ("(100, 1000, 1, 20), (100, 1000, 100, 10_000)", "(10, 100, 1, 20)")),
    "results": (("range(6)", "range(1)"), ("patterns=700", "patterns=60"), ("width=10", "width=4")),
}
"""What is replaced in scripts."""
NEEDS = {"docs/report.md": "docs/runs.md", "docs/margins.md": "docs/reproducing.md"}
"""Pages that read the runs of another."""
SCRIPTS = ("ageing", "claims", "own-models", "results")
"""Pages whose Python blocks are scripts; other blocks are parts of plugins, which test_docs holds to the examples.
That of docs/margins.md states intervals of twenty seeds' margins, which a small run does not have."""


def small(words):
    """A command with other sizes, and NumPy in place of PyTorch where that can compute it; the rest is the page's."""
    text = " ".join(words)
    if words[0] in ("run", "advise", "calibrate") and not any(name in text for name in ONLY_TORCH):
        words = ["numpy" if before == "--backend" else word for before, word in zip(["", *words], words, strict=False)]
    words = ["RUN" if word == "RUN…" else word for word in words]
    if words[0] == "compare" and words[1:3] == ["RUN", "RUN"]:
        words[2] = "OTHER"
    if words[0] == "calibrate":
        return ["calibrate", "cusp" if words[1].startswith("-") else words[1], *words[words.index("--backend") :]]
    if words[0] == "conformance":
        return [*words, "-k", "damped_step and relu"] if "-k" not in words else words
    if words[0] == "bench":
        return [*words, "--width", "3", "--depth", "1"]
    if words[0] not in ("run", "advise", "agree") or "--claim" in words:
        return words
    names = {words[at + 1].partition("=")[0] for at, word in enumerate(words) if word in ("--set", "--sweep")}
    every = ["jamming", "spectrum", "margins"] if words[0] == "run" else ["jamming"]
    protocols = ["advise"] if words[0] == "advise" else [word for word in words[1:] if word in ADDED] or every
    arguments = [_smaller(before, word, protocols) for before, word in zip(["", *words], words, strict=False)]
    added = {key: value for protocol in protocols for key, value in ADDED[protocol].items()}
    if words[0] == "agree":
        added["seeds"] = "3"
    if {"jamming", "spectrum", "margins"} & {*protocols} and "system" not in names:
        added |= {} if "scan" in names else NETWORKS
    for key, value in added.items():
        arguments += [] if key in names or "--config" in arguments else ["--set", f"{key}={value}"]
    return arguments if words[0] == "agree" or "--workers" in arguments else [*arguments, "--workers", "1"]


def _smaller(before, word, protocols):
    key, equals, value = word.partition("=")
    if before not in ("--set", "--sweep") or not equals:
        return word
    if key == "system":
        return re.sub(r"(particles|dimension)=\d\d+", r"\1=12", word)
    if key == "patterns":
        several = "," in value or protocols == ["scaling"]
        return f"patterns={PATTERNS.get(protocols[0], '40') if several or protocols != ['jamming'] else '40'}"
    if before == "--sweep":
        return word
    if key == "widths" and protocols == ["generalisation"]:
        return "widths=4,8"
    if key == "width" and "," in value:
        return word
    return f"{key}={SMALLER.get(key, value)}"


@dataclass
class Reader:
    """Somebody who types what a page says, in a folder of their own."""

    folder: Path
    environment: dict

    def types(self, words, codes=(0,)):
        done = subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=500, check=False
        )
        output = done.stdout + done.stderr
        assert done.returncode in codes, f"{shlex.join(words)}\nexit {done.returncode}\n{output[-3000:]}"
        assert "Traceback" not in output, f"{shlex.join(words)}\n{output[-3000:]}"
        assert not re.search(r"cells? failed|\bfailed:", output), f"{shlex.join(words)}\n{output[-3000:]}"
        return output

    def runs(self, *words, codes=(0,)):
        return self.types([sys.executable, "-m", "jamharness", *words], codes)


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory, install):
    """Data sets in files, the examples as if installed, and what this Python has."""
    folder = tmp_path_factory.mktemp("pages")
    images(folder / "data")
    installed = []
    for name in ("dataset", "system", "protocol", "jax", "mlflow"):
        example, package = ROOT / "examples" / f"jamharness-{name}", f"jamharness_{name}"
        if name == "mlflow" or (name == "jax" and find_spec("jax") is None):
            continue  # a run would wait for MLflow's process: that is test_examples'
        project = tomllib.loads((example / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        sources = {path.stem: path.read_text(encoding="utf-8") for path in example.glob(f"src/{package}/*.py")}
        modules = {f"{package}.{module}": source for module, source in sources.items() if module != "__init__"}
        home = install(folder, project["name"], modules, project["entry-points"]["jamharness"])
        (home / package / "__init__.py").write_text(sources["__init__"], encoding="utf-8")
        installed.append(str(home))
    environment = {key: text for key, text in os.environ.items() if not key.startswith("JAMHARNESS")}
    path = os.pathsep.join([*installed, environment.get("PYTHONPATH", "")])
    return environment | {
        "PYTHONPATH": path, "XDG_CONFIG_HOME": str(folder / "config"), "JAMHARNESS_DATA": str(folder / "data"),
        "OMP_NUM_THREADS": "1", "COLUMNS": "120",
    }  # fmt: skip


def images(folder):
    """Pictures of two kinds in the files of MNIST and CIFAR-10, few of them; one class looks like no other."""
    folder.mkdir()
    draw = np.random.default_rng(0)

    def pictures(count, pixels):
        labels = np.arange(count) % 10
        bright = draw.integers(0, 120, (count, pixels)) + 12 * labels[:, None] * (
            np.arange(pixels) % 10 < labels[:, None]
        )
        return bright.astype(np.uint8), labels.astype(np.uint8)

    for home in (folder, folder / "mnist", folder / "fashion-mnist"):
        home.mkdir(exist_ok=True)
        for half, count in (("train", 400), ("t10k", 100)):
            x, y = pictures(count, 784)
            head = struct.pack(">HBB3I", 0, 8, 3, count, 28, 28)
            (home / f"{half}-images-idx3-ubyte").write_bytes(head + x.tobytes())
            (home / f"{half}-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, count) + y.tobytes())
    (folder / "cifar10").mkdir()
    for batch in (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"):
        x, y = pictures(20, 3072)
        (folder / "cifar10" / batch).write_bytes(np.concatenate([y[:, None], x], axis=1).tobytes())


@pytest.fixture
def reader(surroundings, tmp_path):
    """In a folder with the files that pages name, and two runs."""
    reader = Reader(tmp_path, surroundings)
    data = Path(surroundings["JAMHARNESS_DATA"])
    import gzip

    for name, source in (("images", "train"), ("fashion-images", "train")):
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            target = tmp_path / f"{name.replace('images', kind)}.gz"
            target.write_bytes(gzip.compress((data / f"{source}-{kind}").read_bytes()))
    table = np.random.default_rng(0).standard_normal((400, 12)).round(4)
    lines = [",".join([*"abcdefghijkl", "kind"]), *(",".join(map(str, [*row, int(row[0] > 0)])) for row in table)]
    for name in ("own.csv", "digits.csv"):
        (tmp_path / name).write_text("\n".join(lines))
    (tmp_path / "DIR").mkdir()
    draw = np.random.default_rng(0)
    rows = np.column_stack([draw.standard_normal((600, 3)), np.where(np.arange(600) % 3, -1, 1)])
    np.savetxt(tmp_path / "DIR" / "patterns.csv", rows, delimiter=",")
    text = re.search(r"```toml\n(.*?)```", PAGES["docs/claims.md"].read_text(), flags=re.DOTALL)[1]
    (tmp_path / "claim.toml").write_text(text.replace("seeds = 6", "seeds = 3"))
    (tmp_path / "closer.toml").write_text(
        text.replace("seeds = 6", "seeds = 3").replace("margin = 1.0", "margin = 0.5")
    )
    (tmp_path / "sweep.toml").write_text(
        '[run]\nbackend = "numpy"\n[settings]\nseeds = 2\ndepth = 1\n[sweep]\nwidth = [2, 3]\n'
    )
    return reader


@pytest.fixture
def scheduler(reader):
    """The address of a scheduler with a worker, by the page's own commands, on another port."""
    log = reader.folder / "scheduler.log"
    processes = []

    def start(*words):
        with log.open("a") as file:
            command = [sys.executable, "-m", *words, "--no-dashboard"]
            processes.append(
                subprocess.Popen(command, stderr=file, stdout=file, cwd=reader.folder, env=reader.environment)
            )

    def begin():
        start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        end = time.monotonic() + 60
        while not (match := re.search(r"Scheduler at:\s+(tcp://\S+)", log.read_text())) and time.monotonic() < end:
            time.sleep(0.05)
        start("distributed.cli.dask_worker", match[1], "--nworkers", "1", "--nthreads", "1")
        return match[1]

    yield begin
    for process in reversed(processes):
        process.terminate()
        process.wait()


def left_out(words):
    """Why a command is not run; empty for one that is."""
    text = " ".join(words)
    return next((why for part, why in NOT_RUN.items() if part in text), "")


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page != "docs/tutorial.md"])
def test_the_commands_of_a_page_run(page, reader, scheduler):
    """Each ends as it should: 0, 1 where so few seeds give no answer, 2 where the page shows a refusal."""
    if page not in SAMPLE and not FULL:
        pytest.skip("JAMHARNESS_FULL=1 runs every page: half an hour")
    commands = [words for other, words in _pages.ALL if other == PAGES[page]]
    before = [
        words for other, words in _pages.ALL if page in NEEDS and other == PAGES[NEEDS[page]] and words[0] == "run"
    ]
    if any("RUN" in words or "RUN…" in words for words in commands):
        for name, width in (("RUN", "2"), ("OTHER", "3")):
            reader.runs(
                "run", "jamming", "--backend", "numpy", "--set", f"width={width}", "--set", "seeds=2", "--name", name
            )
    address = ""
    for words in [*before, *commands]:
        if left_out(words):
            continue
        if "--scheduler" in words:
            address = address or scheduler()
            words = [PLACES.get(word, word) for word in words]
            words = [address if word == PLACES["0"] else word for word in words]
        if words[0] == "run" and "--backend" not in words and "--claim" not in words and "--config" not in words:
            words = [*words, "--backend", "numpy"]  # in a sentence it may be left out
        if words == ("run", "--claim", "claim.toml") and page == "docs/claims.md":
            claim = reader.folder / "claim.toml"
            claim.write_text(claim.read_text().replace("margin = 1.0", "margin = 1.5"))
        reader.runs(*small(words), codes=expected(page, words))


def expected(page, words):
    """The exit codes that a command may end with."""
    text = " ".join(words)
    if page == "docs/claims.md" and text in ("register closer.toml", "run --claim claim.toml"):
        return (2,)
    if "--set depth=1 --set seeds=6 --set width=4,8" in text:
        return (2,)
    if "--kinds distribution" in text:
        return (0, 1, 2)  # so few seeds show nothing
    return (0, 1, 3) if "--claim" in words else (0, 1) if words[0] in ("run", "agree", "compare", "advise") else (0,)


@pytest.mark.slow
@pytest.mark.skipif(not FULL, reason="JAMHARNESS_FULL=1 runs every script")
@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_of_a_page_run(name, reader):
    """As they stand there, on shorter times and fewer seeds."""
    text = PAGES[f"docs/{name}.md"].read_text(encoding="utf-8")
    needed = NEEDS.get(f"docs/{name}.md")
    for words in [words for page, words in _pages.ALL if needed and page == PAGES[needed] and "relu15" in words]:
        reader.runs(*[word.replace("seeds=2", "seeds=4") for word in small(words)], codes=(0, 1))
    for script in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        for long, short in SHORTER.get(name, ()):
            assert long in text
            script = script.replace(long, short)
        reader.types([sys.executable, "-c", script])


@pytest.mark.slow
@pytest.mark.skipif(not FULL, reason="JAMHARNESS_FULL=1 runs every benchmark")
def test_the_benchmarks_of_the_pages_run(reader):
    """Each that a page names, with options that make it small; pytest's own are tox -e bench's."""
    lines = [
        line.removeprefix("$ ") for page in PAGES.values() for line in page.read_text(encoding="utf-8").splitlines()
    ]
    commands = dict.fromkeys(line for line in lines if line.startswith("python benchmarks/"))
    assert {shlex.split(line)[1] for line in commands} == {*BENCHMARKS}
    for line in commands:
        _, script, *options = shlex.split(line)
        options = [FEWER.get(option, option) for option in options]
        reader.types([sys.executable, str(ROOT / script), *options, *BENCHMARKS[script]])


def test_nothing_is_left_out_in_silence():
    """What does not run is one of the commands above, and each of those reasons is needed."""
    out = [words for _, words in _pages.ALL if left_out(words)]
    assert len(out) <= 14
    assert {left_out(words) for words in out} == {*NOT_RUN.values()}
