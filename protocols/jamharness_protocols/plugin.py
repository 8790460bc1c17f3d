"""What this distribution offers; importing it costs nothing."""

from collections.abc import Iterable

from jamharness.api import ProtocolSpec, hookimpl


@hookimpl
def jamharness_protocols() -> Iterable[ProtocolSpec]:
    """The built-in protocols."""
    return [
        ProtocolSpec(
            name="jamming",
            factory="jamharness_protocols.jamming:Jamming",
            version="1",
            summary="where the transition lies, how wide it is and how far N_Δ jumps",
        )
    ]
