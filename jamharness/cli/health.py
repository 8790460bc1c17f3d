"""The command ``doctor``."""

import typer

from jamharness.api import BadInput
from jamharness.cli.options import AsJson, ConfigFile, StorePath
from jamharness.cli.output import show, show_json
from jamharness.cli.state import plugins_of


def doctor(context: typer.Context, store: StorePath = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Look at the machine, each framework in its interpreter, and the store, and say what to do.

    Leaves with 1 if there is a problem, and with 0 if there are at most warnings.
    """
    from jamharness.cli.request import survey
    from jamharness.doctor import examine

    plugins = plugins_of(context)
    files = survey(config, plugins)
    if files.named:
        raise BadInput(*files.named)
    chosen = store if store is not None else files.sound.run.store
    findings = list(examine(plugins, store=chosen, interpreters=files.sound.interpreters, misconfigured=files.lying))
    if as_json:
        show_json({"findings": [finding.to_json() for finding in findings]})
    else:
        from jamharness.render.health import health

        show(health(findings))
    raise typer.Exit(int(any(finding.state == "problem" for finding in findings)))
