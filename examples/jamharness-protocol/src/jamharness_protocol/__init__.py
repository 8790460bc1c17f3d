"""What this distribution offers; importing it costs nothing."""

from jamharness.api import ProtocolSpec, hookimpl


@hookimpl
def jamharness_protocols():
    return [
        ProtocolSpec(
            name="capacity",
            factory="jamharness_protocol.protocol:Capacity",
            tasks={"satisfaction": "jamharness_protocol.task:measure"},
            summary="the probability that random patterns can be satisfied, load by load",
        )
    ]
