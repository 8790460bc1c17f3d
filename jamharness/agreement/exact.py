"""Exact agreement: from the same data and w, the same numbers up to rounding."""

from collections.abc import Iterable, Mapping

import numpy as np

from jamharness.agreement.rounding import allowance, roundoff
from jamharness.agreement.rows import ExactRow
from jamharness.api import Array


def compare(
    measured: Mapping[str, Array],
    reference: Mapping[str, Array],
    deviation: Mapping[str, float],
    dtype: str,
    labels: Mapping[str, str],
) -> Iterable[ExactRow]:
    """One row for each quantity of the reference.

    Arguments:
        measured: what the backend computed.
        reference: what the reference computed, in float64.
        deviation: the standard deviation of rounding errors in units of u, from ``rounding.deviations``.
        dtype: of the backend.
        labels: backend, reference, comparison_point and state, for the rows.
    """
    for quantity, expected in reference.items():
        largest = float(np.abs(expected).max(initial=0.0))
        scale = largest or 1.0
        bound = allowance(expected.size) * roundoff(dtype) * deviation[quantity] / scale
        if quantity not in measured:
            yield ExactRow(
                **labels, quantity=quantity, error=None, condition=None, units=None, bound=bound,
                verdict="not compared", note="the backend lacks this capability",
            )  # fmt: skip
            continue
        values = np.asarray(measured[quantity], dtype=np.float64)
        if values.shape != expected.shape:
            yield ExactRow(
                **labels, quantity=quantity, error=None, condition=None, units=None, bound=bound, verdict="differ",
                note=f"shape {values.shape} instead of {expected.shape}",
            )  # fmt: skip
            continue
        error = float(np.abs(values - expected).max(initial=0.0)) / scale
        condition = deviation[quantity] / scale / 2  # in units of eps = 2u
        units = error / (2 * roundoff(dtype) * condition) if condition else None
        right = error <= bound  # a NaN is beyond every bound
        yield ExactRow(
            **labels, quantity=quantity, error=error, condition=condition, units=units, bound=bound,
            verdict="agree" if right else "differ",
        )  # fmt: skip
