"""What the user gave, turned into a protocol's settings; all that is wrong with it at once, one sentence each."""

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, TypeVar

from jamharness.api import BadInput, PluginError, SystemChoice, unknown_name
from jamharness.values import allowed, as_text, convert, types_of

T = TypeVar("T")
SystemClass = Callable[[str], Any]
"""The class of a kind of system by its name; raises BadInput where there is none."""
_CALL = re.compile(r"(?P<name>[^()]*)(\((?P<options>.*)\))?")


@dataclass(frozen=True, kw_only=True)
class SettingRow:
    """One setting of a protocol, for the list of them.

    Arguments:
        name: what the user types before ``=``.
        default: what the user would type after it to get the default; empty for none.
        allowed: which values it takes.
        help: what it means, with the unit.
        source: where the default comes from.
        required: whether it must be given.
    """

    name: str
    default: str
    allowed: str
    help: str
    source: str
    required: bool = False


def build_settings(
    protocol: str,
    kind: type[T],
    given: Mapping[str, Any],
    preset: str | None = None,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    systems: SystemClass | None = None,
) -> T:
    """The settings of a protocol: its defaults, changed by a preset, changed by what was given.

    Arguments:
        protocol: its name, for the sentences.
        kind: its ``Settings``, a dataclass made with ``jamharness.api.setting``.
        given: values by name, as Python values or as texts.
        preset: the name of a preset.
        presets: the protocol's presets by name.
        systems: where the class of a system comes from, for a setting that is a ``SystemChoice``.

    Raises:
        BadInput: all that is wrong: an unknown name or preset, a value of a wrong type or not among the choices, and
            what the settings themselves object to.
    """
    settings, problems = read_settings(protocol, kind, given, preset, presets, systems)
    if problems or settings is None:
        raise BadInput(*problems)
    return settings


def read_settings(
    protocol: str,
    kind: type[T],
    given: Mapping[str, Any],
    preset: str | None = None,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    systems: SystemClass | None = None,
) -> tuple[T | None, list[str]]:
    """What ``build_settings`` returns, None where a value cannot be read, and one sentence for all that is wrong."""
    problems = []
    settings: T | None = None
    all_presets = presets or {}
    start: Mapping[str, Any] = {}
    if preset is not None:
        if preset in all_presets:
            start = all_presets[preset]
        elif all_presets:
            problems.append(unknown_name(f"preset of {protocol}", preset, all_presets))
        else:
            problems.append(f"Preset {preset!r}: {protocol} has no presets; leave it out.")
    given, choices, refused = _with_systems(kind, {**start, **given}, systems)
    values, unknown, wrong = check_values(kind, given, f"setting of {protocol}")
    wrong += refused
    values |= choices
    problems += unknown + wrong
    if not wrong:
        # An unknown name leaves the other values as they are; a value that could not be read does not.
        try:
            settings = kind(**values)
            problems += getattr(settings, "problems", list)()
        except BadInput as error:
            problems += error.problems
        except (ValueError, TypeError) as error:
            problems.append(f"Settings of {protocol}: {error}.")
    return settings, list(dict.fromkeys(problems))


def check_values(kind: type[Any], given: Mapping[str, Any], noun: str) -> tuple[dict[str, Any], list[str], list[str]]:
    """Convert each value to the type of the dataclass field of its name.

    Arguments:
        kind: the dataclass.
        given: values by name.
        noun: what such a name is called, as in ``"setting of jamming"``.

    Returns:
        The converted values; one sentence for each unknown name; one sentence for each value that is wrong or missing.
    """
    known_fields = {field.name: field for field in fields(kind) if field.init}
    types = types_of(kind)
    unknown = [unknown_name(noun, name, known_fields) for name in given if name not in known_fields]
    values, wrong = {}, []
    for name, field in known_fields.items():
        if name not in given:
            if field.default is MISSING and field.default_factory is MISSING:
                wrong.append(f"{noun.capitalize()} {name!r} has no default; give it: {field.metadata.get('help', '')}.")
            continue
        value = given[name]
        try:
            values[name] = convert(value, types[name])
        except OverflowError:
            wrong.append(f"{name} = {shown(value)}: no number of that size can be computed with; give a smaller one.")
            continue
        except (ValueError, TypeError, RecursionError):
            example = "" if field.default in (MISSING, None) else f", as in {name}={as_text(field.default)}"
            wrong.append(f"{name} = {shown(value)}: it must be {allowed(types[name])}{example}.")
            continue
        choices = field.metadata.get("choices", ())
        items = values[name] if isinstance(values[name], tuple) else (values[name],)
        wrong += [unknown_name(name, as_text(item), choices) for item in items if choices and item not in choices]
    return values, unknown, wrong


def system_options(kind: type[Any], given: Mapping[str, Any], systems: SystemClass) -> set[str]:
    """The names of the settings that the chosen system has of its own; none where the protocol itself has them all.

    Arguments:
        kind: the protocol's ``Settings``.
        given: values by name.
        systems: where the class of a system comes from.
    """
    names: set[str] = set()
    for field in _system_fields(kind):
        if field.name in given:
            try:
                name, _ = _parsed(given[field.name])
                if name != field.default.name:
                    names |= {option.name for option in fields(systems(name)) if option.init}
            except (BadInput, PluginError, ValueError, TypeError):
                continue  # it is reported where the settings are built
    return names


def _system_fields(kind: type[Any]) -> "list[Field[Any]]":
    return [field for field in fields(kind) if field.init and isinstance(field.default, SystemChoice)]


