"""What this distribution offers; importing it costs nothing."""

from collections.abc import Iterable

from jamharness.api import ProtocolSpec, hookimpl


@hookimpl
def jamharness_protocols() -> Iterable[ProtocolSpec]:
    """The built-in protocols."""
    return [
        ProtocolSpec(
            name="jamming",
            factory="jamharness_protocols.jamming.protocol:Jamming",
            version="1",
            summary="where the transition lies, how wide it is and how far N_Δ jumps",
        ),
        ProtocolSpec(
            name="spectrum",
            factory="jamharness_protocols.spectrum.protocol:Spectrum",
            version="1",
            summary="eigenvalues of H, H0 and Hp below, at and beyond the transition",
        ),
        ProtocolSpec(
            name="margins",
            factory="jamharness_protocols.margins.protocol:Margins",
            version="1",
            summary="the distribution of margins at the transition: the exponents θ and γ",
        ),
        ProtocolSpec(
            name="avalanches",
            factory="jamharness_protocols.avalanches.protocol:Avalanches",
            version="1",
            summary="how the set of unsatisfied patterns changes along training",
        ),
    ]
