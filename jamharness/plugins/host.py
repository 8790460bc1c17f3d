"""The plugins of this installation: loaded one by one, so that a faulty one is a row with its reason and no crash."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from jamharness.api import BackendSpec, BadInput, DatasetSpec, PluginError, ProtocolSpec, SystemSpec, unknown_name
from jamharness.plugins.checks import check_offer, implemented, new_manager
from jamharness.plugins.discovery import Discovered, disabled, find
from jamharness.plugins.guard import plugin_code
from jamharness.plugins.probing import probe
from jamharness.plugins.registry import Registration, plugin_row, resolve_conflicts
from jamharness.plugins.rows import KINDS, PluginRow, Spec, explain, title, unusable

if TYPE_CHECKING:
    import pluggy

S = TypeVar("S", BackendSpec, ProtocolSpec, SystemSpec, DatasetSpec)
_OFFERS = {f"jamharness_{kind}s": kind for kind in KINDS}


class Plugins:
    """What is installed, made by ``Plugins.load``."""

    def __init__(self, disable: Sequence[str] = ()) -> None:
        self._manager = new_manager()
        self._off = disabled(disable)
        self._asked = tuple(disable)
        self._entry_points: dict[str, Discovered] = {}
        self._rows: list[PluginRow] = []
        self._offers: dict[tuple[str, str], Registration] = {}
        self._errors: list[BaseException] = []

    @classmethod
    def load(cls, disable: Sequence[str] = (), strict: bool = False) -> "Plugins":
        """Find and load the plugins of this installation; no framework is imported.

        Arguments:
            disable: names of plugins not to load, or of backends, protocols, systems and data sets to hide, besides
                those in the variable ``JAMHARNESS_DISABLE`` (separated by commas).
            strict: whether a broken plugin is an error rather than a row.

        Raises:
            PluginError: with ``strict``, one sentence for each broken plugin.
        """
        plugins = cls(disable)
        for entry_point in find():
            plugins._load(entry_point)
        offers = [offer for key in list(plugins._entry_points) for offer in plugins._ask(key)]
        rows, plugins._offers = resolve_conflicts(offers, plugins._off)
        plugins._rows += rows
        broken = [row for row in plugins.rows if row.state == "broken"]
        if strict and broken:
            cause = plugins._errors[0] if plugins._errors else None
            raise PluginError("\n".join(f"{title(row.kind, row)} is broken: {row.reason}" for row in broken)) from cause
        return plugins

    @property
    def rows(self) -> tuple[PluginRow, ...]:
        """Everything that is known: backends, protocols, systems, data sets, then other plugins, each by name."""
        order = [*KINDS, "plugin"]
        return tuple(sorted(self._rows, key=lambda row: (order.index(row.kind), row.name, row.distribution)))

    @property
    def hook(self) -> "pluggy.HookRelay":
        """Pluggy's own relay; a plugin that raises goes through it, which ``call`` prevents."""
        return self._manager.hook

    @property
    def backends(self) -> Mapping[str, BackendSpec]:
        """The backends that are ready, or would be if their framework were installed here."""
        return self._specs(BackendSpec)

    @property
    def protocols(self) -> Mapping[str, ProtocolSpec]:
        """The protocols that are ready."""
        return self._specs(ProtocolSpec)

    @property
    def systems(self) -> Mapping[str, SystemSpec]:
        """The kinds of systems that are ready."""
        return self._specs(SystemSpec)

    @property
    def datasets(self) -> Mapping[str, DatasetSpec]:
        """The data sets that are ready, or would be if their library were installed here."""
        return self._specs(DatasetSpec)

    def backend(self, name: str, elsewhere: bool = False) -> BackendSpec:
        """A backend that can be used.

        Arguments:
            name: as the user typed it.
            elsewhere: whether another interpreter runs it, so that its framework may be missing in this one.

        Raises:
            BadInput: it does not exist, is disabled or broken, or lacks its framework.
        """
        return self._ready("backend", name, BackendSpec, elsewhere)

    def protocol(self, name: str) -> ProtocolSpec:
        """A protocol that can be used.

        Raises:
            BadInput: it does not exist, or is disabled or broken.
        """
        return self._ready("protocol", name, ProtocolSpec)

    def system(self, name: str) -> SystemSpec:
        """A kind of system that can be used.

        Raises:
            BadInput: it does not exist, or is disabled or broken.
        """
        return self._ready("system", name, SystemSpec)

    def dataset(self, name: str) -> DatasetSpec:
        """A data set that can be used.

        Raises:
            BadInput: it does not exist, is disabled or broken, or lacks a library.
        """
        return self._ready("dataset", name, DatasetSpec)

    def distribution_of(self, spec: Spec) -> tuple[str, str]:
        """The name and version of the installed distribution that offers a spec."""
        for offer in self._offers.values():
            if offer.spec is spec or (type(offer.spec) is type(spec) and offer.spec == spec):
                return offer.plugin.distribution, offer.plugin.version
        raise PluginError(
            f"No plugin offers {spec.name!r}; take specs from Plugins.backends, protocols, systems or datasets."
        )

    def home_of(self, factory: str, spec: Spec) -> tuple[str, str]:
        """The name and version of the distribution that a spec's function or class comes from.

        A spec may name another distribution's function, as protocols do that share a task: then it is the plugin's
        whose entry point lies in the same top-level package. Otherwise it is the spec's own.
        """
        top = factory.partition(":")[0].partition(".")[0]
        for entry_point in self._entry_points.values():
            if entry_point.entry is not None and entry_point.entry.value.partition(":")[0].partition(".")[0] == top:
                return entry_point.distribution, entry_point.version
        return self.distribution_of(spec)

    def unused(self) -> tuple[str, ...]:
        """One sentence for each name given to ``disable`` that is no plugin, backend, protocol or data set."""
        names = {row.name for row in self._rows}
        return tuple(unknown_name("plugin to disable", name, names) for name in self._asked if name not in names)

    def implementers(self, hook: str) -> tuple[str, ...]:
        """The plugins that implement a hook, as ``call`` names them."""
        return tuple(key for key in self._entry_points if hook in self._hooks(key))

    def call(self, hook: str, only: str | None = None, **arguments: Any) -> dict[str, list[Any]]:
        """Call a hook one plugin at a time; one that raises becomes broken, and the others are called all the same.

        Arguments:
            hook: its name.
            only: the one plugin to call; None for all.
            arguments: as the hook declares them.

        Returns:
            What each plugin returned, by the name of its entry point and distribution; an empty list for None.
        """
        results = {}
        for key in self.implementers(hook):
            if only not in (None, key):
                continue
            try:
                with plugin_code(f"plugin {self._entry_points[key].name!r}", f"running {hook}"):
                    results[key] = self._call(key, hook, arguments)
            except Exception as error:  # noqa: BLE001  (whatever a plugin raises is its own fault)
                self._drop(key, _describe_error(hook, error), error)
        return results

    def refuse(self, plugin: str, reason: str) -> None:
        """Mark a plugin as broken after it was loaded.

        Arguments:
            plugin: its name as ``call`` returns it.
            reason: one sentence.
        """
        self._drop(plugin, reason)

    def check_backends(self, effort: float) -> None:
        """Try to import the backends that are ready, in processes of their own; those that cannot be become broken.

        Arguments:
            effort: seconds of processor time for each; an import that takes more counts as working.
        """
        ready = {row.name for row in self._rows if row.kind == "backend" and row.state == "ready"}
        broken = probe((spec for name, spec in self.backends.items() if name in ready), effort)
        self._rows = [
            replace(row, state="broken", reason=broken[row.name])
            if row.kind == "backend" and row.state == "ready" and row.name in broken
            else row
            for row in self._rows
        ]

    def _load(self, entry_point: Discovered) -> None:
        if entry_point.name in self._off:
            self._rows.append(plugin_row(entry_point, "disabled", f"disabled by {self._off[entry_point.name]}"))
            return
        key = f"{entry_point.name} ({entry_point.distribution})"
        try:
            if entry_point.entry is None:
                raise PluginError(entry_point.problem)
            # What a plugin prints on import must not end up in the one JSON document on standard output.
            with redirect_stdout(sys.stderr), plugin_code(f"plugin {entry_point.name!r}", "loading"):
                plugin = entry_point.entry.load()
                hooks = implemented(plugin)
                self._manager.register(plugin, name=key)
        except Exception as error:  # noqa: BLE001  (whatever a plugin raises is its own fault)
            self._rows.append(plugin_row(entry_point, "broken", explain(error)))
            self._errors.append(error)
            return
        self._entry_points[key] = entry_point
        if not set(hooks) & set(_OFFERS):
            self._rows.append(replace(plugin_row(entry_point), capabilities=tuple(sorted(hooks))))

    def _ask(self, key: str) -> list[Registration]:
        """What a plugin offers; nothing at all when any part of it is wrong."""
        entry_point, offers = self._entry_points[key], []
        for hook, kind in _OFFERS.items():
            if hook not in self._hooks(key):
                continue
            try:
                with redirect_stdout(sys.stderr), plugin_code(f"plugin {entry_point.name!r}", f"running {hook}"):
                    # Pluggy leaves out None; a hook that forgot to return something is told so.
                    specs = [
                        spec for offer in self._call(key, hook, {}) or [None] for spec in check_offer(hook, kind, offer)
                    ]
            except Exception as error:  # noqa: BLE001  (whatever a plugin raises is its own fault)
                self._drop(key, _describe_error(hook, error), error)
                return []
            offers += [Registration(kind=kind, spec=spec, plugin=entry_point) for spec in specs]
        return offers

    def _hooks(self, key: str) -> list[str]:
        callers = self._manager.get_hookcallers(self._manager.get_plugin(key)) or []
        return [caller.name for caller in callers]

    def _call(self, key: str, hook: str, arguments: Mapping[str, Any]) -> list[Any]:
        plugin = self._manager.get_plugin(key)
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        results: list[Any] = self._manager.subset_hook_caller(hook, others)(**arguments)
        return results

    def _drop(self, key: str, reason: str, error: BaseException | None = None) -> None:
        entry_point = self._entry_points.pop(key)
        self._manager.unregister(name=key)
        mine = ("plugin", entry_point.name, entry_point.distribution)
        self._rows = [row for row in self._rows if (row.kind, row.name, row.distribution) != mine]
        self._rows.append(plugin_row(entry_point, "broken", reason))
        if error is not None:
            self._errors.append(error)

    def _specs(self, kind: type[S]) -> Mapping[str, S]:
        specs = (offer.spec for offer in self._offers.values())
        return MappingProxyType({spec.name: spec for spec in specs if isinstance(spec, kind)})

    def _ready(self, kind: str, name: str, spec_class: type[S], elsewhere: bool = False) -> S:
        row = next((row for row in self.rows if (row.kind, row.name) == (kind, name)), None)
        if row is None:
            raise BadInput(self._absent(kind, name))
        if row.state == "ready" or (row.state == "missing dependency" and elsewhere):
            spec = self._offers[kind, name].spec
            assert isinstance(spec, spec_class)
            return spec
        raise BadInput(unusable(kind, row))

    def _absent(self, kind: str, name: str) -> str:
        trouble = [row for row in self.rows if row.kind == "plugin" and row.state != "ready"]
        if mine := [row for row in trouble if row.name == name]:
            return unusable(kind, mine[0])
        sentence = unknown_name(kind, name, self._names(kind))
        hints = [f"the plugin {row.name!r}, which might offer it, is {row.state}" for row in trouble]
        if not hints or sentence.endswith("?"):
            return sentence
        return f"{sentence} But {'; '.join(hints)}; see: jamharness plugins"

    def _names(self, kind: str) -> list[str]:
        return [name for each, name in self._offers if each == kind]


def _describe_error(hook: str, error: Exception) -> str:
    return explain(error) if isinstance(error, PluginError) else f"{hook} raised {explain(error)}"
