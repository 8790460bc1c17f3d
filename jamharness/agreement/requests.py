"""What ``agree`` was asked for, checked in full before anything is started."""

from collections.abc import Mapping, Sequence
from typing import Any

from jamharness.api import BadInput, PluginError, unknown_name
from jamharness.plugins import Plugins
from jamharness.running.experiments import Experiment, Problems
from jamharness.running.request import Request, check_request

KINDS = ("exact", "horizon", "distribution")


def check_requests(
    protocols: str | Sequence[str],
    wanted: Sequence[str],
    reference: str,
    kinds: Sequence[str],
    common: Mapping[str, Any],
    failures: dict[str, str],
) -> dict[str, Request]:
    """A checked request for the reference and each backend that can be used; reasons for the others.

    Raises:
        BadInput: all that is wrong with what was asked for.
    """
    problems = Problems()
    plugins: Plugins = common["plugins"]
    if not wanted:
        ready = ", ".join(sorted(plugins.backends)) or "none is installed"
        problems.append(f"No backend is named; add --backends NAME,NAME (allowed: {ready}).")
    problems.extend(unknown_name("kind of agreement", kind, KINDS) for kind in kinds if kind not in KINDS)
    backend_names = {row.name for row in plugins.rows if row.kind == "backend"}
    requests: dict[str, Request] = {}
    for name in dict.fromkeys((reference, *wanted)):
        target = {"device": "cpu", "dtype": "float64"} if name == reference and name not in wanted else {}
        try:
            requests[name] = check_request(protocols, backend=name, name=None, **{**common, **target})
        except BadInput as error:
            unusable = _why_unusable(plugins, name) if name in backend_names and name != reference else ""
            others = [text for text in error.problems if text != unusable]
            if unusable and unusable in error.problems and not others:
                failures[name] = unusable
            else:
                problems.take(error)
    if problems:
        raise BadInput(*problems)
    return requests


def _why_unusable(plugins: Plugins, name: str) -> str:
    try:
        plugins.backend(name)
    except (BadInput, PluginError) as error:
        return error.problems[0] if isinstance(error, BadInput) else str(error)
    return ""


def check_equivalences(given: Mapping[str, float], experiments: Sequence[Experiment]) -> None:
    """Refuse margins of observables that do not exist, or that are no margins.

    Raises:
        BadInput: all that is wrong with them.
    """
    observables = {name for experiment in experiments for name in experiment.protocol.observables}
    problems = [unknown_name("observable", name, observables) for name in given if name not in observables]
    problems += [
        f"equivalence {name} = {value}: the margin must be a positive number, in the observable's unit."
        for name, value in given.items()
        if name in observables and not 0 < value < float("inf")
    ]
    if problems:
        raise BadInput(*problems)
