"""Which minima count as beyond the transition: a few unsatisfied patterns that no unit can reach do not make one."""

from typing import TypeVar

Numbers = TypeVar("Numbers")

UNSATISFIED = 0.1
"""In units of N: arXiv 1809.09349 calls runs with N_Δ > 0.1 N unsatisfied. Leaving out pinned ones is ours."""


def counts(unsatisfied: Numbers, pinned: Numbers, parameters: Numbers) -> Numbers:
    """N_Δ − pinned > 0.1 N, for numbers or for columns of them.

    Arguments:
        unsatisfied: N_Δ.
        pinned: how many of these reach a layer whose units are all off, or saturated until their slopes underflow.
        parameters: N.
    """
    return unsatisfied - pinned > UNSATISFIED * parameters  # type: ignore[operator, no-any-return]
