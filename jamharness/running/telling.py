"""Plugins that want to know of finished runs: they see all of one and change nothing, and have a limit of time."""

import logging
import threading
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from jamharness.plugins import Plugins
from jamharness.running.result import ProtocolRun, Run

log = logging.getLogger("jamharness")
_HOOK = "jamharness_run_finished"
LIMIT = 10.0
"""Seconds that each plugin has."""


def tell(plugins: Plugins, finished: Run, limit: float | None = None) -> None:
    """Call ``jamharness_run_finished`` of every plugin; one that fails or takes too long is a warning.

    Each gets a copy of its own that is read-only in depth, so that nothing it does reaches the result or another
    plugin. One that takes too long is left behind in its thread, which ends with the program.

    Arguments:
        plugins: what is installed.
        finished: the run, its result settled.
        limit: seconds that each has; None for ``LIMIT``.
    """
    seconds = LIMIT if limit is None else limit
    for plugin in plugins.implementers(_HOOK):
        before = _broken(plugins)
        thread = threading.Thread(
            target=_call, args=(plugins, plugin, finished), name=f"jamharness-{plugin}", daemon=True
        )
        thread.start()
        try:
            thread.join(seconds)
        except KeyboardInterrupt:
            log.warning("Interrupted while plugin %r was told of the finished run; the run stands.", plugin)
            return
        if thread.is_alive():
            log.warning("Plugin %r takes longer than %g s over the finished run and is left behind.", plugin, seconds)
            continue
        for name, reason in _broken(plugins) - before:
            log.warning("Plugin %r failed after the run was finished: %s", name, reason)


def _call(plugins: Plugins, plugin: str, finished: Run) -> None:
    try:
        plugins.call(_HOOK, only=plugin, run=read_only(finished))
    except BaseException as error:  # noqa: BLE001  (whatever ends this thread is the plugin's own fault)
        log.warning("Plugin %r failed after the run was finished: %s: %s", plugin, type(error).__name__, error)


def _broken(plugins: Plugins) -> set[tuple[str, str]]:
    return {(row.name, row.reason) for row in plugins.rows if row.kind == "plugin" and row.state == "broken"}


def read_only(run: Run) -> Run:
    """A copy of a run whose mappings, lists and arrays cannot be written to; tables are copies of their own."""
    return replace(
        run,
        protocols=MappingProxyType({name: _part(part) for name, part in run.protocols.items()}),
        files=tuple(run.files),
        environment=_frozen(run.environment),
    )


def _part(part: ProtocolRun) -> ProtocolRun:
    findings = part.findings
    return replace(
        part,
        settings=_frozen(part.settings),
        findings=replace(
            findings,
            estimates=MappingProxyType({name: copy(item) for name, item in findings.estimates.items()}),
            tables=MappingProxyType({name: frame.copy(deep=True) for name, frame in findings.tables.items()}),
            arrays=MappingProxyType({name: _array(array) for name, array in findings.arrays.items()}),
            samples=_frozen(findings.samples),
            resolution=_frozen(findings.resolution),
        ),
        cells=_frozen(part.cells),
        failures=tuple(part.failures),
        missing=tuple(part.missing),
    )


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    return value


def _array(array: Any) -> Any:
    own = np.array(array)
    own.flags.writeable = False
    return own
