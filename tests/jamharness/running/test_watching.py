"""How far a protocol is, while it runs: seldom asked, and never in the way."""

import os
from dataclasses import dataclass
from typing import Any

import pytest

from jamharness.api import Cell, CellResult, Estimate, Findings, FinishedCell, Outlook
from jamharness.running.experiments import Experiment
from jamharness.running.observer import Silent
from jamharness.running.watching import Look, Watching, look


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Settings:
    cells: int = 5


class Counting:
    """As many cells as are asked for; its analysis takes three seconds of the clock."""

    def __init__(self, clock):
        self._clock, self.analyses = clock, 0

    def plan(self, settings, done):
        return [Cell(task="counting", coordinates={"i": i}, cost=2.0 + i) for i in range(len(done), settings.cells)]

    def analyse(self, settings, done):
        self.analyses += 1
        self._clock.now += 3.0
        none = Estimate(value=None, count=0)
        count = Estimate(value=float(len(done)), low=0.0, high=9.0, count=len(done))
        bare = Estimate(value=0.0, count=3)
        return Findings(estimates={"none": none, "bare": bare, "number": count}, tables={})


class Telling(Counting):
    def outlook(self, settings, done):
        return Outlook(words=f"{len(done)} counted", fewest=1, most=None)


class Noting(Silent):
    def __init__(self):
        self.looks = []

    def foreseen(self, protocol, seen):
        self.looks.append((protocol, seen))


def cell(i):
    return Cell(task="counting", coordinates={"i": i})


def finished(i):
    return FinishedCell(cell=cell(i), result=CellResult(values={}))


@pytest.fixture
def clock():
    return Clock()


def an_experiment(protocol):
    return Experiment(name="counting", protocol=protocol, settings=Settings())


def test_a_look_has_the_first_estimate_with_a_value_and_the_costs_of_the_plan(clock):
    """Without a word of the protocol its plan is taken to be whole."""
    seen = look(an_experiment(Counting(clock)), [finished(0), finished(1)])
    assert (seen.name, seen.estimate.value, seen.costs) == ("number", 2.0, (4.0, 5.0, 6.0))
    assert seen.outlook == Outlook(words="", fewest=3, most=3)
    seen = look(an_experiment(Telling(clock)), [finished(0)])
    assert seen.outlook == Outlook(words="1 counted", fewest=1, most=None)


def test_looking_takes_a_small_part_of_the_time(clock):
    """The first after two seconds; one that takes 3 s is followed by the next after 147 s; none without news."""
    protocol, observer, done = Counting(clock), Noting(), []
    watching = Watching(observer, an_experiment(protocol), lambda: done, clock, start=lambda task: task())
    for second in range(1, 1000):
        clock.now = max(clock.now, float(second))
        if second % 10 == 0 and len(done) < 4:
            done.append(finished(len(done)))
            watching.finished("counting", done[-1], False, 1.0)
        watching.planned("counting", 5 - len(done), 0, len(done))
    assert protocol.analyses == 2
    assert [seen.estimate.value for _, seen in observer.looks] == [1.0, 4.0]


def test_what_a_thread_finds_is_told_in_the_thread_that_runs_everything(clock):
    """With the next thing that happens."""
    observer, tasks = Noting(), []
    watching = Watching(observer, an_experiment(Counting(clock)), lambda: [finished(0)], clock, start=tasks.append)
    watching.finished("counting", finished(0), False, 1.0)
    clock.now = 10.0
    watching.planned("counting", 4, 0, 1)
    watching.planned("counting", 4, 0, 1)
    assert len(tasks) == 1
    tasks[0]()
    assert observer.looks == []
    watching.said(cell(1), "busy")
    assert [(name, type(seen)) for name, seen in observer.looks] == [("counting", Look)]


class Breaking(Counting):
    def analyse(self, settings, done):
        raise ValueError("too early")


class Misleading(Counting):
    def outlook(self, settings, done):
        return "soon"


class Ending(Counting):
    def plan(self, settings, done):
        raise GeneratorExit


class Leaving(Counting):
    def plan(self, settings, done):
        os._exit(0)


class Texts(Counting):
    def analyse(self, settings, done):
        return Findings(estimates={"number": Estimate(value="3", count=1)}, tables={})


@pytest.mark.parametrize("protocol", [Breaking, Misleading, Ending, Leaving, Texts])
def test_a_protocol_that_breaks_is_not_in_the_way(clock, protocol):
    """The run goes on; its end says what is wrong."""
    observer = Noting()
    watching = Watching(observer, an_experiment(protocol(clock)), list, clock, start=lambda task: task())
    watching.finished("counting", finished(0), False, 1.0)
    clock.now = 10.0
    for _ in range(2):
        watching.planned("counting", 4, 0, 1)
    assert observer.looks == []


def test_an_observer_that_does_not_ask_is_not_told(clock):
    """Its methods are those of before."""
    protocol = Counting(clock)
    watching = Watching(Silent(), an_experiment(protocol), list, clock, start=lambda task: task())
    watching.finished("counting", finished(0), False, 1.0)
    clock.now = 10.0
    watching.planned("counting", 4, 0, 1)
    assert protocol.analyses == 0


def test_a_real_run_tells_how_far_it_is(lab: Any, monkeypatch: pytest.MonkeyPatch):
    """While its cells are computed, from a thread that leaves the numbers as they are."""
    pytest.importorskip("pandas")  # which the analysis would import for longer than the run takes
    monkeypatch.setattr("jamharness.running.watching._FIRST", 0.0)
    observer = Noting()
    run = lab.run(settings={"pause": 0.2}, workers=1, observer=observer)
    assert observer.looks
    name, seen = observer.looks[0]
    assert (name, seen.name) == ("drift", "drift")
    assert 0 < seen.estimate.count <= run.estimates["drift"]["drift"].count
