"""Two arrays compared, with a message that says what is wrong, where, and how far off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from jamharness.api import System
from jamharness.testing.hints import hints

ALLOWED = {"float64": 1e-12, "float32": 1e-5}
"""Relative to the largest entry: the agreement that the project claims for backends written apart."""


@dataclass
class Record:
    """What one test found: the summary is made of these.

    Arguments:
        capability: what the test is about.
        ratio: the worst error in units of what is allowed; None while nothing was compared.
        error, allowed: of the comparison that ``ratio`` belongs to.
        quantity, place, dtype: what it compared and where.
    """

    capability: str
    ratio: float | None = None
    error: float = 0.0
    allowed: float = 0.0
    quantity: str = ""
    place: str = ""
    dtype: str = "float64"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A comparison to be made.

    Arguments:
        record: where the error is noted.
        place: network, P, κ and dtype, for the message.
        system, patterns: to say which parameters, or which of so many constraints, are wrong.
        dtype: of the backend.
        bounds: the relative difference that is allowed in each dtype.
    """

    record: Record
    place: str
    system: System
    patterns: int
    dtype: str = "float64"
    bounds: Mapping[str, float] = field(default_factory=lambda: ALLOWED)

    def agree(
        self, quantity: str, actual: Any, expected: Any, *, allowed: float | None = None, scale: float | None = None,
        source: str = "the reference",
    ) -> None:  # fmt: skip
        """Fail unless the largest difference is small.

        Arguments:
            quantity: what it is, with its symbol.
            actual: what the backend computed.
            expected: what it should be; its shape is required too.
            allowed: the bound; None takes that of the dtype.
            scale: what the difference is divided by; None takes the largest entry of ``expected``. Where that is 0 the
                backend must find exactly 0.
            source: where ``expected`` comes from.
        """
        bound = self.bounds[self.dtype] if allowed is None else allowed
        a, b = np.asarray(actual), np.asarray(expected, dtype=np.float64)
        if a.shape != b.shape:
            self._note(quantity, np.inf, bound)
            self._fail(quantity, f"has shape {a.shape}; it must be {b.shape}.")
        if not np.isfinite(a).all():
            wrong = int(np.count_nonzero(~np.isfinite(a)))
            self._note(quantity, np.inf, bound)
            self._fail(quantity, f"holds {wrong} of {a.size} entries that are not finite.")
        a = a.astype(np.float64)
        size = float(np.abs(b).max(initial=0.0)) if scale is None else float(scale)
        gap = np.abs(a - b)
        worst = float(gap.max(initial=0.0))
        error = worst / size if size else (np.inf if worst else 0.0)
        self._note(quantity, error, bound)
        if error <= bound:
            return
        at = tuple(int(i) for i in np.unravel_index(int(gap.argmax()), gap.shape)) if gap.ndim else ()
        where = f"worst at {list(at)}: {a[at]:.9g} instead of {b[at]:.9g}" if at else f"{float(a)!r}, not {float(b)!r}"
        lines = [
            f"differs from {source} by {error:.2g} of its size; {bound:.0e} is allowed "
            f"({_times(error, bound)} times that).",
            f"  {where}",
            *(f"  hint: {hint}" for hint in hints(a, b, size, bound, self)),
        ]
        self._fail(quantity, "\n".join(lines))

    def equal(self, quantity: str, actual: float, expected: float) -> None:
        """Fail unless two numbers are equal: counts, and zeros that are exact."""
        self._note(quantity, 0.0 if actual == expected else np.inf, 0.0)
        if actual != expected:
            self._fail(quantity, f"is {actual}; it must be {expected}.")

    def _note(self, quantity: str, error: float, allowed: float) -> None:
        ratio = error / allowed if allowed else (np.inf if error else 0.0)
        if self.record.ratio is None or ratio >= self.record.ratio:
            record = self.record
            record.ratio, record.error, record.allowed = float(ratio), float(error), float(allowed)
            record.quantity, record.place, record.dtype = quantity, self.place, self.dtype

    def _fail(self, quantity: str, text: str) -> None:
        first, *rest = text.splitlines()
        pytest.fail(
            "\n".join([f"{self.record.capability}: {quantity} {first}", f"  on {self.place}", *rest]), pytrace=False
        )


def _times(error: float, bound: float) -> str:
    return f"{error / bound:.2g}" if bound else "infinitely many"
