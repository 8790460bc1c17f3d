"""The command ``register``."""

from typing import Annotated

import typer

from jamharness.cli.options import AsJson, ConfigFile, Download, StorePath
from jamharness.cli.output import others_to_stderr, show, show_json
from jamharness.cli.state import plugins_of


def register(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A claim in TOML; see docs/claims.md.")],
    store: StorePath = None,
    config: ConfigFile = None,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Freeze a prediction, with all that measures it, before anything of it is measured.

    It is refused if a cell of it is in the store. To test it: jamharness run --claim DIGEST
    """
    from jamharness.cli.request import configuration
    from jamharness.render.claims import registered
    from jamharness.running import register as keep

    files = configuration(config, plugins_of(context))
    with others_to_stderr():
        registration = keep(
            file,
            store=store if store is not None else files.run.store,
            plugins=plugins_of(context),
            interpreters=files.interpreters,
            download=download or bool(files.run.download),
        )
    if as_json:
        show_json({"claim": registration.digest, "document": registration.document})
    else:
        show(registered(registration))
