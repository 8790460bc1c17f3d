"""Cells on a real Dask scheduler with real workers: whatever dies, nothing is lost, and the digits are the same."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from jamharness.api import BadInput
from jamharness.running import open_run, resume, run

pytest.importorskip("distributed")
FULL = bool(os.environ.get("JAMHARNESS_FULL"))
SETTINGS = {"seeds": 4, "steps": 3}
SLOWLY = {**SETTINGS, "pause": 0.25}
SCRIPT = """
import sys
from jamharness.api import JamharnessError
from jamharness.running import Interrupted, run
try:
    done = run("drift", backend="toy", store={store!r}, name={name!r}, settings={settings!r}, scheduler={address!r})
    print(repr(done.estimates["drift"]["drift"].value))
except Interrupted:
    sys.exit(130)
except JamharnessError as error:
    print(error)
    sys.exit(2)
"""


def slow(test: Any) -> Any:
    """One of those for which a suite of minutes has no time."""
    return pytest.mark.slow(pytest.mark.skipif(not FULL, reason="JAMHARNESS_FULL=1 runs it")(test))


def until(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return bool(true)


@dataclass
class Cluster:
    """A scheduler and its workers, each a process on this machine."""

    folder: Path
    log: Path
    environment: dict[str, str]
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)
    address: str = ""

    def start(self, workers: int = 2) -> "Cluster":
        self.processes.append(self._launch("scheduler", "--host", "127.0.0.1", "--port", "0"))
        assert until(lambda: re.search(r"Scheduler at:\s+(tcp://\S+)", self.said("scheduler-0"))), self.said(
            "scheduler-0"
        )
        self.address = re.search(r"Scheduler at:\s+(tcp://\S+)", self.said("scheduler-0"))[1]  # type: ignore[index]
        launched = [self.launch_worker() for _ in range(workers)]
        assert until(lambda: all(self.joined(each) for each in launched))
        return self

    def launch_worker(self, *options: str, **environment: str) -> "subprocess.Popen[str]":
        options = ("--nthreads", "1", "--no-nanny", *options)
        process = self._launch("worker", self.address, *options, **environment)
        self.processes.append(process)
        return process

    def worker(self, *options: str, **environment: str) -> "subprocess.Popen[str]":
        """One more, that has joined."""
        process = self.launch_worker(*options, **environment)
        assert until(lambda: self.joined(process)), self.said(f"worker-{self.processes.index(process)}")
        return process

    def joined(self, process: "subprocess.Popen[str]") -> bool:
        return "Registered to:" in self.said(f"worker-{self.processes.index(process)}")

    def _launch(self, kind: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        with (self.folder / f"{kind}-{len(self.processes)}").open("w") as file:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, "--no-dashboard"],
                stderr=file, stdout=file, text=True, cwd=self.folder, env={**self.environment, **environment},
            )  # fmt: skip

    def said(self, name: str) -> str:
        return (self.folder / name).read_text()

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def measured(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def measuring(self, process: "subprocess.Popen[str]") -> list[psutil.Process]:
        """The processes in which a worker has cells computed."""
        try:
            return [
                each
                for each in psutil.Process(process.pid).children(recursive=True)
                if "jamharness.execution.worker" in each.cmdline()
            ]
        except psutil.Error:
            return []


@pytest.fixture(scope="module")
def surroundings(
    tmp_path_factory: pytest.TempPathFactory, install: Callable[..., Path], laboratory: Any
) -> Iterator[tuple[Path, dict[str, str]]]:
    """The laboratory, installed for this process and those that it starts."""
    home = tmp_path_factory.mktemp("laboratory")
    folder = install(home, "jamlab", *laboratory)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        patch.setenv("JAMLAB_LOG", str(home / "log"))
        patch.delenv("JAMLAB_WATCHER", raising=False)
        yield home, dict(os.environ)
    for name in [name for name in sys.modules if name.startswith(("jamlab", "jamhelper", "jamsly"))]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def shared(surroundings: tuple[Path, dict[str, str]]) -> Iterator[Cluster]:
    """One cluster of two workers for all tests that leave it as it was."""
    home, environment = surroundings
    shared_cluster = Cluster(folder=home, log=home / "log", environment=environment)
    try:
        yield shared_cluster.start()
    finally:
        shared_cluster.stop()


@pytest.fixture
def cluster(shared: Cluster) -> Iterator[Cluster]:
    """That cluster, with nothing measured yet; workers that a test adds go with it."""
    shared.log.unlink(missing_ok=True)
    before = list(shared.processes)
    yield shared
    for process in shared.processes[len(before) :]:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def whole(surroundings: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """The run that is asked for as local workers compute it, uninterrupted: each once."""
    runs: dict[str, Any] = {}

    def compute(settings: dict[str, Any]) -> Any:
        key = json.dumps(settings, sort_keys=True)
        if key not in runs:
            folder = tmp_path_factory.mktemp("local")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("JAMLAB_LOG", str(folder / "log"))
                runs[key] = run("drift", backend="toy", store=folder / "store", workers=2, settings=settings)
        return runs[key]

    return compute


def begin(cluster: Cluster, store: Path, name: str = "mine", settings: Any = None) -> "subprocess.Popen[str]":
    """A submitter in a process of its own."""
    script = SCRIPT.format(
        store=str(store), name=name, settings=settings or SLOWLY, address=cluster.address
    )  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, env=cluster.environment,
    )  # fmt: skip


def same(actual: Any, expected: Any) -> None:
    """Equal to the last bit: estimates, tables, and every number in the two stores."""
    assert actual.estimates == expected.estimates
    first, second = (
        {path.name: json.loads(path.read_text()) for path in each.store.glob("cells/*/*.json")}
        for each in (actual, expected)
    )
    assert first.keys() == second.keys()
    for name, document in first.items():
        assert document["values"] == second[name]["values"]
        assert (document["arrays"] or {}).get("sha256") == (second[name]["arrays"] or {}).get("sha256")


def test_workers_of_a_cluster_give_the_digits_of_local_ones(cluster: Cluster, whole: Any, tmp_path: Path) -> None:
    """In an environment that is the same too; a second run finds everything, and a protocol's failures are its own."""
    done = run("drift", backend="toy", store=tmp_path / "store", settings=SETTINGS, scheduler=cluster.address)
    same(done, whole(SETTINGS))
    assert done.environment["backend"] == {"flag": "set", "threads": "1"}
    assert cluster.measured() == 12
    again = run("drift", backend="toy", store=tmp_path / "store", settings=SETTINGS, workers=1)
    assert again.protocols["drift"].cells == {"done": 12, "failed": 0, "reused": 12}


