"""Progress: what is tried, how many cells are left, how long they take."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from jamharness.api import Cell, CellResult, Estimate, FinishedCell, Outlook
from jamharness.render.progress import Lines, Moving, Tally, display
from jamharness.render.screen import Screen
from jamharness.running.watching import Look


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


def a_tally(clock, *times, waiting=4, running=0):
    """A tally of cells of cost 1 that took so many seconds each, and of those that are left."""
    tally = Tally(clock=clock)
    tally.start("r", "toy")
    tally.plan(waiting + len(times), running, 0)
    for seed, seconds in enumerate(times):
        tally.count(done(seed), False, seconds)
    tally.plan(waiting, running, len(times))
    return tally


def test_the_time_left_is_a_range_from_the_spread_of_the_others():
    """Equal times give a point; cells of the store and failures say nothing of the pace."""
    clock = Clock()
    watch = display(quiet=True)
    watch.tally.clock = clock
    watch.started("r", "toy", {})
    watch.planned("toy", 10, 0, 0)
    watch.finished("toy", done(0), True, 500.0)
    watch.finished("toy", failed(1), False, 500.0)
    watch.planned("toy", 8, 0, 2)
    assert watch.tally.seconds_left() is None
    assert watch.tally.line().endswith("8 waiting, time left unknown")
    for seed in (2, 3, 4, 5):
        watch.finished("toy", done(seed), False, 30.0)
    watch.planned("toy", 4, 0, 6)
    assert watch.tally.seconds_left() == pytest.approx((120.0, 120.0))
    assert watch.tally.line() == "toy: 6 done, 1 from the store, 1 failed, 0 running, 4 waiting, about 2 min left"
    low, high = a_tally(clock, 10.0, 30.0, 20.0, 60.0, 30.0).seconds_left()
    assert low < 4 * 30.0 < high
    assert high - low > 60.0


def test_the_range_holds_what_the_rest_takes():
    """In most runs of cells whose costs differ by twenty and foretell their times but for a factor of 1.6."""
    draw, hits = np.random.default_rng(1), 0
    for _ in range(200):
        costs = draw.uniform(1, 20, 24)
        seconds = costs * draw.lognormal(0, 0.5, 24)
        tally = Tally(clock=Clock())
        tally.start("r", "toy")
        tally.plan(24, 0, 0)
        for seed in range(8):
            cell = replace(done(seed).cell, cost=costs[seed])
            tally.count(FinishedCell(cell=cell, result=CellResult(values={})), False, seconds[seed])
        tally.plan(16, 0, 8)
        tally.foresee(Look(outlook=Outlook(words="", fewest=16, most=16), costs=tuple(costs[8:])))
        low, high = tally.seconds_left()
        hits += low <= seconds[8:].sum() <= high
    assert hits >= 170


def test_a_plan_that_grows_has_no_end_that_is_known():
    """Where the protocol does not say how many cells are to come; the range has a lower end alone."""
    tally = a_tally(Clock(), 30.0, 30.0, 30.0)
    tally.plan(6, 0, 3)
    assert tally.cells_left() == (6, None)
    assert tally.line().endswith("at least 3 min left")


def test_the_protocol_says_how_many_cells_are_to_come():
    """Its numbers shrink as cells finish after it spoke; several workers share them."""
    tally = a_tally(Clock(), 30.0, 30.0, 30.0, waiting=2)
    tally.foresee(Look(outlook=Outlook(words="1 of 3 seeds bracketed", fewest=10, most=40), costs=(1.0, 1.0)))
    assert tally.cells_left() == (10, 40)
    assert tally.seconds_left() == pytest.approx((300.0, 1200.0))
    tally.count(done(7), False, 30.0)
    tally.plan(2, 0, 4)
    assert tally.cells_left() == (9, 39)
    assert tally.line().endswith("4 min to 20 min left")
    tally.busiest = 3
    assert tally.seconds_left() == pytest.approx((90.0, 390.0))


def test_a_cell_that_runs_for_long_may_run_for_as_long_again():
    """Ten minutes of "about 30 s" are not said."""
    clock = Clock()
    tally = a_tally(clock, 30.0, 30.0, 30.0, waiting=0, running=1)
    tally.say(cell(9), "starting")
    clock.now = 600.0
    assert tally.line().endswith("15 s to 10 min left")
    tally.count(done(9), False, 600.0)
    assert tally.begun_at == {}


def test_the_estimate_so_far_stands_with_its_interval():
    """And the protocol's own words, in the log as on the terminal."""
    clock, lines = Clock(), []
    estimate = Estimate(value=1.52, low=1.41, high=1.66, count=5)
    look = Look(outlook=Outlook(words="5 of 12 seeds bracketed", fewest=3, most=9), name="load", estimate=estimate)
    watch = Lines(lines.append, Tally(clock=clock), pause=10.0)
    watch.started("run-1", "toy", {})
    watch.foreseen("toy", look)
    clock.now = 11.0
    watch.planned("toy", 3, 1, 5)
    assert lines[2] == "  5 of 12 seeds bracketed; load so far 1.52 (1.41 to 1.66)"
    moving = Moving(Screen(file=io.StringIO(), width=80), watch.tally)
    plain = Screen(file=io.StringIO(), width=80, color_system=None)
    plain.print(moving.picture())
    assert "5 of 12 seeds bracketed; load so far 1.52 (1.41 to 1.66)" in plain.file.getvalue()


@pytest.mark.parametrize("width", [20, 30, 50, 80])
def test_the_live_display_fits_the_terminal(width):
    """No line is longer, and no number is cut: whole words are left out, or go to the next line."""
    clock = Clock()
    tally = a_tally(clock, *[30.0] * 12, waiting=12345)
    tally.run = "jamming-0123456"
    estimate = Estimate(value=1.5234, low=1.4123, high=1.6612, count=5)
    outlook = Outlook(words="5 of 12 seeds bracketed", fewest=300, most=900)
    tally.foresee(Look(outlook=outlook, name="critical_ratio", estimate=estimate))
    tally.say(cell(3), "P = 1234567, softplus β = 32: 17 unsatisfied after 123456 steps")

    def picture(columns):
        screen = Screen(file=io.StringIO(), width=columns, markup=False, color_system=None)
        screen.print(Moving(screen, tally).picture())
        return screen.file.getvalue()

    assert max(map(len, picture(width).splitlines())) <= width
    assert any(line.startswith("  seed") for line in picture(width).splitlines())
    numbers = re.findall(r"\S*\d\S*", picture(width))
    assert {"1.52", "(1.41", "1.66)", "12345"} <= set(numbers) <= set(re.findall(r"\S*\d\S*", picture(1000)))


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
        assert lines[1:] == ["toy: 0 done, 1 running, 3 waiting, time left unknown", "  seed 0: halfway"]
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
