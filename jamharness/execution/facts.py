"""What a number depends on beyond its settings: versions of libraries, and the code that computes."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from itertools import chain
from pathlib import Path

from jamharness.execution.closure import closure, is_installed
from jamharness.plugins.dependencies import alternatives, installed

_HOST = "jamharness"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What to look up for one kind of cell.

    Arguments:
        modules: those that compute it: of its task, its backend, its data set and its system.
        requirements: libraries that count by their version, as ``BackendSpec.distributions`` has them.
        distributions: those that offer the modules; their files count however they are installed.
    """

    modules: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What an interpreter has.

    Arguments:
        versions: of the required libraries, and of every other that is imported on the way; empty for an absent one.
        sources: a hash over the files that compute, by top-level package (of jamharness by room); empty where there is
            no such module.
        modules: the modules that were hashed.
        own: the top-level names of the distributions that offer them.
        libraries: the top-level names that count by version.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()


def look_up(question: Question) -> Facts:
    """Versions and hashes, as this interpreter finds them; nothing is imported.

    A module counts by its file unless it belongs to the standard library, to a required library, or to an installed
    distribution other than those that offer the modules: those count by their version, so that a change made by hand
    inside an installed library is not seen.
    """
    required = {_normal(one.name) for text in question.requirements for one in alternatives(text)}
    own = frozenset(name for distribution in (_HOST, *question.distributions) for name in _top_levels(distribution))
    reached: dict[str, str] = {}

    def is_library(name: str, path: Path) -> bool:
        if _normal(name) in required:
            return True
        if name in own or not is_installed(path):
            return False
        distribution = _distribution_of(name, tuple(sorted(required)))
        if distribution and _normal(distribution) not in required:
            reached[distribution] = metadata.version(distribution)
        return bool(distribution)

    reach = closure(question.modules, is_library)
    groups: dict[str, list[tuple[str, str]]] = {_group(name): [] for name in question.modules}
    for name, sha in reach.files.items():
        groups.setdefault(_group(name), []).append((name, sha))
    return Facts(
        versions={**versions(question.requirements), **reached},
        sources={group: _digest(files) for group, files in sorted(groups.items())},
        modules=frozenset(reach.files),
        own=own,
        libraries=reach.libraries,
    )


def versions(requirements: Iterable[str]) -> dict[str, str]:
    """The installed version of each distribution in this interpreter; empty for one that is not there.

    Arguments:
        requirements: as ``BackendSpec.distributions`` has them.
    """
    by_distribution: dict[str, str] = {}
    for text in requirements:
        by_distribution |= installed([text]) or {alternatives(text)[0].name: ""}
    return by_distribution


def _group(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == _HOST else parts[0]


def _digest(files: list[tuple[str, str]]) -> str:
    lines = "".join(f"{name} {sha}\n" for name, sha in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest() if files else ""


def _distribution_of(name: str, required: tuple[str, ...]) -> str:
    """The installed distribution of a top-level module; empty for a file that belongs to none."""
    # Most are named as their module; to look through the files of the others takes a third of a second.
    for candidate in chain([name], (each for each in required if name in _top_levels(each))):
        try:
            return metadata.distribution(candidate).metadata["Name"]
        except metadata.PackageNotFoundError:
            continue
    return next(iter(_owners().get(name, ())), "")


@cache
def _owners() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


@cache
def _top_levels(distribution: str) -> frozenset[str]:
    """The top-level modules among a distribution's files; none where it is installed by a link to its sources."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return frozenset()
    tops = {path.parts[0].partition(".")[0] for path in files if path.suffix in (".py", ".so", ".pyd")}
    return frozenset(name for name in tops if name.isidentifier())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