@pytest.mark.parametrize(("trouble", "words"), [("raise", "protocol.py, line"), ("kill", "was ended by SIGKILL")])
def test_errors_and_lost_processes_are_told_as_local_ones(
    trouble: str, words: str, cluster: Cluster, tmp_path: Path
) -> None:
    """With the place in the plugin; a process that dies is replaced, and its Dask worker stays."""
    settings = {**SETTINGS, "seeds": 2, "trouble": trouble}
    done = run("drift", backend="toy", store=tmp_path / "store", settings=settings, scheduler=cluster.address)
    assert done.protocols["drift"].cells["failed"] == 1
    assert words in done.protocols["drift"].failures[0][1]
    assert all(process.poll() is None for process in cluster.processes)


def test_a_worker_that_dies_loses_nothing(cluster: Cluster, whole: Any, tmp_path: Path) -> None:
    """With the process that computes its cell; another worker computes it."""
    lost = cluster.worker()
    process = begin(cluster, tmp_path / "store")
    assert until(lambda: cluster.measuring(lost))
    [measuring] = cluster.measuring(lost)
    lost.send_signal(signal.SIGKILL)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    same(open_run("mine", tmp_path / "store"), whole(SLOWLY))
    assert until(lambda: not measuring.is_running() or measuring.status() == psutil.STATUS_ZOMBIE, 10)
    assert output.strip() == repr(whole(SLOWLY).estimates["drift"]["drift"].value)


