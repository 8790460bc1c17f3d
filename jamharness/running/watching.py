"""What can be said of a protocol while it runs: its estimate so far, and how many cells are still to come."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Thread

from jamharness.api import Cell, Estimate, FinishedCell, Json, Outlook
from jamharness.plugins import plugin_code
from jamharness.running.experiments import Experiment
from jamharness.running.observer import Observer
from jamharness.running.soundness import faults_of

log = logging.getLogger("jamharness")
_FIRST = 2.0
"""Seconds before the first look: what is over by then needs none."""
_PART = 0.02
"""The largest part of the time that looking may take, once it is known how long it takes."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How far a protocol is.

    Arguments:
        outlook: in its own words, and how many cells are still to come.
        name: of its first estimate with a value, and an interval unless it is the first of all; empty without one.
        estimate: that estimate from what is done.
        costs: of the cells that its plan holds now.
    """

    outlook: Outlook
    name: str = ""
    estimate: Estimate | None = None
    costs: tuple[float, ...] = ()


def look(experiment: Experiment, done: Sequence[FinishedCell]) -> Look:
    """Ask a protocol how far it is; one that defines no ``outlook`` is taken to plan all its cells at once.

    Arguments:
        experiment: the protocol with its settings.
        done: its finished cells, in order.

    Raises:
        TypeError: the protocol's outlook or findings are none; or whatever else its methods raise.
    """
    protocol, settings = experiment.protocol, experiment.settings
    planned = protocol.plan(settings, done)
    costs = tuple(cell.cost for cell in planned)
    tell = getattr(protocol, "outlook", None)
    most = len(costs) + sum(len(cell.needs) for cell in planned)
    outlook = tell(settings, done) if tell else Outlook(words="", fewest=len(costs), most=most)
    if not isinstance(outlook, Outlook):
        raise TypeError(f"outlook returned a {type(outlook).__name__}, not an Outlook")
    findings = protocol.analyse(settings, done)
    if faults := faults_of(findings):
        raise TypeError("; ".join(faults))
    estimates = findings.estimates
    # The first is what the protocol is there for; of the others, a count without an interval says little.
    telling = (name for place, (name, each) in enumerate(estimates.items()) if _is_telling(each, first=not place))
    name = next(telling, "")
    return Look(outlook=outlook, name=name, estimate=estimates.get(name), costs=costs)


def _is_telling(estimate: Estimate, *, first: bool) -> bool:
    return estimate.value is not None and (first or estimate.low is not None or estimate.high is not None)


def _in_a_thread(task: Callable[[], None]) -> None:
    Thread(target=task, name="look", daemon=True).start()


class Watching:
    """Passes on to an observer what happens, and now and then how far the protocol is.

    Plans and analyses are pure, so a thread of its own makes them, while the workers stay busy; it is heard of in the
    thread that runs everything.

    Arguments:
        observer: who is told; one without ``foreseen`` is asked for nothing.
        experiment: the protocol with its settings.
        done: its finished cells so far.
        clock: seconds that never go back.
        start: carries out a task, later or at once.
    """

    def __init__(
        self,
        observer: Observer,
        experiment: Experiment,
        done: Callable[[], Sequence[FinishedCell]],
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        self._observer, self._experiment, self._done, self._clock, self._start = (
            observer,
            experiment,
            done,
            clock,
            start,
        )
        self._next = clock() + _FIRST
        self._seen: Look | None = None
        self._changed = False
        self._tell: Callable[[str, Look], None] | None = getattr(observer, "foreseen", None)

    def started(self, run_name: str, protocol: str, settings: Mapping[str, Json]) -> None:
        """A protocol begins."""
        self._observer.started(run_name, protocol, settings)

    def planned(self, protocol: str, waiting: int, running: int, done: int) -> None:
        """The cells known so far; a look is due if anything has changed and the last is long enough ago."""
        self._observer.planned(protocol, waiting, running, done)
        self._pass_on()
        if self._tell and self._changed and self._clock() >= self._next and waiting + running:
            self._changed, self._next = False, float("inf")
            finished = list(self._done())
            self._start(lambda: self._look(finished))

    def said(self, cell: Cell, text: str) -> None:
        """A cell reports what it is doing."""
        self._observer.said(cell, text)
        self._pass_on()

    def finished(self, protocol: str, finished: FinishedCell, reused: bool, seconds: float) -> None:
        """A cell is done."""
        self._observer.finished(protocol, finished, reused, seconds)
        self._changed = True

    def _pass_on(self) -> None:
        last_look, self._seen = self._seen, None
        if last_look is not None and self._tell is not None:
            self._tell(self._experiment.name, last_look)

    def _look(self, finished: Sequence[FinishedCell]) -> None:
        begun = self._clock()
        try:
            # In a thread nobody catches what is no error, and os._exit would end the run.
            with plugin_code(f"protocol {self._experiment.name!r}", "telling how far it is", awaited=False):
                self._seen = look(self._experiment, finished)
        except Exception:
            # Whatever is wrong with it, the end of the run says so.
            log.debug("how far %s is", self._experiment.name, exc_info=True)
        spent = self._clock() - begun
        self._next = self._clock() + max(_FIRST, spent * (1 / _PART - 1))
