"""What the host itself costs per cell: 10 000 cells of no work, computed by local workers and by Dask's.

python benchmarks/scheduling.py [local] [dask] [again] [--cells N] [--workers K] [--profile]

``again`` runs what the store has: keys and reading alone. Each case is a process of its own, with a store of its own in
the temporary folder. Memory is the resident set of the host's process when half of the cells are done and at the end.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLUGIN = """
from dataclasses import dataclass

from jamharness.api import Cell, CellResult, Estimate, Findings, ProtocolSpec, hookimpl, setting


@hookimpl
def jamharness_protocols():
    return [ProtocolSpec(name="idle", factory="idle_plugin:Idle", tasks={"idle": "idle_plugin:measure"})]


def measure(cell, needed, backend, progress):
    return CellResult(values={"number": cell.coordinates["number"]})


@dataclass(frozen=True, kw_only=True)
class Settings:
    cells: int = setting(100, help="how many")


class Idle:
    Settings = Settings
    observables = {}
    presets = {}

    def plan(self, settings, done):
        tried = {item.cell.coordinates["number"] for item in done}
        return [Cell(task="idle", coordinates={"number": n}) for n in range(settings.cells) if n not in tried]

    def analyse(self, settings, done):
        total = sum(item.result.values["number"] for item in done if item.result)
        return Findings(
            estimates={"total": Estimate(value=float(total), count=len(done))}, tables={}
        )

    def draw(self, findings):
        return {}
