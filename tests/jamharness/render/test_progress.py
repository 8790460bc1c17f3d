"""Progress: what is tried, how many cells are left, how long they take."""

import io

import pytest
from rich.console import Console

from jamharness.api import Cell, CellResult, FinishedCell
from jamharness.render.progress import Lines, Moving, Tally, display


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def cell(seed):
    return Cell(task="toy", coordinates={"seed": seed}, label=f"seed {seed}")


def done(seed):
    return FinishedCell(cell=cell(seed), result=CellResult(values={}))


def failed(seed):
    return FinishedCell(cell=cell(seed), failure="ZeroDivisionError: [by] zero")


def test_the_time_left_follows_the_pace():
    """Measured cells set the pace, those of the store do not; running ones count half."""
    clock = Clock()
    watch = display(quiet=True)
    watch.tally.clock = clock
    watch.started("r", "toy", {})
    watch.finished("toy", done(0), True, 5.0)
    watch.planned("toy", 6, 2, 1)
    clock.now = 30.0
    assert watch.tally.seconds_left() is None
    watch.finished("toy", done(1), False, 15.0)
    watch.finished("toy", failed(2), False, 15.0)
    watch.planned("toy", 4, 2, 3)
    # Two cells in 30 s: four and two halves take 75 s.
    assert watch.tally.seconds_left() == pytest.approx(75.0)
    assert watch.tally.line() == "toy: 3 done, 1 from the store, 1 failed, 2 running, 4 waiting, about 1 min 15 s left"


def test_a_log_gets_a_line_now_and_then():
    """Between two lines some seconds pass, however often something happens; a failure is told at once."""
    clock, lines = Clock(), []
    watch = Lines(lines.append, Tally(clock=clock), pause=10.0)
    with watch:
        watch.started("run-1", "toy", {})
        watch.planned("toy", 3, 1, 0)
        for step in range(95):
            clock.now = step / 10
            watch.said(cell(0), f"step {step}")
        assert lines == ["Run run-1: toy"]
        clock.now = 10.5
        watch.said(cell(0), "halfway")
        assert lines[1:] == ["toy: 0 done, 1 running, 3 waiting", "  seed 0: halfway"]
        watch.finished("toy", failed(0), False, 1.0)
        assert lines[3:] == ["toy: seed 0 failed: ZeroDivisionError: [by] zero"]
        watch.planned("toy", 0, 0, 4)
        assert lines[4:] == ["toy: 4 done, 1 failed, 0 running, 0 waiting"]


def test_the_live_display_shows_each_worker_and_the_counts():
    """On a terminal: the run, what each worker tries, the bar's counts; finished cells leave."""
    screen = Console(file=io.StringIO(), force_terminal=True, width=80, markup=False)
    watch = Moving(screen, Tally(clock=Clock()))

    def picture():
        plain = Console(file=io.StringIO(), width=80, markup=False, color_system=None)
        plain.print(watch.picture())
        return plain.file.getvalue()

    assert "Checking" in picture()
    with watch:
        watch.started("run-1", "toy", {})
        watch.planned("toy", 5, 2, 0)
        assert "2 workers busy" in picture()
        watch.said(cell(0), "P = 40 [third try]")
        watch.said(cell(1), "P = 44")
        watch.said(cell(0), "P = 42 [fourth try]")
        shown = picture()
        assert "Run run-1" in shown
        assert "seed 0: P = 42 [fourth try]" in shown
        assert "seed 1: P = 44" in shown
        assert "P = 40" not in shown
        assert "0 done, 2 running, 5 waiting" in shown
        watch.finished("toy", failed(0), False, 1.0)
        assert "seed 0" not in picture()
        assert max(map(len, picture().splitlines())) <= 80
    assert "seed 0 failed: ZeroDivisionError: [by] zero" in screen.file.getvalue()


def test_quiet_shows_nothing(capsys):
    """With --quiet, neither the start nor a failure is shown."""
    with display(quiet=True) as watch:
        watch.started("run-1", "toy", {})
        watch.planned("toy", 0, 0, 1)
        watch.finished("toy", failed(0), False, 1.0)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_without_a_terminal_lines_go_to_standard_error(capsys):
    """The default for logs; long lines are left whole."""
    with display() as watch:
        watch.started("r" * 100, "toy", {})
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"Run {'r' * 100}: toy\n"
