"""Claims: as they were registered, and what became of them."""

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.render.prose import Prose
from jamharness.render.verdicts import verdict

if TYPE_CHECKING:
    from jamharness.running import Registration
    from jamharness.running.claimed import TestedClaim

_SHORT = 12


def registered(registration: "Registration") -> RenderableType:
    """What was registered, its digest, and how to test it."""
    prediction, request = registration.prediction, registration.request
    parts: list[RenderableType] = [Prose(prediction.statement)] if prediction.statement else []
    where = f"protocol {prediction.protocol}, backend {request['backend']}, {len(request['settings'])} settings"
    parts += [
        Prose(
            Text.assemble(
                "Registered ", (prediction.in_words(), "bold"), f": {where}, {registration.registered[:19]} UTC."
            )
        ),
        Prose(Text.assemble("Claim ", (registration.digest, "bold"))),
        Prose(f"To test it: jamharness run --claim {registration.digest[:_SHORT]}"),
    ]
    return Group(*parts)


def tested(claim: "TestedClaim", unit: str) -> list[RenderableType]:
    """What was claimed, the verdict with its reason, and what was not as it was registered.

    Arguments:
        claim: from a run.
        unit: of its estimate.
    """
    statement = f" {claim.prediction.statement}" if claim.prediction.statement else ""
    sentence = (
        f"Claim {claim.digest[:_SHORT]}, registered {claim.registered[:19]} UTC: {claim.prediction.in_words(unit)}."
    )
    parts: list[RenderableType] = [Prose(sentence + statement)]
    parts.append(Prose(Text.assemble("The claim is ", verdict(claim.verdict), f": {claim.reason}.")))
    if claim.deviations:
        changes = "; ".join(claim.deviations)
        parts.append(Prose(Text(f"It did not run as it was registered: {changes}.", style="yellow")))
    return parts
