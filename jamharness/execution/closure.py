"""Which files compute a number: the modules that a module imports, and theirs in turn, read without importing any.

What is followed: every import statement, also inside functions, ``from package import submodule``, relative imports,
``import_module`` of a literal name, and the ``__init__`` of every package on the way. What is not: the standard
library, libraries (their version stands for them), and imports for type checkers alone. A name that is made up while
the program runs cannot be seen; ``unseen`` finds what was loaded that way.
"""

import ast
import hashlib
import importlib
import os
import sys
import sysconfig
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

_CODE = (".py", ".so", ".pyd")
_HOST = "jamharness"
"""Its own ``__init__`` offers names of the whole host to users, computes nothing, and does not count."""
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where statements hold statements."""
_CALLS = (b"import_module", b"__import__")
_SITE = {"site-packages", "dist-packages"}

Imports = tuple[tuple[int, str, tuple[str, ...]], ...]
"""Of a module: the level of each import (0: absolute), the module it names, and the names taken from it."""


@dataclass(frozen=True, kw_only=True)
class Closure:
    """What a module leads to.

    Arguments:
        files: the SHA-256 of each module's file, by module; empty for a package without one.
        libraries: the top-level names at which the way ended.
    """

    files: dict[str, str]
    libraries: frozenset[str]


def closure(roots: Iterable[str], is_library: Callable[[str, Path], bool]) -> Closure:
    """Everything that some modules import in this interpreter.

    Arguments:
        roots: names of modules.
        is_library: whether a top-level module, by its name and file, is known by its version.
    """
    importlib.invalidate_caches()  # a file may be newer than what the finders remember of its folder
    specs: dict[str, ModuleSpec | None] = {}
    files: dict[str, str] = {}
    libraries: set[str] = set()
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name in specs or _is_standard(name):
            continue
        parent = name.rpartition(".")[0]
        if parent and parent not in specs:
            pending += [name, parent]
            continue
        spec = specs[name] = _locate(name, specs.get(parent))
        if spec is None or name == _HOST:
            continue
        path = _file(spec)
        if not parent and is_library(name, path or Path(*list(spec.submodule_search_locations or ())[:1])):
            libraries.add(name)
            # Without a spec its submodules lead nowhere.
            specs[name] = None
            continue
        if path is None:
            files[name] = ""
            continue
        status = path.stat()
        files[name], imports = _read(str(path), status.st_mtime_ns, status.st_size)
        pending += _targets(name, spec.submodule_search_locations is not None, imports)
    return Closure(files=files, libraries=frozenset(libraries))


def unseen(
    loaded: Iterable[str], allowed: Collection[str], own: Collection[str], libraries: Collection[str]
) -> list[str]:
    """Of the modules loaded in this process, those that count by their file, and that no closure has.

    Arguments:
        loaded: which to look at.
        allowed: modules that are accounted for.
        own: top-level names of the distributions whose files count.
        libraries: top-level names that count by their version.
    """
    packages = {name.partition(".")[0] for name in allowed} | set(own)
    return sorted(name for name in loaded if name not in allowed and _is_code(name, packages, libraries))


def is_installed(path: Path) -> bool:
    """Whether a file lies where installers put libraries."""
    return not _SITE.isdisjoint(path.parts)


def _is_code(name: str, packages: Collection[str], libraries: Collection[str]) -> bool:
    top = name.partition(".")[0]
    file = getattr(sys.modules.get(name), "__file__", None)
    if top == _HOST or top in libraries or _is_standard(name) or not isinstance(file, str):
        return False
    if top not in packages and (is_installed(Path(file)) or _is_beside_python(file)):
        return False
    # Frameworks write modules into temporary folders and load them by their path; no import would find those.
    return _locate(top, None) is not None


def _is_beside_python(file: str) -> bool:
    """Whether a file lies with the standard library, which has modules that its list of names lacks."""
    return file.startswith(tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")))


def _is_standard(name: str) -> bool:
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or top in ("__main__", "__mp_main__")


def _locate(name: str, parent: ModuleSpec | None) -> ModuleSpec | None:
    if "." in name:
        places = list(parent.submodule_search_locations or ()) if parent else []
        return PathFinder.find_spec(name, places) if places else None
    for finder in sys.meta_path:
        with suppress(Exception):
            spec = finder.find_spec(name, None)
            if spec is not None:
                return spec
    return None


def _file(spec: ModuleSpec) -> Path | None:
    """The file of a module; None for a package that has none."""
    if not spec.has_location or spec.origin is None:
        return None
    path = Path(spec.origin)
    return path if path.suffix in _CODE and path.is_file() else None


@lru_cache(maxsize=8192)
def _read(path: str, _modified: int, _size: int) -> tuple[str, Imports]:
    """The hash of a file and what it imports; once per process for the same state of it."""
    content = Path(path).read_bytes()
    imports: Imports = ()
    if path.endswith(".py"):
        with suppress(SyntaxError, ValueError):  # a module that cannot be read cannot be imported either
            imports = tuple(_imports(ast.parse(content).body, any(word in content for word in _CALLS)))
    return hashlib.sha256(content).hexdigest(), imports


def _imports(nodes: Iterable[ast.AST], calls: bool) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """The imports among statements and all that they hold; those made by calls only where there may be any."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.If) and _for_type_checkers(node.test):
            yield from _imports(node.orelse, calls)
        elif calls:
            if isinstance(node, ast.Call) and (name := _literal(node)):
                yield 0, name, ()
            yield from _imports(ast.iter_child_nodes(node), calls)
        else:
            for block in _BLOCKS:
                yield from _imports(getattr(node, block, ()), calls)


def _for_type_checkers(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _literal(call: ast.Call) -> str:
    """The module that ``import_module("name")`` or ``__import__("name")`` asks for; empty for anything else."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in ("import_module", "__import__") or len(call.args) != 1:
        return ""
    value = call.args[0].value if isinstance(call.args[0], ast.Constant) else ""
    return value if isinstance(value, str) and not value.startswith(".") else ""


def _targets(name: str, is_package: bool, imports: Imports) -> Iterator[str]:
    """The modules that a module's imports may mean: what is taken from a package may be a submodule."""
    for level, module, names in imports:
        base = module
        if level:
            parts = name.split(".") if is_package else name.split(".")[:-1]
            package = parts[: len(parts) - level + 1]
            base = ".".join([*package, *([module] if module else [])])
        if base:
            yield base
            yield from (f"{base}.{item}" for item in names if item != "*")