def test_a_submitter_that_dies_loses_nothing(cluster: Cluster, whole: Any, tmp_path: Path) -> None:
    """Who resumes its run computes the rest."""
    process = begin(cluster, tmp_path / "store")
    assert until(lambda: cluster.measured() >= 3)
    process.kill()
    process.communicate()
    assert open_run("mine", tmp_path / "store").status == "interrupted"
    resumed = resume("mine", store=tmp_path / "store", scheduler=cluster.address)
    assert 0 < resumed.protocols["drift"].cells["reused"] < 12
    same(resumed, whole(SLOWLY))


@slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_what_nobody_waits_for(number: int, cluster: Cluster, tmp_path: Path) -> None:
    """At once, whatever they compute: the submitter was interrupted, or is gone."""
    workers = cluster.processes[1:]
    before = {each for worker in workers for each in cluster.measuring(worker)}  # of runs of other tests

    def own() -> list[set[psutil.Process]]:
        return [set(cluster.measuring(worker)) - before for worker in workers]

    process = begin(cluster, tmp_path / "store", settings={**SETTINGS, "pause": 60.0})
    assert until(lambda: all(own()))
    time.sleep(1.0)
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == (130 if number == signal.SIGINT else -number), errors
    assert "Traceback" not in errors
    assert until(lambda: not any(own()), 10)


@slow
def test_a_scheduler_that_dies_ends_the_run_with_a_sentence(
    surroundings: Any, cluster: Cluster, whole: Any, tmp_path: Path
) -> None:
    """What is done is kept, and the rest is computed wherever the run is resumed."""
    home, environment = surroundings
    own = Cluster(folder=tmp_path, log=home / "log", environment=environment)
    try:
        own.start(workers=1)
        process = begin(own, tmp_path / "store")
        assert until(lambda: cluster.measured() >= 3)
        own.processes[0].send_signal(signal.SIGKILL)
        output, errors = process.communicate(timeout=30)
    finally:
        own.stop()
    assert process.returncode == 2, errors
    assert re.fullmatch(r"Scheduler 'tcp://\S+' is gone; what is done is kept\. .*'jamharness resume'\.\n", output)
    assert "Traceback" not in errors
    assert open_run("mine", tmp_path / "store").status == "failed"
    resumed = resume("mine", store=tmp_path / "store", scheduler=cluster.address)
    assert resumed.protocols["drift"].cells["reused"] >= 2
    same(resumed, whole(SLOWLY))


@slow
def test_runs_at_once_on_one_store_share_their_cells(cluster: Cluster, whole: Any, tmp_path: Path) -> None:
    """Each is computed once."""
    processes = [begin(cluster, tmp_path / "store", name) for name in ("first", "second")]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    assert cluster.measured() == 12
    same(open_run("second", tmp_path / "store"), whole(SLOWLY))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory, of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if not mount or not umount:
        pytest.skip("there is no mount here")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run([umount, str(place)], check=True)


def test_a_disk_that_fills_loses_nothing(cluster: Cluster, whole: Any, small_disk: Path) -> None:
    """The run ends with a sentence; with more space it goes on where it stopped."""
    options = {"backend": "toy", "scheduler": cluster.address, "name": "mine", "store": small_disk / "store"}
    with pytest.raises(BadInput, match="no space is left on the device"):
        run("drift", settings=SETTINGS, **options)
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    count = len(list((small_disk / "store").glob("cells/*/*.json")))
    done = run("drift", settings=SETTINGS, **options)
    assert 0 < count == done.protocols["drift"].cells["reused"] < 12
    same(done, whole(SETTINGS))


@slow
def test_a_damaged_cell_is_computed_again(cluster: Cluster, whole: Any, tmp_path: Path) -> None:
    """One byte of its numbers, or of its arrays."""
    run("drift", backend="toy", store=tmp_path / "store", settings=SETTINGS, scheduler=cluster.address, name="mine")
    for path in (next((tmp_path / "store").glob("cells/*/*.json")), next((tmp_path / "store").glob("cells/*/*.npz"))):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    damaged = 12 - run("drift", backend="toy", store=tmp_path / "store", settings=SETTINGS, scheduler=cluster.address,
                       name="mine").protocols["drift"].cells["reused"]  # fmt: skip
    assert damaged in (1, 2)
    same(open_run("mine", tmp_path / "store"), whole(SETTINGS))


