"""Verify a run."""

import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jamharness.api import BadInput, Cell, FinishedCell, JamharnessError, Patterns
from jamharness.execution.data import load
from jamharness.plugins import Plugins, load_object, plugin_code, system_class
from jamharness.running.claimed import tested_claim
from jamharness.running.encoding import CellEncoding
from jamharness.running.experiments import Experiment, load_protocol
from jamharness.running.keys import offering, with_needs
from jamharness.running.opening import finished_cells
from jamharness.running.prediction import UNDECIDED
from jamharness.running.recorded import concluded, same
from jamharness.running.result import conclude
from jamharness.settings import build_settings
from jamharness.store import RunRecord, Store, StoredCell
from jamharness.verifying.files import Sealed, check_files, seal_of
from jamharness.verifying.result import Row, Verification

_SHORT = 12
"""Digits of a cell's key that are shown."""


def verify_run(
    name: str, store: str | Path | None = None, *, plugins: Plugins | None = None, seal: str | None = None
) -> Verification:
    """Check a run from its files: bytes, verdicts by proofs of its protocols, the plan, and every estimate.

    Data sets are loaded in this process. What computed the run takes no part, but for its protocols' own plan and
    analysis.

    Arguments:
        name: of the run.
        store: that holds it.
        plugins: where its protocols come from; None to look for what is installed.
        seal: what the digest over all its files must be; None where nobody has noted it.

    Raises:
        BadInput: there is no such run, or a protocol of it is not installed.
    """
    home = Store(store, create=False)
    record = home.find_run(name) or home.run(name)
    plugins = plugins or Plugins.load()
    sealed: Sealed = {}
    start = time.perf_counter()
    for protocol in record.protocols:  # and what they import, which takes as long for any run
        load_protocol(plugins, protocol)
    spent = {"loading protocols": time.perf_counter() - start}
    cells = _Cells(home, record, plugins)
    rows: list[Row] = []
    for part, checked_rows in (
        ("files", check_files(home, record, sealed)),
        ("verdicts", (row for protocol in record.protocols for row in cells.rows(protocol))),
        ("estimates", (row for protocol in record.protocols for row in _estimates(home, record, protocol, plugins))),
    ):
        start = time.perf_counter()
        rows += checked_rows
        spent[part] = time.perf_counter() - start
    rows += _claim(record)
    computed_seal = seal_of(sealed)
    if seal is not None:
        numbers = f"{computed_seal} found"
        rows.append(
            Row(kind="files", about="all", claim="the seal", holds=seal.lower() == computed_seal, numbers=numbers)
        )
    return Verification(
        run=name,
        rows=rows,
        seal=computed_seal,
        spent=spent,
        computed=record.seconds,
    )


