"""Configuration files: ``./jamharness.toml``, and over it the file that ``--config`` names."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from jamharness.api import BadInput, unknown_name
from jamharness.settings import check_values

DEFAULT = "jamharness.toml"
_TABLES = ("run", "settings", "interpreters")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The table ``[run]``: what the options of ``jamharness run`` are when they are not given; None where it is silent.

    Arguments:
        backend, device, dtype, limit, memory, preset, seed, threads, workers: as the options of these names.
        store: a folder; in a file a relative path starts at the file's folder.
    """

    backend: str | None = None
    device: str | None = None
    dtype: str | None = None
    limit: float | None = None
    memory: float | None = None
    preset: str | None = None
    seed: int | None = None
    store: str | None = None
    threads: int | None = None
    workers: int | None = None


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What the configuration files say.

    Arguments:
        run: the table ``[run]``.
        settings: the table ``[settings]``, for all protocols.
        protocols: the tables ``[settings.NAME]``, each for one protocol.
        interpreters: the table ``[interpreters]``: the Python that runs each backend.
    """

    run: RunOptions = RunOptions()
    settings: Mapping[str, Any] = field(default_factory=dict)
    protocols: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    interpreters: Mapping[str, str] = field(default_factory=dict)

    def settings_for(self, protocols: Collection[str], given: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of some protocols: those of the files, changed by what was given.

        Arguments:
            protocols: the names of those that run.
            given: from ``parse_assignments``; values by key, and mappings of them by protocol.
        """
        common = {key: value for key, value in given.items() if not isinstance(value, Mapping)}
        own = {key: value for key, value in given.items() if isinstance(value, Mapping)}
        merged: dict[str, Any] = {**self.settings, **common}
        for name in protocols:
            # What is typed for all protocols wins over what a file says for one.
            of_file = {key: value for key, value in self.protocols.get(name, {}).items() if key not in common}
            if of_file or name in own:
                merged[name] = {**of_file, **own.get(name, {})}
        return {**{name: values for name, values in own.items() if name not in protocols}, **merged}


def read_configuration(
    file: Path | None, folder: Path, protocols: Collection[str] = (), backends: Collection[str] = ()
) -> Configuration:
    """Read the configuration files that there are.

    Arguments:
        file: the one that was asked for; it wins over ``jamharness.toml``.
        folder: where ``jamharness.toml`` may lie.
        protocols: the names that may follow ``settings.``.
        backends: the names that may stand in ``[interpreters]``.

    Raises:
        BadInput: one sentence for everything that is wrong in any file.
    """
    problems: list[str] = []
    paths = [path for path in (folder / DEFAULT,) if path.is_file()] + ([file] if file else [])
    found = [_read(path, protocols, backends, problems) for path in paths]
    if problems:
        raise BadInput(*problems)
    merged = Configuration()
    for each in found:
        merged = _merge(merged, each)
    return merged


def _merge(below: Configuration, above: Configuration) -> Configuration:
    names = {*below.protocols, *above.protocols}
    said = {item.name: getattr(above.run, item.name) for item in fields(RunOptions)}
    return Configuration(
        run=RunOptions(**{name: getattr(below.run, name) if value is None else value for name, value in said.items()}),
        settings={**below.settings, **above.settings},
        protocols={name: {**below.protocols.get(name, {}), **above.protocols.get(name, {})} for name in names},
        interpreters={**below.interpreters, **above.interpreters},
    )


def _read(path: Path, protocols: Collection[str], backends: Collection[str], problems: list[str]) -> Configuration:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"Configuration {str(path)!r} does not exist; give the path of a TOML file.")
        return Configuration()
    except OSError as error:
        problems.append(f"Configuration {str(path)!r} cannot be read ({error.strerror}); give the path of a TOML file.")
        return Configuration()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"Configuration {str(path)!r} is not TOML: {error}.")
        return Configuration()

    def say(sentences: Collection[str]) -> None:
        problems.extend(f"{path}: {sentence}" for sentence in sentences)

    say([unknown_name("table", name, _TABLES) for name in document if name not in _TABLES])
    tables: dict[str, dict[str, Any]] = {}
    for name in _TABLES:
        tables[name] = document.get(name, {})
        if not isinstance(tables[name], dict):
            say([f"{name} must be a table, written [{name}]."])
            tables[name] = {}
    run, unknown, wrong = check_values(RunOptions, tables["run"], "key of [run]")
    say(unknown + wrong)
    own = {key: value for key, value in tables["settings"].items() if isinstance(value, dict)}
    say([unknown_name("protocol", name, protocols) for name in own if name not in protocols])
    say([unknown_name("backend", name, backends) for name in tables["interpreters"] if name not in backends])
    say([
        f"[interpreters] {name} = {value!r} must be the path of a Python, such as '.venv-{name}/bin/python'."
        for name, value in tables["interpreters"].items()
        if not isinstance(value, str) or not value
    ])  # fmt: skip
    here = path.absolute().parent
    if run.get("store"):
        run["store"] = str(here / Path(run["store"]).expanduser())
    return Configuration(
        run=RunOptions(**run),
        settings={key: value for key, value in tables["settings"].items() if key not in own},
        protocols=own,
        interpreters={name: _program(str(value), here) for name, value in tables["interpreters"].items()},
    )


def _program(text: str, folder: Path) -> str:
    """A path as seen from the file's folder; a bare name is left to be looked for on the PATH."""
    path = Path(text).expanduser()
    return str(folder / path) if len(path.parts) > 1 else text
