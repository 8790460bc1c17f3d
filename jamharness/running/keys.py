"""The keys of cells: what the store knows them by."""

from collections.abc import Callable
from dataclasses import replace

from jamharness.api import BackendSpec, Cell, DatasetSpec, Json, ProtocolSpec, digest
from jamharness.execution.job import Job, Target
from jamharness.execution.plain import plain
from jamharness.plugins import Plugins

Lookup = Callable[[tuple[str, ...], tuple[str, ...]], tuple[dict[str, str], dict[str, str]]]
"""Versions of distributions and hashes of packages, as ``execution.facts`` finds them in a worker's interpreter."""

_HOST = ("jamharness.api", "jamharness.datasets")
_LIBRARIES = ("numpy", "scipy")


class Keys:
    """Everything that can change the numbers of the cells of one run.

    Arguments:
        plugins: where protocols and data sets come from.
        target: the backend and where it computes.
        lookup: finds versions and hashes.
    """

    def __init__(self, plugins: Plugins, target: Target, lookup: Lookup) -> None:
        self._plugins, self._target, self._lookup = plugins, target, lookup
        self._contexts: dict[tuple[str, str], dict[str, Json]] = {}

    def plainly(self, cell: Cell) -> Cell:
        """The cell with its coordinates as JSON values, as it is when it comes back from the store.

        Raises:
            TypeError: a coordinate is no JSON value.
        """
        coordinates = plain(cell.coordinates, "coordinates")
        assert isinstance(coordinates, dict)
        return replace(cell, coordinates=coordinates)

    def identity(self, cell: Cell) -> dict[str, Json]:
        """All that a number of this cell depends on; the digest of it is the cell's key."""
        dataset = cell.dataset.dataset if cell.dataset else ""
        key = (cell.protocol, dataset)
        if key not in self._contexts:
            self._contexts[key] = self._context(cell.protocol, dataset)
        return {"cell": cell.identity(), **self._contexts[key]}

    def key(self, cell: Cell) -> str:
        """The key under which the store keeps the cell."""
        return digest(self.identity(cell))

    def job(self, cell: Cell) -> Job:
        """What a worker needs to compute the cell."""
        return Job(
            cell=cell,
            protocol_factory=self._plugins.protocol(cell.protocol).factory,
            dataset_factory=self._plugins.dataset(cell.dataset.dataset).factory if cell.dataset else "",
            target=self._target,
        )

    def _context(self, protocol_name: str, dataset_name: str) -> dict[str, Json]:
        backend, protocol = self._target.backend, self._plugins.protocol(protocol_name)
        specs: list[BackendSpec | ProtocolSpec | DatasetSpec] = [backend, protocol]
        libraries = {*_LIBRARIES, *backend.distributions}
        if dataset_name:
            dataset = self._plugins.dataset(dataset_name)
            specs.append(dataset)
            libraries |= set(dataset.distributions)
        packages = {*_HOST, *(_package(spec.factory) for spec in specs)}
        distribution, version = self._plugins.distribution_of(backend)
        versions, sources = self._lookup(tuple(sorted(libraries)), tuple(sorted(packages)))
        return {
            "protocol_version": protocol.version,
            "backend": backend.name,
            "distribution": [distribution, version],
            "versions": versions,
            "sources": sources,
            "device": self._target.device.partition(":")[0],
            "dtype": self._target.dtype,
            "threads": self._target.threads,
        }


def _package(factory: str) -> str:
    """The part of a plugin that is hashed: its top-level package; of jamharness itself the room."""
    parts = factory.partition(":")[0].split(".")
    return ".".join(parts[:2]) if parts[0] == "jamharness" else parts[0]
