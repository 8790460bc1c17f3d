"""Protocols with their settings: which setting goes to which protocol, and what is wrong with them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from inspect import get_annotations
from typing import Any

from jamharness.api import BadInput, Json, PluginError, Protocol, SystemChoice, named_data, unknown_name
from jamharness.execution.plain import plain
from jamharness.paths import user_path
from jamharness.plugins import Plugins, load_object, plugin_code, system_class
from jamharness.settings import SystemClass, presets_of, read_settings, system_options
from jamharness.values import as_text

_METHODS = ("plan", "analyse")
"""Of every protocol; those without tasks measure their cells themselves. Found missing before any is computed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """One protocol with its settings.

    Arguments:
        name: the protocol's name.
        protocol: the protocol itself.
        settings: an instance of its ``Settings``.
    """

    name: str
    protocol: Protocol[Any]
    settings: Any

    def plain(self) -> dict[str, Json]:
        """The settings as JSON values."""
        return plain_settings({item.name: getattr(self.settings, item.name) for item in fields(self.settings)})


def plain_settings(values: Mapping[str, Any]) -> dict[str, Json]:
    """Settings as JSON values; a system as the text that names it."""
    return {
        name: plain(str(value) if isinstance(value, SystemChoice) else value, name) for name, value in values.items()
    }


class Problems(list[str]):
    """Sentences, each once."""

    def take(self, error: BadInput | PluginError) -> None:
        """Add what an error says."""
        sentences = error.problems if isinstance(error, BadInput) else [str(error)]
        self.extend(sentence for sentence in sentences if sentence not in self)


def make_experiments(
    plugins: Plugins,
    protocols: str | Sequence[str],
    settings: Mapping[str, Any],
    preset: str | None,
    seed: int | None,
    problems: Problems,
) -> list[Experiment]:
    """The protocols that are asked for, with their settings.

    Arguments:
        plugins: where protocols and data sets come from.
        protocols: their names.
        settings: for every protocol that has such a field; under a protocol's name, a mapping for that one alone.
        preset: the name of a preset, to start from.
        seed: sets the setting ``seed``.
        problems: where everything that is wrong goes.

    Returns:
        Those with which nothing is wrong.
    """
    loaded: dict[str, Protocol[Any]] = {}
    for name in dict.fromkeys([protocols] if isinstance(protocols, str) else protocols):
        try:
            loaded[name] = load_protocol(plugins, name)
        except (BadInput, PluginError) as error:
            problems.take(error)
    if not protocols:
        problems.append("No protocol is named; name at least one, such as 'jamming'.")
    classes = partial(system_class, plugins)
    setting_keys = {
        name: {item.name for item in fields(protocol.Settings)}
        | system_options(protocol.Settings, _given_to(name, settings), classes)
        for name, protocol in loaded.items()
    }
    by_protocol = _distribute(plugins, settings, setting_keys, problems)
    if seed is not None and loaded:
        takers = [name for name, names in setting_keys.items() if "seed" in names]
        if not takers:
            problems.append(f"seed = {seed!r}: {', '.join(loaded)} takes no seed; leave it out.")
        for name in takers:
            other = by_protocol[name].get("seed", seed)
            if str(other) != str(seed):
                problems.append(
                    f"seed = {seed} and the setting seed = {other} of {name} contradict each other; give one."
                )
            by_protocol[name]["seed"] = seed
    experiments: list[Experiment] = []
    read: list[Experiment] = []
    for name, protocol in loaded.items():
        dataset = by_protocol[name].get("dataset")
        try:
            with plugin_code(f"protocol {name!r}", "checking its settings"):
                built, wrong = read_settings(
                    name,
                    protocol.Settings,
                    by_protocol[name],
                    preset,
                    presets_of(protocol),
                    systems=partial(system_class, plugins),
                )
            problems.take(BadInput(*wrong))
            if built is not None:
                read.append(Experiment(name=name, protocol=protocol, settings=built))
                dataset = getattr(built, "dataset", None)
            if not wrong:
                experiments.append(read[-1])
        except (BadInput, PluginError) as error:
            problems.take(error)
        except Exception as error:  # noqa: BLE001  (whatever a plugin raises is its own fault)
            problems.append(
                f"Protocol {name!r} cannot check its settings ({type(error).__name__}: {error}); it is broken."
            )
        if isinstance(dataset, str):
            try:
                kind, file = named_data(dataset)
                plugins.dataset(kind)
                if file and not user_path(file, "file").exists():
                    raise BadInput(f"{file} does not exist; name a file that does, as in dataset=file:patterns.csv.")
            except (BadInput, PluginError) as error:
                problems.take(error)
    reported_names = {sentence.partition(" = ")[0] for sentence in problems}
    problems.extend(
        sentence
        for sentence in _without_effect(read, settings, by_protocol, classes)
        if sentence.partition(" = ")[0] not in reported_names
    )
    return experiments


