"""All findings, in the order in which they are made."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jamharness.api import BadInput
from jamharness.doctor.findings import Finding
from jamharness.doctor.frameworks import frameworks, plugins_found
from jamharness.doctor.machine import machine
from jamharness.doctor.stores import store_found
from jamharness.plugins import Plugins

CORRECT = "Correct the file: other commands refuse it; what is wrong in it is left out of account here."


def examine(
    plugins: Plugins,
    *,
    store: str | Path | None = None,
    interpreters: Mapping[str, str] | None = None,
    misconfigured: Sequence[str] = (),
) -> Iterator[Finding]:
    """Look at everything that a run depends on; takes as long as all frameworks take to import, one after the other.

    Arguments:
        plugins: what is installed.
        store: as for ``run``.
        interpreters: the Python of a backend's workers, by the backend's name.
        misconfigured: what is wrong with configuration files, and left out of account here; one sentence each.
    """
    executables = interpreters or {}
    yield from machine(_where(store))
    for sentence in misconfigured:
        yield Finding(topic="configuration", state="problem", text=sentence, advice=CORRECT)
    yield from plugins_found(plugins, executables)
    yield from frameworks(plugins, executables)
    yield from store_found(store)


def _where(store: str | Path | None) -> Path:
    """Where results would be kept; the root of the file system where that cannot be, which ``store_found`` explains."""
    from jamharness.store import Store

    try:
        return Store(store, create=False).root
    except BadInput:
        return Path("/")