@slow
def test_a_worker_with_other_sources_computes_nothing(
    cluster: Cluster, whole: Any, tmp_path: Path, install: Any, laboratory: Any
) -> None:
    """It is named with what differs, and the others go on; a run that finds no other ends with that sentence."""
    modules, entries = laboratory
    altered = {**modules, "jamlab.protocol": modules["jamlab.protocol"].replace('["start"] / 3', '["start"] / 2')}
    other = install(tmp_path, "jamlab", altered, entries)
    path = f"{other}{os.pathsep}{cluster.environment['PYTHONPATH']}"
    stranger = cluster.worker("--resources", "gpu=1", PYTHONPATH=path, JAMLAB_LOG=str(tmp_path / "other"))
    settings = {**SETTINGS, "seeds": 8, "pause": 0.05}
    process = begin(cluster, tmp_path / "store", settings=settings)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert len(re.findall(r"Worker tcp://\S+ has jamlab \w{12} \(here: \w{12}\)\. It gets no cells", errors)) == 1
    same(open_run("mine", tmp_path / "store"), whole(settings))
    with pytest.raises(BadInput, match=r"No worker of 'tcp://\S+' may compute for this run: worker .* has jamlab"):
        run("drift", backend="toy", device="cuda", store=tmp_path / "new", scheduler=cluster.address)
    assert stranger.poll() is None
    assert not (tmp_path / "other").exists()


def test_tasks_go_where_their_resource_is(cluster: Cluster) -> None:
    """Those of a GPU to the worker that declares one; what no worker declares is not asked for."""
    from jamharness.execution.cluster import ClusterPool
    from jamharness.execution.serving import Crew

    cluster.worker("--resources", "gpu=1", JAMLAB_LOG="gpu")
    crew = Crew(interpreter="", environment={}, threads=1, limit=None, memory=None, prepare=(os.getpid, ()))
    with ClusterPool(cluster.address, crew, {"gpu": 1.0, "memory": 3.0}, frozenset({"gpu"})) as pool:
        assert {pool.submit(os.getenv, "JAMLAB_LOG").result() for _ in range(6)} == {"gpu"}
    with ClusterPool(cluster.address, crew, {"cpu": 4.0}, most=3) as pool:
        assert pool.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"
        assert pool.size == 3


@slow
@pytest.mark.parametrize("backend", ["numpy", "torch", "tensorflow"])
def test_every_framework_gives_the_same_digits(backend: str, cluster: Cluster, tmp_path: Path) -> None:
    """Each in processes of its own, on the same workers; only the seconds that a minimisation took may differ."""
    if backend != "numpy":
        pytest.importorskip(backend)
    stores = {}
    for name, address in (("local", None), ("cluster", cluster.address)):
        settings = {"width": 3, "depth": 1, "seeds": 2}
        run("jamming", backend=backend, settings=settings, store=tmp_path / name, scheduler=address, figures="none")
        documents = [json.loads(path.read_text()) for path in sorted((tmp_path / name).glob("cells/*/*.json"))]
        stores[name] = [
            (each["key"], {**each["values"], "seconds": 0}, (each["arrays"] or {}).get("sha256")) for each in documents
        ]
    assert stores["local"] == stores["cluster"]
    assert len(stores["local"]) > 5


@pytest.mark.parametrize(
    "address", ["node1:8786", "http://node1:8786", "tcp://node1", "tcp://node1:99999", "tcp://a b:1"]
)
def test_what_is_no_address_is_bad_input(address: str, surroundings: Any, tmp_path: Path) -> None:
    """Together with all else that is wrong."""
    with pytest.raises(BadInput) as error:
        run("drift", backend="toy", store=tmp_path, scheduler=address, settings={"seeds": 0})
    assert len(error.value.problems) == 2
    assert f"scheduler = {address!r}: give the address" in error.value.problems[0]


def test_where_nobody_answers_is_bad_input(surroundings: Any, tmp_path: Path) -> None:
    """With the address; nothing is written."""
    with pytest.raises(BadInput, match=r"scheduler = 'tcp://127.0.0.1:9': nobody answers there"):
        run("drift", backend="toy", store=tmp_path / "store", scheduler="tcp://127.0.0.1:9")
    assert not (tmp_path / "store").exists()
