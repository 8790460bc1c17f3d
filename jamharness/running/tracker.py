"""What is known of one protocol's cells while it runs."""

from dataclasses import dataclass, replace

from jamharness.api import BadInput, Cell, CellResult, FinishedCell, JamharnessError, PluginError
from jamharness.plugins import plugin_code
from jamharness.running.experiments import Experiment
from jamharness.running.keys import Keys, with_needs
from jamharness.store import Failure, Store


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """A cell that is done with.

    Arguments:
        finished: with its result or the reason why there is none.
        reused: whether the store had it.
        seconds: how long its measurement took.
        order: where it stands among the others, whenever it finished.
        detail: the traceback in the worker, of a failure.
    """

    finished: FinishedCell
    reused: bool
    seconds: float
    order: str
    detail: str = ""


class CellTracker:
    """The cells of one protocol: finished by key, and what its plan asks for next.

    Arguments:
        experiment: the protocol with its settings.
        keys: the keys of its cells.
        store: where finished cells may lie.
    """

    def __init__(self, experiment: Experiment, keys: Keys, store: Store) -> None:
        self.experiment, self.keys, self._store = experiment, keys, store
        self.entries: dict[str, Entry] = {}
        self._absent: set[str] = set()
        self._news: list[Entry] = []
        self._unkept: list[str] = []

    def advance(self) -> dict[str, Cell]:
        """Plan, and take from the store what it has, until something must be computed.

        Returns:
            The cells to compute, by key, in the order of the plan; those that run already are among them.

        Raises:
            PluginError: the plan cannot be followed.
            BadInput: it cannot with these settings.
        """
        while True:
            waiting: dict[str, Cell] = {}
            entered = len(self.entries)
            cells = self._plan()
            self.keys.expect(cells)
            for cell in with_needs(cells):
                key = self.keys.key(cell)
                if key in self.entries or key in waiting:
                    continue
                if reason := self.keys.problem(cell) or self._why_lost(cell):
                    self._enter(key, FinishedCell(cell=cell, failure=reason))
                elif self.needed(cell) is not None and not self.reuse(key, cell):
                    waiting[key] = cell
            if len(self.entries) == entered:
                return waiting

    def reuse(self, key: str, cell: Cell, *, again: bool = False) -> bool:
        """Take a cell from the store if it has it.

        Arguments:
            key: its key.
            cell: the cell.
            again: look even if it was absent before; another process may have computed it.
        """
        if key in self._absent and not again:
            return False
        stored = self._store.read(key)
        if stored is None:
            self._absent.add(key)
            return False
        self._enter(key, FinishedCell(cell=cell, result=stored.result, key=key), reused=True, seconds=stored.seconds)
        return True

    def checkpoint(self, key: str) -> str:
        """The file for the state of a cell that is being computed."""
        return str(self._store.checkpoint(key))

    def needed(self, cell: Cell) -> tuple[CellResult, ...] | None:
        """The results of the cells that a cell needs, in their order; None while any is missing."""
        entries = [self.entries.get(self.keys.key(need)) for need in cell.needs]
        results = tuple(entry.finished.result for entry in entries if entry and entry.finished.result)
        return results if len(results) == len(entries) else None

    def _why_lost(self, cell: Cell) -> str:
        """Why a cell can never be computed: one that it needs was tried in vain."""
        for need in cell.needs:
            entry = self.entries.get(self.keys.key(need))
            if entry and entry.finished.failure is not None:
                name = f"{need.task} ({need.label})" if need.label else need.task
                return f"It needs {name}, which failed: {entry.finished.failure}"
        return ""

    def succeed(self, key: str, cell: Cell, result: CellResult, seconds: float) -> None:
        """Enter a cell that was measured; ``keep`` writes it."""
        self._enter(key, FinishedCell(cell=cell, result=result, key=key), seconds=seconds)
        self._unkept.append(key)

    def keep(self) -> None:
        """Write into the store what was measured since this was last called.

        Raises:
            BadInput: the store cannot be written.
        """
        while self._unkept:
            key = self._unkept[0]
            cell, result = self.entries[key].finished.cell, self.entries[key].finished.result
            assert result is not None
            stored = self._store.put(key, self.keys.identity(cell), result, self.entries[key].seconds, cell.label)
            # From now on its arrays are read from the disk when they are asked for: a run may have gigabytes of them.
            finished = replace(self.entries[key].finished, result=stored.result)
            self.entries[key] = replace(self.entries[key], finished=finished)
            # Only now: Ctrl-C may come at any moment, and then this is called again.
            self._unkept.pop(0)

    def fail(self, key: str, cell: Cell, error: BaseException) -> None:
        """Enter a cell that was tried in vain. The store never hears of it."""
        text = str(error).strip()
        if not isinstance(error, JamharnessError):
            text = f"{type(error).__name__}: {text}" if text else type(error).__name__
        detail = "\n".join(getattr(error, "__notes__", []))
        self._enter(key, FinishedCell(cell=cell, failure=text), detail=detail)

    def _enter(
        self, key: str, finished: FinishedCell, *, reused: bool = False, seconds: float = 0.0, detail: str = ""
    ) -> None:
        order = self.keys.encoding.text(finished.cell)
        entry = Entry(finished=finished, reused=reused, seconds=seconds, order=order, detail=detail)
        self.entries[key] = entry
        self._news.append(entry)

    def news(self) -> list[Entry]:
        """What was entered since this was last called."""
        news, self._news = self._news, []
        return news

    def _in_order(self) -> list[Entry]:
        return sorted(self.entries.values(), key=lambda entry: entry.order)

    def done(self) -> list[FinishedCell]:
        """The finished cells in an order that does not depend on when they finished."""
        return [entry.finished for entry in self._in_order()]

    def failures(self) -> list[Failure]:
        """The cells that were tried in vain, in the same order."""
        return [
            Failure(
                cell=self.keys.encoding.encode(item.cell),
                label=item.cell.label,
                reason=item.failure,
                detail=entry.detail,
            )
            for entry in self._in_order()
            if (item := entry.finished).failure is not None
        ]

    def stored(self) -> list[str]:
        """The store keys of the cells that have a result, sorted."""
        return sorted(key for key, entry in self.entries.items() if entry.finished.result is not None)

    @property
    def reused(self) -> int:
        """How many cells the store had."""
        return sum(entry.reused for entry in self.entries.values())

    def _plan(self) -> list[Cell]:
        try:
            with plugin_code(f"protocol {self.experiment.name!r}", "planning"):
                cells = list(self.experiment.protocol.plan(self.experiment.settings, self.done()))
            return [self.keys.plainly(cell) for cell in cells]
        except JamharnessError:
            raise
        except (OverflowError, MemoryError) as error:
            raise BadInput(
                f"Protocol {self.experiment.name!r} cannot plan its cells with numbers as large as these "
                f"({type(error).__name__}: {error}); give smaller ones."
            ) from error
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise PluginError(
                f"Protocol {self.experiment.name!r} cannot plan its cells ({reason}); it is broken."
            ) from error
