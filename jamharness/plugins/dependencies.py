"""Which distributions are installed, asked of their metadata: nothing is imported."""

import re
from collections.abc import Iterable
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*).*;.*\bextra\s*==\s*['\"](?P<extra>[^'\"]+)['\"]")


def installed(requirements: Iterable[str]) -> dict[str, str]:
    """The version of each distribution that is installed.

    Arguments:
        requirements: as ``BackendSpec.distributions`` has them; of alternatives the first that fits counts, or else the
            first that is installed at all.
    """
    versions = {}
    for text in requirements:
        choice = _choice(text)
        if choice is not None:
            versions[choice[0].name] = choice[1]
    return versions


def explain_missing(requirements: Iterable[str]) -> str:
    """One sentence that says what is missing or too old and how to install it; empty when nothing is.

    Arguments:
        requirements: as ``BackendSpec.distributions`` has them.
    """
    missing, unfit, targets = [], [], []
    for text in requirements:
        choice = _choice(text)
        first = alternatives(text)[0]
        if choice is None:
            missing.append(first.name)
            targets.append(_target(first.name))
        elif not _fits(*choice):
            unfit.append(f"{choice[0].name} {choice[1]} is installed here and {choice[0].specifier} is needed")
            targets.append(_target(choice[0].name))
    parts = [*unfit]
    if missing:
        parts.insert(0, f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed here")
    return f"{', '.join(parts)}; run: pip install {' '.join(dict.fromkeys(targets))}" if parts else ""


def alternatives(text: str) -> "list[Requirement]":
    """What a requirement such as ``"tensorflow-cpu>=2.18 | tensorflow>=2.18"`` asks for, any one of it.

    Raises:
        ValueError: it is not written as pip writes requirements.
    """
    from packaging.requirements import Requirement

    return [Requirement(part) for part in text.split("|")]


def _choice(text: str) -> "tuple[Requirement, str] | None":
    """The alternative that is installed, with its version; one that fits is preferred."""
    present = []
    for requirement in alternatives(text):
        try:
            present.append((requirement, metadata.version(requirement.name)))
        except metadata.PackageNotFoundError:
            continue
    return next((each for each in present if _fits(*each)), present[0] if present else None)


def _fits(requirement: "Requirement", version: str) -> bool:
    # A development version of a later release is as good as that release.
    return requirement.specifier.contains(version, prereleases=True)


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