def _parsed(choice: Any) -> tuple[str, dict[str, str]]:
    """``NAME`` or ``NAME(KEY=VALUE,…)``."""
    match = _CALL.fullmatch(str(choice).strip())
    if match is None:
        raise ValueError(choice)
    options = {}
    for part in filter(None, (match["options"] or "").split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(choice)
        options[key.strip()] = value.strip()
    return match["name"].strip(), options


def _with_systems(
    kind: type[Any], settings: Mapping[str, Any], systems: SystemClass | None
) -> tuple[dict[str, Any], dict[str, SystemChoice], list[str]]:
    """Take what belongs to systems out of the settings.

    A setting of the system's own stands beside the others. One that both have, as ``inputs``, goes to both, but for one
    that the system's text has: that is the system's alone.

    Returns:
        The other values; by the name of a setting its system; one sentence for each thing that is wrong.
    """
    rest, choices, wrong = dict(settings), {}, []
    own = {field.name for field in fields(kind)}
    for field in _system_fields(kind):
        if field.name not in settings:
            continue
        value = rest.pop(field.name)
        if isinstance(value, SystemChoice):
            choices[field.name] = value
            continue
        try:
            name, options = _parsed(value)
        except ValueError:
            wrong.append(
                f"{field.name} = {shown(value)}: it must be the name of a system, as in {field.name}={field.default}."
            )
            continue
        if name == field.default.name:
            choices[field.name] = SystemChoice(name)
            wrong += [f"{field.name} = {shown(value)}: give {key} as a setting of its own." for key in options]
            continue
        try:
            if systems is None:
                raise BadInput(f"{field.name} = {shown(value)}: no other system than {field.default} is known here.")
            chosen = systems(name)
            names = {option.name for option in fields(chosen) if option.init}
            beside = {key: each for key, each in rest.items() if key in names}
            # What the protocol has by that name too, as a record of all settings does, is its own.
            twice = [
                f"{field.name} = {shown(value)}: {key} is given beside it too; give it once."
                for key in options
                if key in beside and key not in own
            ]
            wrong += twice
            options = beside | options
            built, unknown, unread = check_values(chosen, options, f"setting of system {name}")
            rest = {key: each for key, each in rest.items() if key not in names or key in own}
            wrong += unknown + unread
            if not unknown and not unread:
                choices[field.name] = SystemChoice(name, chosen(**built))
        except BadInput as error:
            wrong += error.problems
        except PluginError as error:
            wrong.append(str(error))
    return rest, choices, wrong


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` and, for one protocol alone, ``PROTOCOL.KEY=VALUE``.

    Arguments:
        assignments: as the user typed them.

    Returns:
        Texts by key, and a mapping of them by the name of each protocol that was named.

    Raises:
        BadInput: one sentence for each that has no ``=`` or no key, and for each key that is given twice.
    """
    settings, problems = read_assignments(assignments)
    if problems:
        raise BadInput(*problems)
    return settings


def read_assignments(assignments: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """What ``parse_assignments`` returns, from those that can be read, and one sentence for each other."""
    settings: dict[str, Any] = {}
    problems = []
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        protocol, dot, key = path.strip().rpartition(".")
        if not equals or not key or (dot and not protocol):
            problems.append(f"--set {assignment!r} must read KEY=VALUE, as in --set width=12.")
            continue
        home = settings.setdefault(protocol, {}) if protocol else settings
        if not isinstance(home, dict) or key in home:
            problems.append(f"--set {path.strip()} is given twice; give it once.")
            continue
        home[key] = text.strip()
    return settings, problems


def presets_of(protocol: Any) -> dict[str, dict[str, Any]]:
    """The presets of a protocol, or of its class, by name."""
    return {name: dict(values) for name, values in getattr(protocol, "presets", {}).items()}


def describe_settings(kind: type[Any]) -> list[SettingRow]:
    """One row for each setting of a protocol, in the order of its ``Settings``.

    Arguments:
        kind: the dataclass.
    """
    types, documented = types_of(kind), _documented(kind)
    rows = []
    for field in fields(kind):
        if not field.init:
            continue
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        choices = field.metadata.get("choices", ())
        rows.append(
            SettingRow(
                name=field.name,
                default="" if default is MISSING else as_text(default),
                allowed=" | ".join(choices) if choices else allowed(types[field.name]),
                help=field.metadata.get("help", "") or documented.get(field.name, ""),
                source=field.metadata.get("source", ""),
                required=default is MISSING,
            )
        )
    return rows


def _documented(kind: type[Any]) -> dict[str, str]:
    """What a docstring says under ``Arguments:``, by name."""
    _, _, below = inspect.cleandoc(kind.__doc__ or "").partition("\nArguments:\n")
    descriptions: dict[str, str] = {}
    name = ""
    for line in below.split("\n\n")[0].splitlines():
        start, colon, rest = line.strip().partition(": ")
        if colon and line.startswith("    ") and not line.startswith("     "):
            name = start
            descriptions |= dict.fromkeys(start.split(", "), rest)
        elif name:
            descriptions |= dict.fromkeys(name.split(", "), f"{descriptions[name.split(', ')[0]]} {line.strip()}")
    return descriptions


def shown(value: Any) -> str:
    """A value as it stands in a sentence: on one line, and short."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deeply, or a number of thousands of digits
        return f"a {type(value).__name__}"
    return text if len(text) <= 120 else f"{text[:117]}..."
