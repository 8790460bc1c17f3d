"""Whole minimisations: what a protocol finds with a backend, and what it finds with the referee.

A backend may be right method by method and still measure other physics, where it is wrong at sizes or values that the
other tests do not reach. So the protocol ``jamming``, of whatever plugin brings it, is run as a user runs it, in worker
processes, on networks of N ≈ 50 and at loads far from the transition, where no rounding decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jamharness.api import supports
from jamharness.testing.core import Suite, concerns

PROTOCOL, REFEREE = "jamming", "numpy"
SEARCHES: Mapping[str, Mapping[str, Any]] = {
    "relu": {"width": 4, "inputs": 6, "depth": 2, "seeds": 2, "start_ratio": 0.5, "growth": 6.0, "highest_ratio": 3.0},
    "linear": {"width": 5, "inputs": 5, "depth": 2, "activation": "linear", "seeds": 3, "start_ratio": 0.1,
               "growth": 20.0, "highest_ratio": 2.0},
    "tanh": {"width": 5, "inputs": 8, "depth": 1, "activation": "tanh", "seeds": 3, "start_ratio": 0.5, "growth": 2.0,
             "highest_ratio": 1.0},
}  # fmt: skip
"""One load below and one beyond the transition of every seed; tanh below it alone."""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """The outcomes of one run.

    Arguments:
        verdicts: of each minimisation, by its seed and P: its outcome, and why.
        threshold: P/N_w at the transition, and the ends of its interval.
    """

    verdicts: Mapping[str, tuple[str, str]]
    threshold: tuple[float | None, ...]


class Minimisations(Suite):
    """Against the referee's verdicts."""

    @pytest.mark.parametrize("search", list(SEARCHES))
    @concerns("minimisations")
    def test_minimisations(self, search: str, tmp_path: Path) -> None:
        """The same verdicts as the referee, cell by cell, and so the same brackets of the transition.

        Without Newton's method, which takes a Hessian, a minimisation may end undecided where the referee's comes to
        rest: that is a lack, not a fault.
        """
        self.engine("float64")
        expected = _reference(search, tmp_path)
        measured = _search(self.name, search, tmp_path, device=self.place)
        excused = "undecided" if not supports("hessian", self.spec.capabilities) else ""
        wrong = [
            f"  {cell}: {outcome}, not {expected.verdicts[cell][0]}: {reason}"
            for cell, (outcome, reason) in measured.verdicts.items()
            if cell in expected.verdicts and outcome not in (expected.verdicts[cell][0], excused)
        ]
        settings = " ".join(f"{name}={value}" for name, value in SEARCHES[search].items())
        place = f"  on {PROTOCOL} with {settings}"
        self.record.ratio = float("inf") if wrong else 0.0
        self.record.quantity, self.record.place = "verdicts", place.strip()
        if wrong:
            count = f"{len(wrong)} of {len(expected.verdicts)} verdicts differ from the referee's."
            pytest.fail("\n".join([f"minimisations: {count}", place, *wrong]), pytrace=False)
        missing = expected.verdicts.keys() - measured.verdicts.keys()
        if not excused and (missing or measured.threshold != expected.threshold):
            text = f"P/N_w = {measured.threshold} at the transition, not {expected.threshold}."
            pytest.fail(f"minimisations: {text}\n{place}", pytrace=False)


def _search(backend: str, search: str, folder: Path, device: str = "cpu") -> Searched:
    from jamharness.plugins import Plugins
    from jamharness.running import run

    plugins = Plugins.load()
    if PROTOCOL not in plugins.protocols:
        pytest.skip(f"no plugin brings the protocol {PROTOCOL!r}, with which minimisations are compared")
    settings = {**SEARCHES[search], "resolution": 10.0}
    finished_run = run(
        PROTOCOL, backend=backend, settings=settings, device=device, workers=1, store=folder, plugins=plugins
    )
    trials = finished_run.tables[PROTOCOL]["trials"]
    threshold = finished_run.estimates[PROTOCOL]["critical_ratio"]
    return Searched(
        verdicts={
            f"seed {row['seed']}, P = {row['patterns']}": (str(row["outcome"]), str(row["reason"]))
            for row in trials.to_dict("records")
        },
        threshold=(threshold.value, threshold.low, threshold.high),
    )


def _reference(search: str, folder: Path) -> Searched:
    if search not in _REFERENCES:
        _REFERENCES[search] = _search(REFEREE, search, folder)
    return _REFERENCES[search]


_REFERENCES: dict[str, Searched] = {}
