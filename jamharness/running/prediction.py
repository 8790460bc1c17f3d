"""What is predicted of one estimate, and whether an interval confirms it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jamharness.api import Estimate, Json

SIGNS = ("positive", "negative")
CONFIRMED, REFUTED, UNDECIDED = "confirmed", "refuted", "undecided"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A region in which the 95% interval of an estimate is to lie.

    Arguments:
        protocol: that measures it.
        estimate: its name among the protocol's observables.
        expected: a number, the two ends of an interval, or ``"positive"`` or ``"negative"``.
        margin: of equivalence, in the estimate's unit: by how much a number or an interval is widened on each side; how
            far from zero a sign has to be.
        statement: one sentence in words, for the reader.
    """

    protocol: str
    estimate: str
    expected: float | tuple[float, float] | str
    margin: float = 0.0
    statement: str = ""

    @property
    def region(self) -> tuple[float, float]:
        """Its ends; infinite on the far side of a sign."""
        if self.expected == "positive":
            return self.margin, math.inf
        if self.expected == "negative":
            return -math.inf, -self.margin
        assert not isinstance(self.expected, str)
        low, high = self.expected if isinstance(self.expected, tuple) else (self.expected, self.expected)
        return low - self.margin, high + self.margin

    def in_words(self, unit: str = "") -> str:
        """Such as ``"critical_ratio from 2.5 to 3.5 P/N_w"``."""
        low, high = (f"{end:.12g}" for end in self.region)
        unit = f" {unit}" if unit else ""
        if self.expected == "positive":
            return f"{self.estimate} above {low}{unit}"
        if self.expected == "negative":
            return f"{self.estimate} below {high}{unit}"
        return f"{self.estimate} from {low} to {high}{unit}"

    def judge(self, estimate: Estimate | None) -> tuple[str, str]:
        """The verdict and one sentence on why.

        Confirmed: the whole interval lies inside the region. Refuted: none of it does. Undecided: anything else, and
        an estimate without an interval. An end that is not known counts as infinitely far. What a sign excludes it
        excludes with its edge: an interval that touches zero is not above it.

        Arguments:
            estimate: what was measured; None where there is none of this name.
        """
        if estimate is None:
            return UNDECIDED, f"the run has no estimate {self.estimate!r}"
        low, high = _end(estimate.low, -math.inf), _end(estimate.high, math.inf)
        if math.isinf(low) and math.isinf(high):
            return UNDECIDED, "its interval is not known"
        first, last = self.region
        if isinstance(self.expected, str):
            above = self.expected == "positive"
            inside, outside = (low > first, high <= first) if above else (high < last, low >= last)
        else:
            inside, outside = first <= low and high <= last, high < first or low > last
        shown = f"its 95% interval, {low:.6g} to {high:.6g},"
        if inside:
            return CONFIRMED, f"{shown} lies inside"
        if outside:
            return REFUTED, f"{shown} lies outside"
        return UNDECIDED, f"{shown} is neither inside nor outside"

    def to_json(self) -> dict[str, Json]:
        """Its values under their names."""
        expected = list(self.expected) if isinstance(self.expected, tuple) else self.expected
        return {
            "protocol": self.protocol,
            "estimate": self.estimate,
            "expected": expected,
            "margin": self.margin,
            "statement": self.statement,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Prediction":
        """The inverse of ``to_json``.

        Raises:
            TypeError, ValueError, LookupError: it is none.
        """
        expected = document["expected"]
        if isinstance(expected, list):
            low, high = expected
            expected = float(low), float(high)
        elif expected not in SIGNS:
            expected = float(expected)
        return cls(
            protocol=str(document["protocol"]),
            estimate=str(document["estimate"]),
            expected=expected,
            margin=float(document["margin"]),
            statement=str(document["statement"]),
        )


def _end(value: float | None, unknown: float) -> float:
    return unknown if value is None or math.isnan(value) else float(value)