class _Cells:
    """The cells of a run, each checked once, whichever protocol has it."""

    def __init__(self, store: Store, record: RunRecord, plugins: Plugins) -> None:
        self._store, self._record, self._plugins = store, record, plugins
        self._encoding = CellEncoding(plugins)
        self._seen: set[str] = set()

    def rows(self, protocol: str) -> Iterator[Row]:
        """What the cells of a protocol claim."""
        # By data set, so that each is loaded once.
        stored = [(key, self._store.read(key)) for key in dict.fromkeys(self._record.cells.get(protocol, ()))]
        unseen = [(key, cell) for key, cell in stored if cell is not None and key not in self._seen]
        for key, cell in sorted(unseen, key=lambda pair: str(pair[1].identity.get("data"))):
            self._seen.add(key)
            yield from self._cell(protocol, key, cell)

    def _cell(self, protocol: str, key: str, stored: StoredCell) -> Iterator[Row]:
        outcome, about = stored.result.values.get("outcome"), f"{key[:_SHORT]} {stored.label}".strip()
        kind = outcome if isinstance(outcome, str) else "cells"
        row = partial(Row, kind=kind, about=about)
        try:
            cell = self._encoding.decode(stored.identity.get("cell"), stored.label)
            proof = offering(self._plugins, protocol, cell.task).proofs.get(cell.task)
            if proof is None:
                yield row(claim=cell.task, holds=None, numbers=f"no proof is there for the task {cell.task!r}")
                return
            data = self._data(cell, stored.identity)
            needed = [self._result_of(need) for need in stored.identity["needs"]]  # type: ignore[union-attr]
            x, y = (None, None) if data is None else (data.x, data.y)
            with plugin_code(repr(proof), "verifying"):
                claims = load_object(proof)(stored.identity, stored.result.values, stored.result.arrays, x, y, needed)
                claims = None if claims is None else [(str(c), bool(h), str(n)) for c, h, n in claims]
        except (JamharnessError, LookupError, ValueError, TypeError, ArithmeticError) as error:
            reason = " ".join(str(error).split())[:300]
            yield row(claim="can be checked", holds=False, numbers=f"{type(error).__name__}: {reason}")
            return
        if claims is None:
            yield row(claim=cell.task, holds=None, numbers="there are no formulas for this system and loss")
        for claim, holds, numbers in claims or ():
            yield row(claim=claim, holds=holds, numbers=numbers)

    def _result_of(self, key: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        if key not in {each for keys in self._record.cells.values() for each in keys}:
            raise ValueError(f"it needs the cell {str(key)[:_SHORT]}, which is none of this run")
        stored = self._store.read(key)
        if stored is None:
            raise ValueError(f"it needs the cell {key[:_SHORT]}, which cannot be read")
        return stored.result.values, stored.result.arrays

    def _data(self, cell: Cell, identity: Mapping[str, Any]) -> Patterns | None:
        """The patterns, which are those that the cell's key has the digest of."""
        if cell.dataset is None:
            return None
        try:
            patterns = load(self._plugins.dataset(cell.dataset.dataset).factory, cell.dataset)
        except JamharnessError:
            raise
        except Exception as error:
            raise BadInput(f"data set {cell.dataset.dataset!r} cannot be loaded ({error})") from error
        if patterns.digest() != identity.get("data"):
            raise BadInput(f"data set {cell.dataset.dataset!r} gives other patterns than the cell was computed on")
        return patterns


def _estimates(store: Store, record: RunRecord, name: str, plugins: Plugins) -> Iterator[Row]:
    """The plan is followed to its end, and its cells give the estimates that were recorded."""
    row = partial(Row, kind="estimates")
    protocol = load_protocol(plugins, name)
    settings = build_settings(name, protocol.Settings, record.protocols[name], systems=partial(system_class, plugins))
    keys = tuple(dict.fromkeys(record.cells.get(name, ())))
    done, missing = finished_cells(store, keys, record.failures.get(name, ()), CellEncoding(plugins))
    yield row(
        about=f"{name}: plan", claim="followed to its end", **_check_plan(protocol, settings, done, missing, plugins)
    )
    recorded = record.conclusions.get(name)
    if recorded is None or record.status != "finished":
        yield row(about=name, claim="recorded", holds=False, numbers=f"the run is {record.status}")
        return
    part = conclude(Experiment(name=name, protocol=protocol, settings=settings), done, reused=0, seconds=0.0)
    now = concluded(part.findings)
    estimates = {} if now is None else now.estimates
    for key in dict.fromkeys([*recorded.estimates, *estimates]):
        before, after = recorded.estimates.get(key), estimates.get(key)
        holds = before is not None and after is not None and same(before, after)
        shown = [None if each is None else each.value for each in (before, after)]
        numbers = f"{shown[0]}" if holds else f"{shown[0]} recorded, {shown[1]} from the cells"
        yield row(about=f"{name}: {key}", claim="follows from the cells", holds=holds, numbers=numbers)
    unchanged = now is not None and now.objection == recorded.objection
    yield row(about=f"{name}: objection", claim="follows from the cells", holds=unchanged, numbers=recorded.objection)


def _claim(record: RunRecord) -> Iterator[Row]:
    """The claim is the one of its digest, and its verdict follows from the recorded estimate."""
    if not record.claim:
        return
    row = partial(Row, kind="claim", about=str(record.claim["digest"])[:_SHORT])
    try:
        claim = tested_claim(record.claim)
        assert claim is not None
    except BadInput as error:
        yield row(claim="is what was registered", holds=False, numbers=str(error))
        return
    yield row(claim="is what was registered", holds=True, numbers=claim.digest)
    conclusion = record.conclusions.get(claim.prediction.protocol)
    verdict, reason = claim.prediction.judge(
        conclusion.estimates.get(claim.prediction.estimate) if conclusion else None
    )
    # Objections, failed and older cells make any interval undecided, and nothing else changes a verdict.
    holds = claim.verdict in (verdict, UNDECIDED)
    yield row(claim=f"is {claim.verdict}", holds=holds, numbers=reason)


def _check_plan(
    protocol: Any, settings: Any, done: list[FinishedCell], missing: tuple[str, ...], plugins: Plugins
) -> dict[str, Any]:
    """Whether nothing is left to compute, and nothing is there that was not asked for."""
    if missing:
        return {"holds": False, "numbers": f"{len(missing)} cells cannot be read"}
    encoding = CellEncoding(plugins)
    with plugin_code("the protocol", "planning"):
        left = list(protocol.plan(settings, done))
    texts = {encoding.text(item.cell) for item in done}
    more = sum(encoding.text(cell) not in texts for cell in with_needs(left))
    return {"holds": not more, "numbers": f"{len(done)} cells, {more} missing"}
