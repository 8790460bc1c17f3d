"""What ``jamharness run`` was asked for: options over configuration files over defaults, all problems at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from jamharness.api import BadInput, PluginError
from jamharness.cli.options import MAIN_JOB
from jamharness.configuration import (
    Configuration,
    RunOptions,
    Survey,
    read_configuration,
    survey_configuration,
    user_file,
)
from jamharness.paths import user_path
from jamharness.plugins import Plugins
from jamharness.settings import check_values, read_assignments
from jamharness.sweeps import Axis


@dataclass(frozen=True, kw_only=True)
class RunArguments:
    """The arguments of ``jamharness.run``, and what was wrong with those that could not be read.

    Arguments:
        protocols: their names.
        keywords: the other arguments.
        problems: one sentence each.
        sweep: what changes from run to run, as the configuration says.
    """

    protocols: Sequence[str]
    keywords: Mapping[str, Any]
    problems: tuple[str, ...]
    sweep: tuple[Axis, ...] = ()


def configuration(config: str | None, plugins: Plugins) -> Configuration:
    """The configuration files that apply here.

    Raises:
        BadInput: all that is wrong with them.
    """
    return read_configuration(*_files(config, plugins))


def survey(config: str | None, plugins: Plugins) -> Survey:
    """The same for who wants to hear what is wrong and go on.

    Raises:
        BadInput: ``config`` cannot be a path.
    """
    return survey_configuration(*_files(config, plugins))


def _files(config: str | None, plugins: Plugins) -> tuple[Path | None, Path, list[str], list[str], Path]:
    """What ``read_configuration`` is to be called with."""
    file = user_path(config, "--config") if config is not None else None
    names = {kind: [row.name for row in plugins.rows if row.kind == kind] for kind in ("protocol", "backend")}
    return file, Path.cwd(), names["protocol"], names["backend"], user_file()


def gather(
    plugins: Plugins,
    *,
    protocols: Sequence[str],
    assignments: Sequence[str],
    config: str | None,
    name: str | None,
    options: Mapping[str, str | None],
) -> RunArguments:
    """Put together what was typed and what the configuration files say.

    Arguments:
        plugins: what is installed.
        protocols: as typed; none for those of ``MAIN_JOB`` that know every setting that is typed.
        assignments: each ``KEY=VALUE``.
        config: a configuration file.
        name: of the run.
        options: the fields of ``RunOptions`` as texts; None where nothing was typed.
    """
    problems: list[str] = []
    files = Configuration()
    try:
        files = configuration(config, plugins)
    except BadInput as error:
        problems += error.problems
    unreadable = bool(problems)  # what such files name may be there and is not known
    settings, unread = read_assignments(assignments)
    problems += unread
    typed = {key: value for key, value in options.items() if value is not None}
    values, unknown, wrong = check_values(RunOptions, typed, "option")
    problems += [f"--{sentence}" for sentence in unknown + wrong]
    chosen = {key: values.get(key, getattr(files.run, key)) for key in options}
    names = list(protocols) or _unnamed(plugins, settings)
    seeds = _seeds(settings)
    if values.get("seed") is not None:
        # What is typed wins over files; typed twice, it must be the same.
        twice = [
            f"--seed {values['seed']} and --set {key}={text} contradict each other; give one of them."
            for key, text in seeds.items()
            if text != str(values["seed"])
        ]
        problems += twice
        chosen["seed"] = None if twice else values["seed"]
        files = files.without("seed")
    elif seeds and chosen.get("seed") is not None:
        files = replace(files, settings={**files.settings, "seed": chosen["seed"]})
        chosen["seed"] = None
    if chosen["backend"] is None and "backend" not in typed and not unreadable:
        ready = ", ".join(sorted(plugins.backends)) or "none is installed"
        problems.append(f"No backend is named; add --backend NAME (allowed: {ready}).")
    keywords = {key: value for key, value in chosen.items() if value is not None}
    keywords |= {
        "settings": files.settings_for(names, settings),
        "name": name,
        "plugins": plugins,
        "interpreters": files.interpreters,
    }
    return RunArguments(protocols=names, keywords=keywords, problems=tuple(problems), sweep=files.sweep)


def _seeds(settings: Mapping[str, Any]) -> dict[str, str]:
    """The seeds among the settings that were typed, by what stands before ``=``."""
    own = {f"{name}.seed": values for name, values in settings.items() if isinstance(values, Mapping)}
    seeds = {key: values["seed"] for key, values in own.items() if "seed" in values}
    return {**seeds, "seed": settings["seed"]} if "seed" in settings else seeds


def _unnamed(plugins: Plugins, settings: Mapping[str, Any]) -> list[str]:
    """The protocols of the main job; those alone that know all that is set, where a setting belongs to some of them."""
    from jamharness.running.experiments import load_protocol

    by_protocol = {}
    for name in MAIN_JOB:
        try:
            by_protocol[name] = {item.name for item in fields(load_protocol(plugins, name).Settings)}
        except (BadInput, PluginError):
            continue
    return [name for name, names in by_protocol.items() if names >= set(settings)] or list(by_protocol) or [MAIN_JOB[0]]


def refuse(arguments: RunArguments) -> None:
    """Refuse what could not be read, together with all that is wrong with the rest.

    Raises:
        BadInput: if anything could not be read.
    """
    if not arguments.problems:
        return
    from jamharness.running.request import check_request

    keywords = {key: value for key, value in arguments.keywords.items() if key != "download"}
    defaults = {"preset": None, "seed": None, "device": "cpu", "dtype": "float64", "workers": None, "threads": 1}
    # Any backend will do to find out about the rest, when the fault is that none is named.
    stand_in = next(iter(arguments.keywords["plugins"].backends), "numpy")
    further: tuple[str, ...] = ()
    try:
        check_request(arguments.protocols, **{"backend": stand_in, "store": None, **defaults, **keywords})
    except BadInput as error:
        further = error.problems
    raise BadInput(*arguments.problems, *further)


def numbers(options: Mapping[str, str | None]) -> dict[str, Any]:
    """The fields of ``RunOptions`` that are given as texts, as values.

    Raises:
        BadInput: one sentence for each that cannot be read.
    """
    values, _, wrong = check_values(
        RunOptions, {key: text for key, text in options.items() if text is not None}, "option"
    )
    if wrong:
        raise BadInput(*(f"--{sentence}" for sentence in wrong))
    return values
