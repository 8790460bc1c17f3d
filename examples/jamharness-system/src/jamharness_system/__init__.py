"""What this distribution offers; importing it computes nothing."""

from jamharness.api import SystemSpec, hookimpl


@hookimpl
def jamharness_systems():
    text, factory = "quadrics that separate points, by Cover's count", "jamharness_system.quadrics:Quadrics"
    return [SystemSpec(name="quadrics", factory=factory, summary=text)]