def _without_effect(
    experiments: Sequence[Experiment],
    settings: Mapping[str, Any],
    by_protocol: Mapping[str, Mapping[str, Any]],
    classes: SystemClass,
) -> list[str]:
    """One sentence for each setting that somebody gave and that no protocol which has it uses.

    A record gives every setting of a protocol, whether it is used or not.
    """
    reasons: dict[str, dict[str, str]] = {}
    for each in experiments:
        kind, typed = type(each.settings), by_protocol[each.name]
        if not {item.name for item in fields(kind) if item.init} <= typed.keys():
            unused = _unused(each)
            reasons[each.name] = {
                key: unused[key] for key in typed if key in unused and key not in system_options(kind, typed, classes)
            }
        else:
            reasons[each.name] = {}
    sentences = []
    for each in experiments:
        own = settings.get(each.name)
        for key, reason in reasons[each.name].items():
            takers = [name for name in reasons if key in by_protocol[name]]
            alone = isinstance(own, Mapping) and key in own
            if alone or all(key in reasons[name] for name in takers):
                sentences.append(f"{key} = {_text(by_protocol[each.name][key])}: {reason}; leave it out.")
    return list(dict.fromkeys(sentences))


def _unused(experiment: Experiment) -> dict[str, str]:
    """What the settings say of themselves; nothing where something else is wrong with them, which is told anyway."""
    with suppress(Exception):
        return dict(getattr(experiment.settings, "unused", dict)())
    return {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else as_text(value)


def load_protocol(plugins: Plugins, name: str) -> Protocol[Any]:
    """Import and construct a protocol.

    Raises:
        BadInput: it does not exist, or is disabled or broken.
        PluginError: it cannot be imported or constructed, or a part of the contract is missing.
    """
    factory = plugins.protocol(name).factory
    construct = load_object(factory)
    try:
        with plugin_code(f"protocol {name!r}", "starting"):
            protocol: Protocol[Any] = construct()
    except PluginError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise PluginError(f"Protocol {name!r} cannot be used ({reason}); {factory} is broken.") from error
    if faults := _faults(protocol, measures=not plugins.protocol(name).tasks):
        raise PluginError(f"Protocol {name!r} cannot be used: {'; '.join(faults)}; {factory} is broken.")
    return protocol


def _faults(protocol: Any, *, measures: bool) -> list[str]:
    """What is missing of the protocol contract, each a part of a sentence."""
    methods = (*_METHODS, "measure") if measures else _METHODS
    faults = [f"it has no method {method}" for method in methods if not callable(getattr(protocol, method, None))]
    if not isinstance(getattr(protocol, "observables", None), Mapping):
        faults.append("its observables must be a mapping of names to Observable")
    settings = getattr(protocol, "Settings", None)
    if not isinstance(settings, type):
        faults.append("it has no class Settings")
    elif not is_dataclass(settings) or ("__dataclass_fields__" not in vars(settings) and get_annotations(settings)):
        # A subclass that is not decorated has its parent's fields, and loses its own.
        faults.append("decorate its Settings with @dataclass(frozen=True, kw_only=True)")
    return faults


def _distribute(
    plugins: Plugins, settings: Mapping[str, Any], setting_keys: Mapping[str, set[str]], problems: list[str]
) -> dict[str, dict[str, Any]]:
    """Which setting goes to which protocol; what is given for one protocol alone wins."""
    by_protocol: dict[str, dict[str, Any]] = {name: {} for name in setting_keys}
    own: dict[str, Mapping[str, Any]] = {}
    for key, value in settings.items():
        takers = [name for name, names in setting_keys.items() if key in names]
        if key in setting_keys and isinstance(value, Mapping):
            own[key] = value
        elif takers:
            for name in takers:
                by_protocol[name][key] = value
        elif isinstance(value, Mapping) and _is_protocol(plugins, key):
            problems.append(
                f"Settings for protocol {key!r}: it is not among those to run ({', '.join(setting_keys)}); name it too."
            )
        elif isinstance(value, Mapping):
            problems.append(unknown_name("protocol", key, plugins.protocols))
        elif setting_keys:
            problems.append(unknown_name("setting", key, set().union(*setting_keys.values())))
    for name, value in own.items():
        by_protocol[name].update(value)
    return by_protocol


def _given_to(name: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is given for all protocols, and what for this one alone."""
    own = settings.get(name)
    return {**settings, **own} if isinstance(own, Mapping) else settings


def _is_protocol(plugins: Plugins, name: str) -> bool:
    try:
        plugins.protocol(name)
    except (BadInput, PluginError):
        return False
    return True
