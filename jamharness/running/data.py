"""Data are loaded before anything is written, in a worker: what is wrong with them is bad input and no failed cell.

The digest of what was loaded is part of every key, so that other files under the same name are other data.
"""

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace

from jamharness.api import BadInput, DataRequest, JamharnessError, Patterns
from jamharness.execution.data import fingerprint, load
from jamharness.execution.pool import LocalPool, WorkerDied
from jamharness.plugins import Plugins

log = logging.getLogger("jamharness")
PATIENCE = 60.0
"""Seconds that loading a data set may take where cells have no limit, or a shorter one."""
_SLOW = 5.0
"""Seconds after which whoever waits is told what for."""


@dataclass(frozen=True, kw_only=True)
class Loading:
    """How data are loaded: as the workers that compute on them do.

    Arguments:
        interpreter: the Python of the worker.
        environment: variables that differ from this process's.
        threads: of its linear algebra.
        limit: seconds that a cell may take; None for no limit.
        memory: GiB that the worker may use; None for no limit.
    """

    interpreter: str
    environment: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    limit: float | None = None
    memory: float | None = None

    def pool(self) -> LocalPool:
        """One worker; a data set that ends it is not tried again."""
        return LocalPool(
            1,
            interpreter=self.interpreter,
            environment=self.environment,
            threads=self.threads,
            limit=max(self.limit or 0.0, PATIENCE),
            memory=self.memory,
            # Starting Python does not count.
            prepare=(_ready, ()),
            retry=False,
        )


def _ready() -> None:
    """What a worker does before it loads."""


class DataDigests:
    """The digests of the patterns that cells compute on, each found once.

    Arguments:
        plugins: where data sets come from.
        loading: how they are loaded.
    """

    def __init__(self, plugins: Plugins, loading: Loading) -> None:
        self._plugins, self._loading = plugins, loading
        self._known: dict[DataRequest, str] = {}
        self._problems: dict[DataRequest, tuple[str, ...]] = {}

    def of(self, request: DataRequest) -> str:
        """The digest of what a request gives; empty where it gives nothing, which ``problem`` explains."""
        if request not in self._known:
            self.load([request])
        return self._known[request]

    def problem(self, request: DataRequest) -> str:
        """What is wrong with the data of one request; empty when nothing is."""
        self.of(request)
        return " ".join(self._problems.get(request, ()))

    @property
    def problems(self) -> list[str]:
        """What was wrong with all data that were asked for, one sentence each, each once."""
        return list(dict.fromkeys(text for texts in self._problems.values() for text in texts))

    def load(self, requests: Iterable[DataRequest]) -> None:
        """Find the digests of several requests in one worker."""
        new = [request for request in dict.fromkeys(requests) if request not in self._known]
        if not new:
            return
        # Requests that differ in their seed alone have the same things wrong with them: one is asked first.
        kinds: dict[DataRequest, list[DataRequest]] = {}
        for request in new:
            kinds.setdefault(replace(request, seed=0), []).append(request)
        with self._loading.pool() as pool:
            try:
                for alike in kinds.values():
                    self._take(pool, alike[:1])
                    if self._problems.get(alike[0]):
                        self._known |= dict.fromkeys(alike, "")
                        self._problems |= dict.fromkeys(alike, self._problems[alike[0]])
                    else:
                        self._take(pool, alike[1:])
            except BaseException:
                pool.kill()  # Ctrl-C: nobody waits for what it loads
                raise

    def _take(self, pool: LocalPool, requests: list[DataRequest]) -> None:
        futures: dict[DataRequest, Future[str]] = {}
        for request in requests:
            try:
                factory = self._plugins.dataset(request.dataset).factory
            except JamharnessError as error:
                self._known[request], self._problems[request] = "", _sentences(request, error)
                continue
            futures[request] = pool.submit(fingerprint, factory, request)
        if futures and not wait(futures.values(), _SLOW).done:
            log.warning("Data set %r has been loading for %g s …", next(iter(futures)).dataset, _SLOW)
        for request, future in futures.items():
            try:
                self._known[request] = future.result()
            except Exception as error:  # noqa: BLE001  (a data set may be anybody's code)
                self._known[request], self._problems[request] = "", _sentences(request, error)


def load_patterns(request: DataRequest, plugins: Plugins, loading: Loading) -> Patterns:
    """The patterns that are asked for, loaded in a worker.

    Raises:
        BadInput: everything that is wrong with them.
    """
    with loading.pool() as pool:
        try:
            return pool.submit(load, plugins.dataset(request.dataset).factory, request).result()
        except Exception as error:
            raise BadInput(*_sentences(request, error)) from error
        except BaseException:
            pool.kill()
            raise


def _sentences(request: DataRequest, error: Exception) -> tuple[str, ...]:
    name = f"Data set {request.dataset!r}"
    if isinstance(error, BadInput):
        # The arrays of ``Patterns`` do not know which data set they come from; a sentence about a setting says enough.
        return tuple(f"{name}: {text}" if text.startswith(("x ", "y ")) else text for text in error.problems)
    if isinstance(error, WorkerDied):
        return (f"{name} cannot be loaded: {str(error)[:1].lower()}{str(error)[1:]}",)
    if isinstance(error, ImportError):
        return (f"{name} cannot be loaded ({error}); install what it needs.",)
    if isinstance(error, JamharnessError):
        text = str(error)
        return (text if request.dataset in text else f"{name} cannot be loaded ({text.rstrip('.')}).",)
    return (f"{name} cannot be loaded ({type(error).__name__}: {error}).",)
