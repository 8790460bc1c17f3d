"""The command ``verify``."""

from typing import Annotated

import typer

from jamharness.api import BadInput
from jamharness.cli.options import AsJson, RunName, StorePath
from jamharness.cli.output import others_to_stderr, show, show_json
from jamharness.cli.state import plugins_of
from jamharness.cli.stored import chosen_store


def verify(
    context: typer.Context,
    name: RunName,
    seal: Annotated[
        str | None, typer.Option(metavar="HEX", help="What an earlier verification printed; the files must have it.")
    ] = None,
    store: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Check a run again from its files: every byte, every verdict from its stored w, every estimate.

    Leaves with 0 if everything that can be checked holds, otherwise with 1.
    """
    from jamharness.verifying import verify_run

    if seal is not None and (len(seal) != 64 or set(seal.lower()) - set("0123456789abcdef")):
        raise BadInput(f"--seal {seal!r} is no seal: 64 digits from 0 to 9 and a to f, as 'jamharness verify' prints.")
    with others_to_stderr():
        verified = verify_run(name, chosen_store(context, store), plugins=plugins_of(context), seal=seal)
    if as_json:
        show_json(verified.to_json())
    else:
        from jamharness.render.verification import verification

        show(verification(verified))
    raise typer.Exit(verified.exit)
