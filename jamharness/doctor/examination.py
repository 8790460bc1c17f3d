"""All findings, in the order in which they are made."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from jamharness.doctor.findings import Finding
from jamharness.doctor.frameworks import frameworks, plugins_found
from jamharness.doctor.machine import machine
from jamharness.doctor.stores import store_found
from jamharness.plugins import Plugins


def examine(
    plugins: Plugins, *, store: str | Path | None = None, interpreters: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """Look at everything that a run depends on; takes as long as all frameworks take to import, one after the other.

    Arguments:
        plugins: what is installed.
        store: as for ``run``.
        interpreters: the Python of a backend's workers, by the backend's name.
    """
    from jamharness.store.folder import DEFAULT

    known = interpreters or {}
    yield from machine(Path(DEFAULT if store is None else store).expanduser().absolute())
    yield from plugins_found(plugins, known)
    yield from frameworks(plugins, known)
    yield from store_found(store)
