"""``jamharness run --claim``: what may be said beside it, and what it computes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jamharness.api import BadInput
from jamharness.plugins import Plugins

if TYPE_CHECKING:
    from jamharness.running import Observer, Run

_FROZEN = ("backend", "preset", "seed", "device", "dtype", "threads")
"""Options that a claim has fixed; all others change no number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Testing:
    """A claim that is ready to be tested.

    Arguments:
        compute: the run, told to an observer.
        again: the options with which it is to be resumed, if it is interrupted.
    """

    compute: "Callable[[Observer], Run]"
    again: dict[str, Any]


def testing(
    plugins: Plugins,
    claim: str,
    protocols: Sequence[str] | None,
    given: Mapping[str, object],
    options: Mapping[str, str | None],
    config: str | None,
    name: str | None,
    figures: str | None,
) -> Testing:
    """Make a claim ready to be tested.

    Arguments:
        plugins: what is installed.
        claim: its digest, or its file.
        protocols: those that were named.
        given: further options that change what is measured, by name, where they were given.
        options: the options of ``run`` as texts; None where nothing was typed.
        config: a configuration file; of it, only what changes no number is taken.
        name: of the run.
        figures: formats.

    Raises:
        BadInput: something is asked for that the claim has fixed, or an option cannot be read.
    """
    from jamharness.cli.request import configuration, numbers

    fixed = {**given, **{key: options[key] for key in _FROZEN}}
    if wrong := [*(protocols or []), *(f"--{key}" for key, value in fixed.items() if value)]:
        raise BadInput(
            *(f"{argument}: a claim runs exactly as it was registered; leave it out, or --claim." for argument in wrong)
        )
    files = configuration(config, plugins)
    typed = {key: text for key, text in options.items() if text is not None and key not in _FROZEN}
    chosen = {key: getattr(files.run, key) for key in options if key not in _FROZEN} | numbers(typed)
    keywords = {key: value for key, value in chosen.items() if value is not None}
    keywords |= {} if figures is None else {"figures": figures}

    def compute(observer: "Observer") -> "Run":
        from jamharness.running import run_claim

        return run_claim(
            claim, name=name, plugins=plugins, interpreters=files.interpreters, observer=observer, **keywords
        )

    return Testing(compute=compute, again={"store": chosen["store"], "config": config})
