"""Which plugins are installed: the entry points of group ``jamharness``."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

GROUP = "jamharness"
DISABLE = "JAMHARNESS_DISABLE"


@dataclass(frozen=True, kw_only=True)
class Discovered:
    """An entry point, not loaded yet.

    Arguments:
        name: of the entry point.
        distribution, version: where it comes from.
        entry: the entry point; None when the distribution's list of them cannot be read.
        problem: why it cannot.
    """

    name: str
    distribution: str
    version: str
    entry: metadata.EntryPoint | None = None
    problem: str = ""


def find() -> list[Discovered]:
    """All entry points of the group, in the order of names."""
    try:
        entry_points = [_discovered(entry, entry.dist) for entry in metadata.entry_points(group=GROUP)]
    except Exception:  # noqa: BLE001  (one malformed file breaks the library's search for every program)
        return _find_one_by_one()
    return sorted(entry_points, key=lambda each: (each.name, each.distribution))


def _find_one_by_one() -> list[Discovered]:
    entry_points: dict[str, list[Discovered]] = {}
    for distribution in metadata.distributions():
        try:
            name = distribution.metadata["Name"] or "unknown"
        except Exception as error:  # noqa: BLE001  (likewise)
            # Its folder is called NAME-VERSION.dist-info.
            name = (
                str(getattr(distribution, "_path", "unknown")).replace("\\", "/").rpartition("/")[2].partition("-")[0]
            )
            problem = f"its METADATA cannot be read ({type(error).__name__}); reinstall {name}"
            entry_points.setdefault(name, [Discovered(name=name, distribution=name, version="", problem=problem)])
            continue
        if name in entry_points:  # the first on the path is the one that is imported
            continue
        try:
            entry_points[name] = [
                _discovered(entry, distribution) for entry in distribution.entry_points if entry.group == GROUP
            ]
        except Exception as error:  # noqa: BLE001  (whatever is wrong with it, the others must still be found)
            problem = f"its entry_points.txt cannot be read ({type(error).__name__}); reinstall {name}"
            entry_points[name] = [
                Discovered(name=name, distribution=name, version=_version(distribution), problem=problem)
            ]
    return sorted(
        (each for group in entry_points.values() for each in group), key=lambda each: (each.name, each.distribution)
    )


def _discovered(entry: metadata.EntryPoint, distribution: metadata.Distribution | None) -> Discovered:
    if distribution is None:
        return Discovered(name=entry.name, distribution="", version="", entry=entry)
    name = distribution.metadata["Name"] or "unknown"
    return Discovered(name=entry.name, distribution=name, version=_version(distribution), entry=entry)


def _version(distribution: metadata.Distribution) -> str:
    return distribution.metadata["Version"] or ""


def disabled(names: Sequence[str]) -> dict[str, str]:
    """What is disabled, and by what: the names given, and those of ``JAMHARNESS_DISABLE``, separated by commas."""
    from_environment = [name.strip() for name in os.environ.get(DISABLE, "").split(",")]
    return {
        **{name: f"{DISABLE}={name}" for name in from_environment if name},
        **{name: f"--disable {name}" for name in names},
    }
