"""What the calibration protocol estimates."""

from collections.abc import Mapping

from jamharness.api import Observable


def _count(meaning: str) -> Observable:
    return Observable(unit="rows", meaning=meaning, source="counted", comparison="distribution")


OBSERVABLES: Mapping[str, Observable] = {
    "rows": _count("rows with a 95% interval"),
    "covered": _count("of these, rows whose interval holds the truth; 95% of them should"),
    "exact": _count("rows whose truth must be met to rounding"),
    "met": _count("of these, rows that meet it"),
    "coverage": Observable(
        unit="",
        meaning="with --full: how many intervals hold the truth, of parts as large as the short calibration's draws",
        source="counted; Clopper and Pearson's interval",
        comparison="distribution",
    ),
}
