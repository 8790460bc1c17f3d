"""What is wrong with a plugin or a spec, in one sentence."""

import re
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

import pluggy

import jamharness.hookspecs as hookspecs
from jamharness.api import API_VERSION, CAPABILITIES, BackendSpec, PluginError, ProtocolSpec, unknown_name
from jamharness.plugins.dependencies import alternatives
from jamharness.plugins.rows import KINDS, Spec

MOST = 1000
"""Specs that one plugin may offer of a kind: an endless iterator is a fault."""
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("jamharness_"))
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def new_manager() -> pluggy.PluginManager:
    """A pluggy manager that knows the hooks and no plugin."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def implemented(plugin: Any) -> tuple[str, ...]:
    """The hooks that a plugin implements.

    Raises:
        PluginError: it implements none, an unknown one, or one with other arguments than the hook has.
    """
    manager = new_manager()
    hooks, unmarked = [], []
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is not None:
            hooks.append(options.get("specname") or attribute)
        elif attribute in HOOKS:
            unmarked.append(attribute)
    problems = [unknown_name("hook", name, HOOKS) for name in hooks if name not in HOOKS]
    problems += [f"{name} is not marked with @hookimpl from jamharness.api." for name in unmarked]
    if not problems and not hooks:
        problems.append(f"It implements no hook (allowed: {', '.join(sorted(HOOKS))}).")
    if problems:
        raise PluginError(" ".join(problems))
    try:
        # In a manager of its own, because pluggy keeps half of a plugin that it refuses.
        manager.register(plugin)
    except pluggy.PluginValidationError as error:
        raise PluginError(_arguments(str(error))) from error
    return tuple(hooks)


def _arguments(text: str) -> str:
    """Pluggy's several lines on wrong arguments as one sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    written = next((line.partition(":")[2].strip() for line in lines if line.startswith("hookimpl definition")), "")
    return f"{written or lines[0]} takes arguments that the hook does not have; see jamharness.hookspecs."


def check_offer(hook: str, kind: str, offer: Any) -> list[Spec]:
    """What a hook returned, as a list of specs.

    Arguments:
        hook: its name.
        kind: ``"backend"``, ``"protocol"``, ``"system"`` or ``"dataset"``.
        offer: what it returned; iterated over here, so that a generator raises here.

    Raises:
        PluginError: it is not an iterable of specs.
        Exception: what a generator raises.
    """
    spec_class = KINDS[kind]
    if isinstance(offer, str | Mapping) or not hasattr(type(offer), "__iter__"):
        raise PluginError(f"{hook} returned {_a(offer)}; it must return an iterable of {spec_class.__name__}.")
    specs = list(islice(offer, MOST + 1))
    if len(specs) > MOST:
        raise PluginError(f"{hook} returned more than {MOST} items; offer fewer.")
    for spec in specs:
        if not isinstance(spec, spec_class):
            raise PluginError(f"{hook} returned {_a(spec)} among its items; each must be a {spec_class.__name__}.")
        name: Any = spec.name
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise PluginError(
                f"{hook} returned the name {shown(name)}; use a text of at most 100 small letters, digits, '.', '_' "
                "and '-', as in 'torch'."
            )
    return specs


def spec_problem(spec: Spec, distribution: str) -> str:
    """Why a spec cannot be used, in one sentence; empty when it can."""
    api: Any = spec.api
    ours = ".".join(map(str, API_VERSION))
    if not (isinstance(api, tuple) and len(api) == 2 and all(type(part) is int for part in api)):
        return f"api = {shown(api)} must be a pair of whole numbers, such as {API_VERSION}."
    theirs = f"{api[0]}.{api[1]}"
    if api[0] != API_VERSION[0]:
        return (
            f"it was written for jamharness.api {theirs} and this is {ours}; "
            f"install a {distribution or 'plugin'} for {API_VERSION[0]}.x, or the jamharness that has {theirs}."
        )
    if api[1] > API_VERSION[1]:
        return f"it needs jamharness.api {theirs} and this is {ours}; run: pip install --upgrade jamharness"
    if problem := _not_text("summary", spec.summary) or _not_text("version", getattr(spec, "version", "1")):
        return problem
    factory: Any = spec.factory
    if not isinstance(factory, str) or not _FACTORY.fullmatch(factory):
        return f"factory = {shown(factory)} must read 'package.module:name'."
    if isinstance(spec, ProtocolSpec):
        return _not_tasks("tasks", spec.tasks) or _not_tasks("proofs", spec.proofs)
    if not isinstance(spec, BackendSpec):
        return _not_requirements(getattr(spec, "distributions", ()))
    if problem := _not_requirements(spec.distributions) or _not_texts("capabilities", spec.capabilities):
        return problem
    for capability in sorted(spec.capabilities):
        if capability not in CAPABILITIES and not capability.startswith("protocol:"):
            return unknown_name("capability", capability, [*CAPABILITIES, "protocol:NAME"])
    environment: Any = spec.environment
    if not isinstance(environment, Mapping) or any(
        not isinstance(text, str) for pair in environment.items() for text in pair
    ):
        return "environment must map texts to texts."
    if wrong := [name for name in environment if not name or "=" in name or "\0" in name + environment[name]]:
        return f"environment names {wrong[0]!r}, which can be no variable of a process."
    return ""


def _not_tasks(field: str, tasks: Any) -> str:
    if not isinstance(tasks, Mapping):
        return f"{field} = {shown(tasks)} must map names to 'package.module:function'."
    for name, function in tasks.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return f"{field} has the name {shown(name)}; use small letters, digits, '.', '_' and '-'."
        if not _FACTORY.fullmatch(str(function)):
            return f"{field}[{shown(name)}] = {shown(function)} must read 'package.module:function'."
    return ""


def _not_text(field: str, value: Any) -> str:
    return "" if isinstance(value, str) else f"{field} = {shown(value)} must be a text."


def _not_texts(field: str, value: Any) -> str:
    if isinstance(value, str) or not isinstance(value, Collection) or any(not isinstance(item, str) for item in value):
        return f"{field} = {shown(value)} must be several texts, as in ('torch',)."
    return ""


def _not_requirements(value: Any) -> str:
    if problem := _not_texts("distributions", value):
        return problem
    for text in value:
        try:
            alternatives(text)
        except ValueError:
            return f"distributions has {text!r}; write it as pip does, such as 'torch>=2.5' or 'this>=1 | that>=1'."
    return ""


def shown(value: Any) -> str:
    """A value of a plugin as one short line; it may be anything, and its own way of showing itself may be broken."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001  (it is the plugin's code)
        return f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _a(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
