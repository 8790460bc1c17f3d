"""What plugins offer, settled: one row for each offer, and a name that is claimed twice belongs to nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jamharness.api import BackendSpec, derived
from jamharness.plugins.checks import shown, spec_problem
from jamharness.plugins.dependencies import explain_missing, installed
from jamharness.plugins.discovery import Discovered
from jamharness.plugins.rows import PluginRow, Spec, explain, home


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One spec and where it comes from.

    Arguments:
        kind: ``"backend"``, ``"protocol"``, ``"system"`` or ``"dataset"``.
        spec: as the plugin returned it.
        plugin: what offers it.
    """

    kind: str
    spec: Spec
    plugin: Discovered


def resolve_conflicts(
    offers: Iterable[Registration], off: Mapping[str, str]
) -> tuple[list[PluginRow], dict[tuple[str, str], Registration]]:
    """Decide which offers can be used.

    Arguments:
        offers: of all plugins.
        off: disabled names, each with what disabled it.

    Returns:
        One row for each offer; and by kind and name those that are ready or lack nothing but a library.
    """
    claims: dict[tuple[str, str], list[Registration]] = {}
    for offer in offers:
        claims.setdefault((offer.kind, offer.spec.name), []).append(offer)
    rows, usable = [], {}
    for key, claimants in claims.items():
        settled = [_row(offer, claimants, off) for offer in claimants]
        rows += settled
        if settled[0].state in ("ready", "missing dependency"):
            usable[key] = claimants[0]
    return rows, usable


def plugin_row(plugin: Discovered, state: str = "ready", reason: str = "") -> PluginRow:
    """The row of a plugin itself, for one that offers nothing or cannot be used."""
    return PluginRow(
        kind="plugin",
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        state=state,
        reason=reason,
    )


def _row(offer: Registration, claimants: list[Registration], off: Mapping[str, str]) -> PluginRow:
    spec, entry_point = offer.spec, offer.plugin
    summary: Any = spec.summary
    problem = _quarrel(claimants) if len(claimants) > 1 else _problem(spec, entry_point.distribution)
    needs: tuple[str, ...] = () if problem else tuple(getattr(spec, "distributions", ()))
    backend = isinstance(spec, BackendSpec) and not problem
    if spec.name in off:
        state, reason = "disabled", f"disabled by {off[spec.name]}"
    elif problem:
        state, reason = "broken", problem
    elif reason := explain_missing(needs):
        state = "missing dependency"
    else:
        state = "ready"
    return PluginRow(
        kind=offer.kind,
        name=spec.name,
        distribution=entry_point.distribution,
        version=entry_point.version,
        api=_version_text(spec.api),
        capabilities=tuple(sorted(getattr(spec, "capabilities", ()))) if backend else (),
        derived=derived(frozenset(spec.capabilities)) if isinstance(spec, BackendSpec) and not problem else {},
        state=state,
        reason=reason,
        summary=" ".join(summary.split()) if isinstance(summary, str) else "",
        versions=installed(needs) if backend else {},
    )


def _problem(spec: Spec, distribution: str) -> str:
    try:
        return spec_problem(spec, distribution)
    except Exception as error:  # noqa: BLE001  (a field may be anything, a class of the plugin's own too)
        return f"its fields cannot be read ({explain(error)})."


def _version_text(api: Any) -> str:
    pair = isinstance(api, tuple) and len(api) == 2 and all(type(part) is int for part in api)
    return ".".join(map(str, api)) if pair else shown(api)


def _quarrel(claimants: list[Registration]) -> str:
    first = claimants[0]
    homes = " and ".join(home(each.plugin.distribution, each.plugin.version) for each in claimants)
    ways = " or ".join(dict.fromkeys(f"--disable {each.plugin.name}" for each in claimants))
    return f"the {first.kind} {first.spec.name!r} is offered by both {homes}; use {ways}, or uninstall one."
