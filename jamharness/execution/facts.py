"""What a number depends on beyond its settings: versions of libraries, and the code that computes."""

import hashlib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from jamharness.plugins.dependencies import alternatives, installed

_CODE = (".py", ".so", ".pyd")


def versions(requirements: Iterable[str]) -> dict[str, str]:
    """The installed version of each distribution in this interpreter; empty for one that is not there.

    Arguments:
        requirements: as ``BackendSpec.distributions`` has them.
    """
    found: dict[str, str] = {}
    for text in requirements:
        found |= installed([text]) or {alternatives(text)[0].name: ""}
    return found


def sources(packages: Iterable[str]) -> dict[str, str]:
    """A hash over the source files of each package in this interpreter, found without importing it.

    Arguments:
        packages: names of packages or modules; of a plugin the top level, such as ``"jamharness_torch"``.

    Returns:
        A SHA-256 by name; empty for one that is not there.
    """
    return {package: _hash(package) for package in packages}


def facts(distributions: tuple[str, ...], packages: tuple[str, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """``versions`` and ``sources`` together, for one call in a worker of another interpreter."""
    return versions(distributions), sources(packages)


def _hash(package: str) -> str:
    try:
        spec = find_spec(package)
    except (
        ImportError,
        ValueError,
    ):  # its parent is not there; or a module that something put into sys.modules by hand
        spec = None
    if spec is None:
        return ""
    if spec.submodule_search_locations is None:
        origin = Path(spec.origin) if spec.origin else None
        found = [(origin.name, origin)] if origin and origin.is_file() else []
    else:
        roots = [Path(location) for location in spec.submodule_search_locations]
        found = [
            (path.relative_to(root).as_posix(), path)
            for root in roots
            for path in root.rglob("*")
            if path.suffix in _CODE and path.is_file()
        ]
    digest = hashlib.sha256()
    for name, path in sorted(found):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
