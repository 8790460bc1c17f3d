"""The command that computes a run again: what was typed may have come from files, and this says all of it."""

import shlex
from collections.abc import Mapping

from jamharness.api import Json
from jamharness.running.defaults import Defaults
from jamharness.store import RunRecord
from jamharness.values import as_text

_USUAL = {"device": "cpu", "dtype": "float64", "threads": 1}


def command_of(record: RunRecord, defaults: Defaults) -> str:
    """What to type for the same run, in an empty store, with no configuration file.

    Arguments:
        record: of the run.
        defaults: of its protocols; settings that are theirs are left out.
    """
    parts = ["jamharness", "run", *record.protocols, "--backend", record.backend]
    for option, usual in _USUAL.items():
        if (value := getattr(record, option)) != usual:
            parts += [f"--{option}", str(value)]
    for key, value in _assignments(record.protocols, defaults).items():
        parts += ["--set", f"{key}={as_text(value)}"]
    return shlex.join([*parts, "--name", record.name])


def _assignments(protocols: Mapping[str, Mapping[str, Json]], defaults: Defaults) -> dict[str, Json]:
    """Settings that are no defaults: by their name where all protocols that know it have the same, or for each."""
    assignments: dict[str, Json] = {}
    for protocol, settings in protocols.items():
        for key, value in defaults.changed(protocol, settings).items():
            shared = all(other[key] == value for other in protocols.values() if key in other)
            assignments[key if shared else f"{protocol}.{key}"] = value
    return assignments
