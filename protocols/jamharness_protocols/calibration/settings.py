"""The settings of the calibration protocol."""

from dataclasses import dataclass

from jamharness.api import setting, unknown_name
from jamharness_protocols.calibration.registry import CALIBRATIONS

FAULTS = ("none", "margin", "contact", "estimator")


@dataclass(frozen=True, kw_only=True)
class CalibrationSettings:
    """Settings of the calibration protocol."""

    names: tuple[str, ...] | None = setting(None, help=f"which calibrations; none: all of {', '.join(CALIBRATIONS)}")
    full: bool = setting(False, help="many draws and larger systems: minutes to hours instead of minutes")
    fault: str = setting(
        "none",
        help="an instrument made wrong on purpose: κ 2% too large, a contact in fifty lost, or estimates 2% too large",
        choices=FAULTS,
    )

    def problems(self) -> list[str]:
        """One sentence for each name that is none."""
        return [
            unknown_name("calibration", name, CALIBRATIONS) for name in self.names or () if name not in CALIBRATIONS
        ]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names that are meant."""
        return self.names or tuple(CALIBRATIONS)
