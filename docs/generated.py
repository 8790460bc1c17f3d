"""What the site reads from the code while it is built: commands, settings, estimates, systems, and what is public."""

import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPOSITORY = "https://github.com/jamharness/jamharness/blob/main"
_COMMENT = re.compile(r"<!-- generated: (\w+) -->")
_OUTSIDE = re.compile(r"\]\(\.\./(?!reference)([^)]+)\)")
_PATTERN = re.compile(r"[a-z-]+\*")
"""A line of a toctree; Sphinx warns of one that no page fits, and pages come with other changes."""
_VALUES = ("data", "attribute", "property")
_COLON = "\ue000"
"""Of no text: it stands for a colon for a while."""
_TOCTREE = re.compile(r"```\{toctree\}\n(.*?)```", flags=re.DOTALL)


def as_read(name: str, text: str) -> str:
    """A page as Sphinx is to read it.

    Arguments:
        name: of the page, without its ending.
        text: as it lies in the repository.
    """
    if "/" not in name:
        # What lies outside docs/ is no page of the site.
        text = _OUTSIDE.sub(lambda match: f"]({REPOSITORY}/{match[1]})", text)
    if name == "index":
        text = "\n".join(
            line for line in text.split("\n") if not _PATTERN.fullmatch(line) or list(HERE.glob(f"{line}.md"))
        )
    return _COMMENT.sub(lambda match: PARTS[match[1]](), text)


def toctrees(index: str) -> Iterator[str]:
    """The entries of all toctrees of a page: names, or patterns of names."""
    for body in _TOCTREE.findall(index):
        for line in body.splitlines():
            entry = line.strip()
            if entry and not entry.startswith((":", "<!--")):
                yield re.sub(r".*<(.*)>", r"\1", entry)


def others() -> str:
    """The pages that no other toctree of the index has, one a line: what is measured, a page each."""
    index = (HERE / "index.md").read_text(encoding="utf-8")
    listed = [*toctrees(index), "index"]
    pages = sorted(path.stem for path in HERE.glob("*.md"))
    return "\n".join(page for page in pages if not any(fnmatch(page, entry) for entry in listed))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; within a cell bars and line breaks are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _prose(text: str) -> str:
    """Words that Markdown must take as they are: ``*`` and ``_`` are symbols of formulas, ``<`` begins no tag."""
    return re.sub(r"([*_<\[\]])", r"\\\1", text)


@cache
def _plugins() -> Any:
    from jamharness.plugins import Plugins

    return Plugins.load()


def commands() -> str:
    """Every command with its arguments and options, as its own ``--help`` has them."""
    import typer

    from jamharness.cli.app import build_app

    group: Any = typer.main.get_command(build_app(_plugins()))
    return "\n".join(_command(name, command) for name, command in group.commands.items())


