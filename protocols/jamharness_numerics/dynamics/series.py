"""The energy of the spherical p-spin after a quench as a power series in time, in exact rational numbers.

C and R are polynomials in t and t′ (t ≥ t′). Each pass through the integrated equations of motion makes one more power
of time exact. It shares nothing with ``mode_coupling`` but the equations themselves.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy.interpolate import pade

Polynomial = dict[tuple[int, int], Fraction]
"""Coefficients of t^a t′^b by (a, b)."""


def energy_series(p: int, order: int, temperature: Fraction = Fraction(0)) -> tuple[Fraction, ...]:
    """The coefficients of 1, t, …, t^order of E(t) = −∫ f₁(C(t,s)) R(t,s) ds.

    Arguments:
        p: of the interaction, at least 2.
        order: the highest power of time.
        temperature: T after the quench from a random start.
    """
    correlation: Polynomial = {(0, 0): Fraction(1)}
    response: Polynomial = {(0, 0): Fraction(1)}
    drive: Polynomial = {}
    for _ in range(order + 1):
        f1 = _scaled(_power(correlation, p - 1, order), Fraction(p, 2))
        f2 = _scaled(_power(correlation, p - 2, order), Fraction(p * (p - 1), 2))
        kernel = _product(f2, response, order)
        drive = _whole(_product(f1, response, order), order)
        multiplier = _sum({(0, 0): temperature}, _scaled(drive, Fraction(p)))
        slope_c = _sum(
            _scaled(_product(multiplier, correlation, order), Fraction(-1)),
            _overlap(f1, response, order),
            _overlap(kernel, correlation, order),
            _between(kernel, correlation, order),
        )
        slope_r = _sum(_scaled(_product(multiplier, response, order), Fraction(-1)), _between(kernel, response, order))
        correlation, response = _from_diagonal(slope_c, order), _from_diagonal(slope_r, order)
    return tuple(-drive.get((power, 0), Fraction(0)) for power in range(order + 1))


def resummed(coefficients: Sequence[Fraction], time: float) -> tuple[float, float]:
    """A power series at a time by its diagonal Padé approximant, and how far the one before is from it.

    Arguments:
        coefficients: of 1, t, t², ….
        time: t ≥ 0.
    """
    values = [float(each) for each in coefficients]
    # At T = 0 E is odd in time: a series in t², whose approximant in t would be singular.
    step = 1 if any(values[2::2]) else 2
    own, at, approximants = values[1::step], time**step, []
    for used in (len(own) - 1, len(own)):
        above, below = pade(own[:used], (used - 1) // 2)
        approximants.append(values[0] + time * float(above(at) / below(at)))
    return approximants[1], abs(approximants[1] - approximants[0])


def _sum(*terms: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for term in terms:
        for powers, value in term.items():
            total[powers] = total.get(powers, Fraction(0)) + value
    return {powers: value for powers, value in total.items() if value}


def _scaled(term: Polynomial, factor: Fraction) -> Polynomial:
    return {powers: factor * value for powers, value in term.items()}


def _product(one: Polynomial, other: Polynomial, order: int) -> Polynomial:
    product: Polynomial = {}
    for (a, b), left in one.items():
        for (c, d), right in other.items():
            if a + b + c + d <= order:
                product[a + c, b + d] = product.get((a + c, b + d), Fraction(0)) + left * right
    return product


def _power(base: Polynomial, exponent: int, order: int) -> Polynomial:
    power: Polynomial = {(0, 0): Fraction(1)}
    for _ in range(exponent):
        power = _product(power, base, order)
    return power


def _whole(integrand: Polynomial, order: int) -> Polynomial:
    """∫₀^t A(t, s) ds."""
    integral: Polynomial = {}
    for (a, b), value in integrand.items():
        if a + b + 1 <= order:
            integral[a + b + 1, 0] = integral.get((a + b + 1, 0), Fraction(0)) + value / (b + 1)
    return integral


def _overlap(one: Polynomial, other: Polynomial, order: int) -> Polynomial:
    """∫₀^t′ A(t, s) B(t′, s) ds."""
    integral: Polynomial = {}
    for (a, b), left in one.items():
        for (c, d), right in other.items():
            power = c + b + d + 1
            if a + power <= order:
                integral[a, power] = integral.get((a, power), Fraction(0)) + left * right / (b + d + 1)
    return integral


def _between(one: Polynomial, other: Polynomial, order: int) -> Polynomial:
    """∫_t′^t A(t, s) B(s, t′) ds."""
    integral: Polynomial = {}
    for (a, b), left in one.items():
        for (c, d), right in other.items():
            power = b + c + 1
            if a + d + power <= order:
                value = left * right / power
                integral[a + power, d] = integral.get((a + power, d), Fraction(0)) + value
                integral[a, d + power] = integral.get((a, d + power), Fraction(0)) - value
    return integral


def _from_diagonal(slope: Polynomial, order: int) -> Polynomial:
    """1 + ∫_t′^t A(τ, t′) dτ."""
    return _sum({(0, 0): Fraction(1)}, _between({(0, 0): Fraction(1)}, slope, order))


def powers(coefficients: Sequence[Fraction], time: float) -> float:
    """The partial sum itself, which converges for short times only."""
    return float(np.polynomial.polynomial.polyval(time, [float(each) for each in coefficients]))
