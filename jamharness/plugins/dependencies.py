"""Which distributions are installed, asked of their metadata: nothing is imported."""

import re
from collections.abc import Iterable
from importlib import metadata

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*).*;.*\bextra\s*==\s*['\"](?P<extra>[^'\"]+)['\"]")


def installed(distributions: Iterable[str]) -> dict[str, str]:
    """The version of each distribution that is installed."""
    found = {}
    for name in distributions:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def explain_missing(distributions: Iterable[str]) -> str:
    """One sentence that says which distributions are missing and how to install them; empty when none is."""
    names = list(distributions)
    present = installed(names)
    missing = [name for name in names if name not in present]
    if not missing:
        return ""
    wanted = " ".join(dict.fromkeys(_target(name) for name in missing))
    verb = "is" if len(missing) == 1 else "are"
    return f"{' and '.join(missing)} {verb} not installed here; run: pip install {wanted}"


def _target(distribution: str) -> str:
    """What to hand to pip: the extra of jamharness that brings a distribution, or else its name."""
    sought = _normal(distribution)
    extras: dict[str, set[str]] = {}
    for requirement in _requirements():
        if match := _REQUIREMENT.match(requirement):
            extras.setdefault(match["extra"], set()).add(_normal(match["name"]))
    fitting = [extra for extra, names in extras.items() if sought in names or sought == _normal(extra)]
    if not fitting:
        return distribution
    # The smallest one: "all" would help too, and bring everything else along.
    return f'"jamharness[{min(fitting, key=lambda extra: (_normal(extra) != sought, len(extras[extra]), extra))}]"'


def _requirements() -> list[str]:
    try:
        return metadata.requires("jamharness") or []
    except metadata.PackageNotFoundError:  # run from a source tree
        return []


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