def _command(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join(["jamharness", name, *(str(each.metavar) for each in arguments), "[OPTIONS]"])
    rows = [[f"`{each.metavar}`", _prose(getattr(each, "help", "") or "")] for each in arguments]
    rows += [[_option(each), _prose(each.help or "")] for each in options if not each.hidden]
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n"))
    return f"## {name}\n\n```text\n{usage}\n```\n\n{_prose(text)}\n\n{table(['option', 'meaning'], rows)}"


def _option(option: Any) -> str:
    metavar = "" if option.is_flag else f" {option.metavar or option.type.name.upper()}"
    return ", ".join(f"`{name}{metavar}`" for name in option.opts)


def protocols() -> str:
    """Every protocol: what it measures, its settings with their defaults and sources, presets, and estimates."""
    from jamharness.cli.protocols import protocol_of
    from jamharness.settings import describe_settings, presets_of
    from jamharness.values import as_text

    parts = []
    for name, spec in sorted(_plugins().protocols.items()):
        protocol = protocol_of(_plugins(), name)
        parts += [f"## {name}\n", _prose(f"{spec.summary[:1].upper()}{spec.summary[1:]}.") + "\n"]
        parts.append(_settings(describe_settings(protocol.Settings)))
        for preset, values in presets_of(protocol).items():
            changed = ", ".join(f"`{key}={as_text(value)}`" for key, value in values.items())
            parts.append(f"`--preset {preset}`: {changed or 'the defaults'}\n")
        rows = [
            [f"`{key}`", _prose(each.unit), _prose(each.meaning), _prose(each.published), _prose(each.source)]
            for key, each in protocol.observables.items()
        ]
        parts.append(table(["estimate", "unit", "meaning", "published", "source"], rows))
    return "\n".join(parts)


def _settings(rows: Iterable[Any]) -> str:
    return table(
        ["setting", "default", "meaning", "allowed", "source"],
        [
            [
                f"`{row.name}`",
                f"`{row.default}`" if row.default else "",
                *map(_prose, (row.help, row.allowed, row.source)),
            ]
            for row in rows
        ],
    )


def systems() -> str:
    """Every system with its settings."""
    from jamharness.plugins import system_class
    from jamharness.settings import describe_settings

    parts = []
    for name, spec in sorted(_plugins().systems.items()):
        parts += [f"## {name}\n", _prose(spec.summary) + "\n"]
        parts.append(_settings(describe_settings(system_class(_plugins(), name))))
    return "\n".join(parts)


def backends() -> str:
    """Every backend and data set, with what it needs."""
    parts = []
    for title, kind, specs in (
        ("Backends", "backend", _plugins().backends),
        ("Data sets", "dataset", _plugins().datasets),
    ):
        summaries = {row.name: row.summary for row in _plugins().rows if row.kind == kind}
        rows = [
            [f"`{name}`", _prose(summaries.get(name, "")), _prose(", ".join(spec.distributions))]
            for name, spec in sorted(specs.items())
        ]
        parts.append(f"## {title}\n\n" + table([kind, "what it is", "needs"], rows))
    return "\n".join(parts)


def hooks() -> str:
    """The specifications of the hooks."""
    return _automodule("jamharness.hookspecs")


def api() -> str:
    """What plugin authors program against."""
    return _automodule("jamharness.api", imported=True)


def package() -> str:
    """What ``import jamharness`` offers beside names of its api."""
    import jamharness

    own = {name: getattr(jamharness, name) for name in jamharness.__all__}
    shared = [name for name, thing in own.items() if thing.__module__.startswith("jamharness.api")]
    listed = ", ".join(f"`{name}`" for name in shared)
    parts = [f"{listed} are those of [jamharness.api](api.md).\n"]
    for name, thing in own.items():
        if name not in shared:
            kind = "autoclass" if isinstance(thing, type) else "autofunction"
            members = "\n   :members:" if isinstance(thing, type) else ""
            parts.append(f"```{{eval-rst}}\n.. {kind}:: jamharness.{name}{members}\n```\n")
    return "\n".join(parts)


def numerics() -> str:
    """Every module of the numerics that has public names of its own."""
    return "\n".join(f"## {name}\n\n{_automodule(name)}" for name in numerics_modules())


def numerics_modules() -> list[str]:
    """The modules of ``jamharness_numerics`` that define something public."""
    root = import_module("jamharness_numerics")
    names = [each.name for each in pkgutil.walk_packages(root.__path__, "jamharness_numerics.")]
    return [name for name in sorted(names) if public_names(import_module(name))]


def public_names(module: Any) -> list[str]:
    """The functions and classes that a module defines itself and does not hide."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", "") == module.__name__
    ]


def _automodule(name: str, *, imported: bool = False) -> str:
    options = [":members:", ":show-inheritance:", *([":imported-members:"] if imported else [])]
    body = "\n".join(f"   {option}" for option in options)
    return f"```{{eval-rst}}\n.. automodule:: {name}\n{body}\n```\n"


def plain_docstring(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:  # noqa: ARG001
    """Docstrings are plain text with ``code``: whatever else would be markup is made a character.

    Arguments:
        app: like all that follow as ``autodoc-process-docstring`` has it; not used.
        what: whether it is that of a module, a class, data, …
        name: not used.
        thing: not used.
        options: not used.
        lines: of the docstring, changed in place.
    """
    text = "\n".join(lines)
    pieces = re.split(r"(``.*?``)", text, flags=re.DOTALL)
    lines[:] = "".join(
        piece if piece.startswith("``") else re.sub(r"([\\*|_`])", r"\\\1", piece) for piece in pieces
    ).split("\n")
    if what in _VALUES:
        lines[:] = [line.replace(":", _COLON) for line in lines]


def colons_again(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:  # noqa: ARG001
    """After napoleon, which takes what stands before a colon in the docstring of a value for its type.

    Arguments:
        app: like all that follow as for ``plain_docstring``.
        what: whether it is that of a value.
        name: not used.
        thing: not used.
        options: not used.
        lines: of the docstring, changed in place.
    """
    if what in _VALUES:
        lines[:] = [line.replace(_COLON, ":") for line in lines]


PARTS = {
    "others": others,
    "commands": commands,
    "protocols": protocols,
    "systems": systems,
    "backends": backends,
    "hooks": hooks,
    "api": api,
    "package": package,
    "numerics": numerics,
}
"""What may stand in a comment of a page."""
