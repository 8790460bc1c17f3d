"""What a million cells and a thousand workers would need: the host's loop measured, and a simulation from its costs.

python benchmarks/scale.py [loop] [simulation] [--cells 2000,6000,18000] [--host MS] [--dask MS]

``loop`` runs the real loop with workers that answer at once in the same process, and a store as it is: processor time,
memory and the time of a plan, for several numbers of cells. ``simulation`` follows cells through two servers that take
one thing at a time, the host and Dask's scheduler, and through the workers.
"""

import argparse
import heapq
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from scheduling import environment, install, resident

WORKERS = (10, 100, 1000)
SECONDS = (0.1, 1.0, 3.0, 10.0, 30.0, 100.0)


class AtOnce:
    """In place of the local workers: a task is done when it is given."""

    size = 16

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def submit(self, function: Any, *arguments: Any) -> "Future[Any]":
        from jamharness.api import CellResult

        future: Future[Any] = Future()
        if function.__name__ == "timed":
            number = arguments[0].cell.coordinates["number"]
            future.set_result((CellResult(values={"number": number}), 0.0))
        else:
            future.set_result(function(*arguments))
        return future

    def shutdown(self) -> None:
        pass

    kill = shutdown


def loop(store: str, cells: int) -> None:
    """One run in this process; prints one line of JSON."""
    import jamharness.running.workers as workers
    from jamharness.running import run
    from jamharness.running.tracker import CellTracker

    workers.LocalPool = AtOnce  # type: ignore[misc,assignment]
    plans: list[float] = []
    advance = CellTracker.advance

    def timed(tracker: CellTracker) -> Any:
        start = time.process_time()
        waiting = advance(tracker)
        plans.append(time.process_time() - start)
        return waiting

    CellTracker.advance = timed  # type: ignore[method-assign]
    run("idle", backend="numpy", settings={"cells": 50}, store=store, figures="none")
    before, start, wall = resident(), time.process_time(), time.perf_counter()
    plans.clear()
    run("idle", backend="numpy", settings={"cells": cells}, store=store, figures="none")
    usage = {"processor": time.process_time() - start, "wall": time.perf_counter() - wall, "before": before}
    print(
        json.dumps({**usage, "after": resident(), "plans": len(plans), "planning": sum(plans), "longest": max(plans)})
    )


def measure(counts: list[int]) -> None:
    """The loop, each number of cells in a process of its own."""
    print(f"{'':>8}{'per cell':>20}{'host grows':>12}{'':>8}{'longest plan':>19}")
    print(f"{'cells':>8}{'CPU ms':>10}{'wall ms':>10}{'KiB a cell':>12}{'plans':>8}{'s':>8}{'µs a cell':>11}")
    for cells in counts:
        with tempfile.TemporaryDirectory(prefix="jamharness-scale-") as name:
            folder = Path(name)
            install(folder)
            command = [sys.executable, __file__, "--loop", str(folder / "store"), "--cells", str(cells)]
            paths = {
                **environment(folder),
                "PYTHONPATH": f"{environment(folder)['PYTHONPATH']}:{Path(__file__).parent}",
            }
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=paths, check=True)
        usage = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{cells:>8}{1e3 * usage['processor'] / cells:>10.2f}{1e3 * usage['wall'] / cells:>10.2f}"
            f"{1024 * (usage['after'] - usage['before']) / cells:>12.2f}{usage['plans']:>8}"
            f"{usage['longest']:>8.2f}{1e6 * usage['longest'] / cells:>11.1f}",
            flush=True,
        )


def simulate(workers: int, seconds: float, host: float, dask: float) -> tuple[float, float]:
    """Follow cells through host, scheduler and workers.

    Arguments:
        workers: how many compute, one cell at a time.
        seconds: the mean time of a cell, exponentially distributed.
        host: seconds of the host for each cell, half to begin it and half to keep it.
        dask: seconds of the scheduler for each cell, half on either way.

    Returns:
        Cells per second, and the part of the workers' time in which they compute; both while the middle three fifths of
        the cells come in.
    """
    draw = random.Random(0)
    cells, window = max(20 * workers, 3_000), max(16, 2 * workers)
    queues: dict[str, deque[str]] = {"host": deque(), "dask": deque()}
    cost = {"host": host / 2, "dask": dask / 2}
    busy = {"host": False, "dask": False}
    events: list[tuple[float, int, str, str]] = []
    clock = computed = first = 0.0
    begun = kept = number = waiting = 0
    idle, early, late = workers, cells // 5, 4 * cells // 5

    def give(server: str, message: str) -> None:
        queues[server].append(message)
        start(server)

    def start(server: str) -> None:
        nonlocal number
        if queues[server] and not busy[server]:
            busy[server], number = True, number + 1
            heapq.heappush(events, (clock + cost[server], number, server, queues[server].popleft()))

    for _ in range(min(window, cells)):
        begun += 1
        give("host", "begin")
    while kept < late:
        before, (clock, _, server, message) = clock, heapq.heappop(events)
        if kept >= early:
            computed += (workers - idle) * (clock - before)
        else:
            first = clock
        if server == "worker":
            idle += 1
            give("dask", "done")
        else:
            busy[server] = False
            if message == "begin":
                give("dask", "send")
            elif message == "send":
                waiting += 1
            elif message == "done":
                give("host", "keep")
            else:
                kept += 1
                if begun < cells:
                    begun += 1
                    give("host", "begin")
            start(server)
        while waiting and idle:
            waiting, idle, number = waiting - 1, idle - 1, number + 1
            heapq.heappush(events, (clock + draw.expovariate(1 / seconds), number, "worker", ""))
    return (late - early) / (clock - first), computed / ((clock - first) * workers)


def table(host: float, dask: float) -> None:
    """The part of the time in which workers compute, and what a million cells take."""
    print(
        f"\nhost {1e3 * host:g} ms and scheduler {1e3 * dask:g} ms a cell: part of the time in which workers compute,"
    )
    print("and hours for a million cells")
    print(f"{'workers':>8}" + "".join(f"{f'{seconds:g} s':>18}" for seconds in SECONDS))
    for workers in WORKERS:
        row = ""
        for seconds in SECONDS:
            rate, part = simulate(workers, seconds, host, dask)
            row += f"{part:>9.0%}{1e6 / rate / 3600:>7.1f} h"
        print(f"{workers:>8}{row}", flush=True)


def main() -> None:
    """Measure and simulate."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--cells", default="2000,6000,18000")
    parser.add_argument("--host", type=float, default=3.5, help="ms of the host for each cell")
    parser.add_argument("--dask", type=float, default=2.0, help="ms of Dask's scheduler for each cell")
    parser.add_argument("--loop", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.loop:
        os.environ["OMP_NUM_THREADS"] = "1"
        loop(arguments.loop, int(arguments.cells))
        return
    kinds = arguments.kinds or ["loop", "simulation"]
    if "loop" in kinds:
        measure([int(text) for text in arguments.cells.split(",")])
    if "simulation" in kinds:
        table(arguments.host / 1e3, arguments.dask / 1e3)


if __name__ == "__main__":
    main()