"""


class Clock:
    """An observer that notes time and memory."""

    def __init__(self, cells: int) -> None:
        self.middle, self.done = cells // 2, 0
        self.first = self.last = self.half = 0.0
        self.memory: dict[str, float] = {}

    def started(self, *_: object) -> None:
        self.memory["start"] = resident()

    def planned(self, *_: object) -> None:
        pass

    def said(self, *_: object) -> None:
        pass

    def finished(self, *_: object) -> None:
        self.done += 1
        self.last = time.perf_counter()
        if self.done == 1:
            self.first = self.last
        if self.done == self.middle:
            self.half, self.memory["half"] = self.last, resident()


def resident() -> float:
    """MiB of this process."""
    import psutil

    return psutil.Process().memory_info().rss / 2**20


def case(store: str, cells: int, workers: int | None, scheduler: str | None, profile: bool) -> None:
    """One run in this process; prints one line of JSON."""
    from jamharness.running import run

    clock = Clock(cells)
    options = {"workers": workers} | ({"scheduler": scheduler} if scheduler else {})
    start = time.perf_counter()

    def carry_out() -> None:
        finished = run(
            "idle", backend="numpy", settings={"cells": cells}, store=store, observer=clock, figures="none", **options
        )
        assert finished.estimates["idle"]["total"].value == cells * (cells - 1) / 2

    if profile:
        import cProfile
        import pstats

        profiler = cProfile.Profile()
        profiler.runcall(carry_out)
        stats = pstats.Stats(profiler, stream=sys.stderr)
        stats.sort_stats("tottime").print_stats(28)
        stats.sort_stats("cumulative").print_stats(45)
    else:
        carry_out()
    whole = time.perf_counter() - start
    clock.memory["end"] = resident()
    halves = [clock.half - clock.first, clock.last - clock.half]
    print(
        json.dumps({
            "whole": whole,
            "per_cell": (clock.last - clock.first) / (cells - 1),
            "halves": [half / (cells / 2) for half in halves],
            "memory": clock.memory,
            "processor": time.process_time(),
        })
    )  # fmt: skip


def measure(kind: str, arguments: argparse.Namespace, folder: Path) -> None:
    """One case in a process of its own, and its row of the table."""
    cells, store = arguments.cells, folder / ("local" if kind == "again" else kind)
    command = [
        sys.executable,
        __file__,
        "--case",
        str(store),
        "--cells",
        str(cells),
        "--workers",
        str(arguments.workers),
    ]
    command += ["--profile"] if arguments.profile else []
    helpers: list[subprocess.Popen[str]] = []
    spent: dict[str, float] = {}
    try:
        if kind == "dask":
            address = start_cluster(arguments.workers, folder, helpers)
            command += ["--scheduler", address]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(folder))
        spent = processor_time(helpers)
    finally:
        for process in reversed(helpers):
            process.terminate()
            process.wait()
    if arguments.profile or done.returncode:
        print(done.stderr)
    usage = json.loads(done.stdout.splitlines()[-1])
    memory = usage["memory"]
    others = sum(spent.values())
    print(
        f"{kind:>6}{cells:>8}{1e3 * usage['per_cell']:>13.2f}{1e3 * usage['halves'][0]:>12.2f}"
        f"{1e3 * usage['halves'][1]:>13.2f}{usage['whole']:>8.1f}"
        f"{memory['start']:>13.0f}{memory['half']:>7.0f}{memory['end']:>7.0f}"
        f"{1024 * (memory['end'] - memory['start']) / cells:>9.2f}"
        f"{1e3 * usage['processor'] / cells:>8.2f}{1e3 * others / cells:>9.2f}",
        flush=True,
    )


def start_cluster(workers: int, folder: Path, helpers: "list[subprocess.Popen[str]]") -> str:
    """A scheduler and workers on this machine; its address."""
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    log = folder / "scheduler"
    with log.open("w") as file:
        command = [sys.executable, "-m", "distributed.cli.dask_scheduler", *options]
        helpers.append(subprocess.Popen(command, stderr=file, text=True, env=environment(folder)))
    while not (match := re.search(r"Scheduler at:\s+(tcp://\S+)", log.read_text())):
        time.sleep(0.05)
    command = [sys.executable, "-m", "distributed.cli.dask_worker", match[1], "--nthreads", "1", "--no-dashboard"]
    command += ["--nworkers", str(workers), "--local-directory", str(folder)]
    helpers.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True, env=environment(folder)))
    return match[1]


def processor_time(helpers: "list[subprocess.Popen[str]]") -> dict[str, float]:
    """Seconds of processor time of scheduler and workers, and of the processes that they started and that are gone."""
    import psutil

    seconds = {}
    for helper in helpers:
        process = psutil.Process(helper.pid)
        for each in (process, *process.children(recursive=True)):
            times = each.cpu_times()
            seconds[str(each.pid)] = sum(times[:4])
    return seconds


def environment(folder: Path) -> dict[str, str]:
    """That of this process, with the protocol of no work installed."""
    path = [str(folder / "installed"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def install(folder: Path) -> None:
    """The protocol of no work, as a distribution."""
    info = folder / "installed" / "idle-1.0.dist-info"
    info.mkdir(parents=True)
    (info.parent / "idle_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: idle\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jamharness]\nidle = idle_plugin\n")


def main() -> None:
    """Measure what is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*", default=["local", "again", "dask"])
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--case")
    parser.add_argument("--scheduler")
    arguments = parser.parse_args()
    if arguments.case:
        workers = None if arguments.scheduler else arguments.workers
        case(arguments.case, arguments.cells, workers, arguments.scheduler, arguments.profile)
        return
    print(f"{'':>14}{'':>13}{'each half':>25}{'':>8}{'MiB of the host':>27}{'KiB per':>9}{'CPU ms per cell':>17}")
    print(
        f"{'case':>6}{'cells':>8}{'ms per cell':>13}{'first':>12}{'second':>13}{'whole s':>8}"
        f"{'start':>13}{'half':>7}{'end':>7}{'cell':>9}{'host':>8}{'cluster':>9}"
    )
    with tempfile.TemporaryDirectory(prefix="jamharness-scheduling-") as name:
        install(Path(name))
        for kind in arguments.kinds or ["local", "again", "dask"]:
            measure(kind, arguments, Path(name))


if __name__ == "__main__":
    main()
