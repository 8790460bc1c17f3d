"""The keys of cells: what the store knows them by."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from jamharness.api import (
    BackendSpec,
    Cell,
    CellResult,
    DatasetSpec,
    Json,
    PluginError,
    ProtocolSpec,
    SystemSpec,
    digest,
    unknown_name,
)
from jamharness.execution.facts import Facts, Question
from jamharness.execution.job import Job, Target, Task
from jamharness.execution.plain import plain
from jamharness.plugins import Plugins
from jamharness.running.data import DataDigests
from jamharness.running.encoding import CellEncoding

LookUp = Callable[[Question], Facts]
"""Versions of libraries and hashes of files, as ``execution.facts`` finds them in a worker's interpreter."""

_LIBRARIES = ("numpy", "scipy")


class Keys:
    """Everything that can change the numbers of the cells of one protocol.

    Arguments:
        protocol: the name of the protocol that plans them.
        plugins: where protocols, systems and data sets come from.
        target: the backend and where it computes.
        look_up: finds versions and hashes.
        data: the digests of patterns.
    """

    def __init__(self, protocol: str, plugins: Plugins, target: Target, look_up: LookUp, data: DataDigests) -> None:
        self._protocol, self._plugins, self._target = protocol, plugins, target
        self._look_up, self._data = look_up, data
        self.encoding = CellEncoding(plugins)
        self.used: dict[tuple[str, str, tuple[str, str]], None] = {}
        """What took part so far: kind, name, and the name and version of its distribution."""
        self._contexts: dict[tuple[str, str, type | None], tuple[dict[str, Json], Facts]] = {}

    def plainly(self, cell: Cell) -> Cell:
        """The cell with its coordinates as JSON values, as it is when it comes back from the store.

        Raises:
            TypeError: a coordinate is no JSON value.
        """
        coordinates = plain(cell.coordinates, "coordinates")
        assert isinstance(coordinates, dict)
        return replace(cell, coordinates=coordinates, needs=tuple(self.plainly(need) for need in cell.needs))

    def expect(self, cells: Sequence[Cell]) -> None:
        """Look up at once what the keys of several cells need.

        Raises:
            BadInput: the workers' interpreter cannot run jamharness.
            PluginError: a task or a system is not there.
        """
        for cell in with_needs(cells):
            self._context(cell)
        self._data.load(cell.dataset for cell in with_needs(cells) if cell.dataset is not None)

    def problem(self, cell: Cell) -> str:
        """Why a cell cannot be computed, as far as its data tell; empty when it can."""
        return "" if cell.dataset is None else self._data.problem(cell.dataset)

    def identity(self, cell: Cell) -> dict[str, Json]:
        """All that a number of this cell depends on; the digest of it is the cell's key."""
        return {
            "cell": self.encoding.encode(cell),
            "data": None if cell.dataset is None else self._data.of(cell.dataset),
            "needs": [self.key(need) for need in cell.needs],
            **self._context(cell)[0],
        }

    def code(self, cell: Cell) -> dict[str, Json]:
        """Of ``identity`` what the code of the cell is known by: its function, distributions, versions, sources."""
        parts = ("function", "version", "distributions", "versions", "sources")
        return {part: self._context(cell)[0][part] for part in parts}

    def key(self, cell: Cell) -> str:
        """The key under which the store keeps the cell."""
        return digest(self.identity(cell))

    def job(self, cell: Cell, needed: tuple[CellResult, ...] = ()) -> Job:
        """What a worker needs to compute the cell.

        Arguments:
            cell: the cell.
            needed: the results of the cells that it needs.
        """
        return Job(
            cell=cell,
            task=find_task(self._plugins, self._protocol, cell.task, self._target),
            target=self._target,
            needed=needed,
            dataset_factory=self._plugins.dataset(cell.dataset.dataset).factory if cell.dataset else "",
            digest=self._data.of(cell.dataset) if cell.dataset else "",
            facts=self._context(cell)[1],
        )

    def _context(self, cell: Cell) -> tuple[dict[str, Json], Facts]:
        dataset = cell.dataset.dataset if cell.dataset else ""
        key = cell.task, dataset, None if cell.system is None else type(cell.system)
        if key not in self._contexts:
            self._contexts[key] = self._make_context(cell, dataset)
        return self._contexts[key]

    def _make_context(self, cell: Cell, dataset_name: str) -> tuple[dict[str, Json], Facts]:
        backend = self._target.backend
        protocol = offering(self._plugins, self._protocol, cell.task)
        task = find_task(self._plugins, self._protocol, cell.task, self._target)
        parts: dict[str, tuple[str, BackendSpec | ProtocolSpec | SystemSpec | DatasetSpec]] = {
            "backend": (backend.factory, backend),
            "task": (task.factory, protocol),
        }
        requirements = {*_LIBRARIES, *backend.distributions}
        if cell.system is not None:
            system = self._plugins.system(self.encoding.name_of(cell.system))
            parts["system"] = system.factory, system
        if dataset_name:
            dataset = self._plugins.dataset(dataset_name)
            parts["dataset"] = dataset.factory, dataset
            requirements |= set(dataset.distributions)
        homes = {kind: self._plugins.home_of(factory, spec) for kind, (factory, spec) in parts.items()}
        self.used |= {(kind, spec.name, homes[kind]): None for kind, (_, spec) in parts.items() if kind != "task"}
        facts = self._look_up(
            Question(
                modules=tuple(sorted({factory.partition(":")[0] for factory, _ in parts.values()})),
                requirements=tuple(sorted(requirements)),
                distributions=tuple(sorted({name for name, _ in homes.values() if name})),
            )
        )
        return {
            "function": task.factory,
            "native": task.native,
            "version": protocol.version if task.is_protocol else "",
            "backend": backend.name,
            "environment": _texts(backend.environment),
            "distributions": {kind: list(home) for kind, home in homes.items()},
            "versions": _texts(facts.versions),
            "sources": _texts(facts.sources),
            "device": self._target.device.partition(":")[0],
            "dtype": self._target.dtype,
            "threads": self._target.threads,
        }, facts


