"""Configuration files: the user's own, over it ``./jamharness.toml``, over both the one that ``--config`` names."""

import os
import tomllib
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from jamharness.api import BadInput, unknown_name
from jamharness.paths import read_file, user_path
from jamharness.settings import check_values, shown
from jamharness.sweeps import Axis, read_table

DEFAULT = "jamharness.toml"
MOST = 2**20
"""Bytes of the largest file that is taken for a configuration."""
_TABLES = ("run", "settings", "sweep", "interpreters")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The table ``[run]``: what the options of ``jamharness run`` are when they are not given; None where it is silent.

    Arguments:
        backend, device, dtype, limit, memory, preset, scheduler, seed, threads, workers: as the options of these names.
        store: a folder; in a file a relative path starts at the file's folder.
        download: whether files of data sets that are missing may be fetched.
    """

    backend: str | None = None
    device: str | None = None
    download: bool | None = None
    dtype: str | None = None
    limit: float | None = None
    memory: float | None = None
    preset: str | None = None
    scheduler: str | None = None
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
        sweep: the table ``[sweep]``: what changes from run to run.
        interpreters: the table ``[interpreters]``: the Python that runs each backend.
    """

    run: RunOptions = RunOptions()
    settings: Mapping[str, Any] = field(default_factory=dict)
    protocols: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sweep: tuple[Axis, ...] = ()
    interpreters: Mapping[str, str] = field(default_factory=dict)

    def without(self, setting: str) -> "Configuration":
        """The same without one setting, for all protocols and for each."""
        return replace(
            self,
            settings={key: value for key, value in self.settings.items() if key != setting},
            protocols={
                name: {key: value for key, value in values.items() if key != setting}
                for name, values in self.protocols.items()
            },
        )

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


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the configuration files say as far as they are sound, and what is wrong with them.

    Arguments:
        sound: the configuration without what is wrong.
        lying: sentences on the files that merely lie where they are looked for.
        named: sentences on the file that was asked for.
    """

    sound: Configuration
    lying: tuple[str, ...]
    named: tuple[str, ...]


def read_configuration(
    file: Path | None,
    folder: Path,
    protocols: Collection[str] = (),
    backends: Collection[str] = (),
    user: Path | None = None,
) -> Configuration:
    """Read the configuration files that there are; later ones win key by key.

    Arguments:
        file: the one that was asked for; it wins over the others.
        folder: where ``jamharness.toml`` may lie.
        protocols: the names that may follow ``settings.``.
        backends: the names that may stand in ``[interpreters]``.
        user: the user's own file, which need not exist.

    Raises:
        BadInput: one sentence for everything that is wrong in any file.
    """
    survey = survey_configuration(file, folder, protocols, backends, user)
    if survey.lying or survey.named:
        raise BadInput(*survey.lying, *survey.named)
    return survey.sound


def survey_configuration(
    file: Path | None,
    folder: Path,
    protocols: Collection[str] = (),
    backends: Collection[str] = (),
    user: Path | None = None,
) -> Survey:
    """Read the configuration files that there are, and tell what is wrong with them.

    ``[interpreters]`` starts programs: it is taken from the user's file and from one that was asked for, and from no
    ``jamharness.toml`` that merely lies in the current folder. The arguments are those of ``read_configuration``.
    """
    lying: list[str] = []
    named: list[str] = []
    here = folder / DEFAULT
    merged = Configuration()
    for path in (user, here):
        if not path or not os.path.exists(path) or _same(path, file):  # noqa: PTH110  (never raises)
            continue
        configuration = _read_configuration(path, protocols, backends, lying)
        if path is here and configuration.interpreters and not _same(here, user):
            lying.append(
                f"{here}: [interpreters] starts programs and is not taken from a folder's own file; to allow it, name "
                f"the file by --config {DEFAULT}, move the table to {user or 'a file for --config'}, "
                "or set JAMHARNESS_PYTHON_NAME."
            )
            configuration = replace(configuration, interpreters={})
        if configuration.sweep:
            lying.append(f"{path}: [sweep] would make every run many; put it into a file of its own, for --config.")
            configuration = replace(configuration, sweep=())
        merged = _merge(merged, configuration)
    if file:
        merged = _merge(merged, _read_configuration(file, protocols, backends, named))
    return Survey(sound=merged, lying=tuple(lying), named=tuple(named))


def _same(path: Path, other: Path | None) -> bool:
    with suppress(OSError):
        return other is not None and path.samefile(other)
    return False


def user_file() -> Path:
    """The user's own configuration file, whether or not there is one."""
    from platformdirs import user_config_path

    return user_config_path("jamharness") / DEFAULT


def _merge(below: Configuration, above: Configuration) -> Configuration:
    names = {*below.protocols, *above.protocols}
    options = {item.name: getattr(above.run, item.name) for item in fields(RunOptions)}
    return Configuration(
        run=RunOptions(
            **{name: getattr(below.run, name) if value is None else value for name, value in options.items()}
        ),
        settings={**below.settings, **above.settings},
        protocols={name: {**below.protocols.get(name, {}), **above.protocols.get(name, {})} for name in names},
        sweep=above.sweep or below.sweep,
        interpreters={**below.interpreters, **above.interpreters},
    )


def _read_configuration(
    path: Path, protocols: Collection[str], backends: Collection[str], problems: list[str]
) -> Configuration:
    try:
        # Some editors begin a file with a mark of the byte order.
        document = tomllib.loads(read_file(path, MOST).decode("utf-8-sig"))
    except FileNotFoundError:
        problems.append(f"Configuration {str(path)!r} does not exist; give the path of a TOML file.")
        return Configuration()
    except OSError as error:
        problems.append(f"Configuration {str(path)!r} cannot be read ({error.strerror}); give the path of a TOML file.")
        return Configuration()
    except RecursionError:
        problems.append(f"Configuration {str(path)!r} nests its tables or lists too deeply; write it flat.")
        return Configuration()
    except ValueError as error:  # not TOML, not text, or a number of thousands of digits
        problems.append(f"Configuration {str(path)!r} is not TOML: {str(error).rstrip('.')}.")
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
    changing: list[str] = []
    sweep = read_table(tables["sweep"], changing)
    fixed = {*tables["settings"], *(f"{name}.{key}" for name, values in own.items() for key in values)}
    changing += [
        f"{key} stands in [settings] and in [sweep]; give it in one of them."
        for axis in sweep
        for key in axis.keys
        if key in fixed
    ]
    say(changing)
    here = path.absolute().parent
    seed = tables["settings"].get("seed")
    if run.get("seed") is not None and seed is not None and seed != run["seed"]:
        say([f"[run] seed = {run['seed']} and [settings] seed = {seed} contradict each other; give one."])
    if run.get("store") is not None:
        try:
            run["store"] = str(here / user_path(run["store"], "store"))
        except BadInput as error:
            say(error.problems)
    interpreters = {}
    for name, value in tables["interpreters"].items():
        if not isinstance(value, str) or not value:
            say([f"[interpreters] {name} = {shown(value)} must be the path of a Python, such as '.venv/bin/python'."])
            continue
        try:
            interpreters[name] = _program(value, here, name)
        except BadInput as error:
            say(error.problems)
    return Configuration(
        run=RunOptions(**run),
        settings={key: value for key, value in tables["settings"].items() if key not in own},
        protocols=own,
        sweep=sweep,
        interpreters=interpreters,
    )


def _program(text: str, folder: Path, name: str) -> str:
    """A path as seen from the file's folder; a bare name is left to be looked for on the PATH."""
    path = user_path(text, f"[interpreters] {name}")
    return str(folder / path) if len(path.parts) > 1 else text
