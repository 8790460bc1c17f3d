"""What a plugin declares: coarse, frozen, cheap to build, importing no framework."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

API_VERSION = (1, 0)
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class BackendSpec:
    """A backend that exists.

    Arguments:
        name: what the user types after ``--backend``.
        factory: ``"package.module:Class"``, a ``jamharness.api.Backend``; imported in a worker process only.
        api: the (major, minor) version of ``jamharness.api`` that it was written for.
        capabilities: the optional methods that it provides itself, and ``"protocol:NAME"`` for native protocols.
        distributions: what must be installed for it to run, as pip writes requirements: ``"torch>=2.5"``, with ``|``
            between alternatives: ``"tensorflow-cpu>=2.18 | tensorflow>=2.18"``.
        environment: variables to set before the framework is imported.
        summary: one line for the list of plugins.
    """

    name: str
    factory: str
    api: tuple[int, int] = API_VERSION
    capabilities: frozenset[str] = frozenset()
    distributions: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class ProtocolSpec:
    """A protocol that exists.

    Arguments:
        name: what the user types after ``run``.
        factory: ``"package.module:Class"``, a ``jamharness.api.Protocol`` constructed without arguments.
        api: the version of ``jamharness.api`` that it was written for.
        version: raised whenever the same settings would give other numbers though the files that compute are the same;
            part of the store key of cells that the protocol itself measures.
        tasks: what measures its cells: by name ``"package.module:function"``, called in a worker with ``(cell, needed,
            backend, progress)`` and returning a ``CellResult``. Protocols that name the same function share its cells,
            and only the modules that it leads to count in store keys. Without tasks the protocol's own ``measure``
            computes, under the protocol's name, and all its modules count.
        proofs: what checks results of its cells without the code that computed them: by the name of a task
            ``"package.module:function"``, called by ``jamharness verify`` with ``(identity, values, arrays, x, y,
            needed)``, of JSON values and arrays, and returning ``(name, whether it holds, numbers)`` for each claim, or
            None where it has nothing to say.
        summary: one line for the list of protocols.
    """

    name: str
    factory: str
    api: tuple[int, int] = API_VERSION
    version: str = "1"
    tasks: Mapping[str, str] = field(default_factory=dict)
    proofs: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """A data set that exists.

    Arguments:
        name: what the user types after ``dataset=``.
        factory: ``"package.module:function"``, called with a ``DataRequest``, returning ``Patterns``.
        api: the version of ``jamharness.api`` that it was written for.
        distributions: what must be installed for it to load, written likewise.
        summary: one line for the list of data sets.
    """

    name: str
    factory: str
    api: tuple[int, int] = API_VERSION
    distributions: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class SystemSpec:
    """A kind of system that exists.

    Arguments:
        name: what a cell of it is stored under.
        factory: ``"package.module:Class"``, a frozen dataclass of plain values.
        api: the version of ``jamharness.api`` that it was written for.
        summary: one line for the list of systems.
    """

    name: str
    factory: str
    api: tuple[int, int] = API_VERSION
    summary: str = ""


def hookimpl(function: F) -> F:
    """Mark a module's function as an implementation of the jamharness hook of the same name.

    It sets what ``pluggy.HookimplMarker("jamharness")`` sets without options, so that plugins need numpy alone to
    declare.
    """
    options = {
        "wrapper": False, "hookwrapper": False, "optionalhook": False,
        "tryfirst": False, "trylast": False, "specname": None,
    }  # fmt: skip
    function.jamharness_impl = options  # type: ignore[attr-defined]
    return function