def offering(plugins: Plugins, protocol: str, task: str) -> ProtocolSpec:
    """The protocol that offers a task that another one plans cells of.

    Its own tasks come first, then a protocol of that name, then the tasks of any other protocol.

    Raises:
        PluginError: none does.
    """
    own, protocols = plugins.protocol(protocol), plugins.protocols
    for spec in (own, *sorted(protocols.values(), key=lambda spec: (spec.name != task, spec.name))):
        if task in (spec.tasks or (spec.name,)):
            return spec
    sentence = unknown_name("task", task, own.tasks or (own.name,))
    raise PluginError(f"Protocol {protocol!r} plans a cell of a task that is not there. {sentence}")


def find_task(plugins: Plugins, protocol: str, task: str, target: Target) -> Task:
    """What measures the cells of a task; raises what ``offering`` does."""
    spec = offering(plugins, protocol, task)
    native = f"protocol:{task}" in target.backend.capabilities
    return Task(name=task, factory=spec.tasks.get(task, spec.factory), is_protocol=not spec.tasks, native=native)


def task_modules(plugins: Plugins, protocols: Iterable[str]) -> tuple[str, ...]:
    """The modules of the tasks of some protocols; of one without tasks its own."""
    specs = [plugins.protocol(name) for name in protocols]
    factories = [factory for spec in specs for factory in (spec.tasks.values() or (spec.factory,))]
    return tuple(dict.fromkeys(factory.partition(":")[0] for factory in factories))


def with_needs(cells: Iterable[Cell]) -> Iterator[Cell]:
    """The cells, each after those that it needs."""
    for cell in cells:
        yield from with_needs(cell.needs)
        yield cell


def _texts(values: Mapping[str, str]) -> dict[str, Json]:
    return dict(values)
