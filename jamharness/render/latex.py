r"""Estimates as a LaTeX table with the rules of booktabs, to be included by ``\input``."""

import re
from typing import TYPE_CHECKING

from jamharness.api import Estimate
from jamharness.render.summary import Observables
from jamharness.render.texts import half_width, number

if TYPE_CHECKING:
    from jamharness.running import Run

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "Δ": r"$\Delta$",
    "κ": r"$\kappa$",
    "λ": r"$\lambda$",
    "θ": r"$\theta$",
    "γ": r"$\gamma$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "−": "$-$",
    "×": r"$\times$",
    "≈": r"$\approx$",
}


def estimates_table(run: "Run", observables: Observables) -> str:
    """One row for each estimate that has a value: name, value, 95% interval, how many samples, unit.

    Arguments:
        run: what to export.
        observables: of each protocol, by name, for the units.
    """
    lines = [
        f"% {run.name}: estimates with 95% intervals; needs \\usepackage{{booktabs}}",
        r"\begin{tabular}{lllrl}",
        r"\toprule",
        r"observable & value & 95\% interval & $n$ & unit \\",
    ]
    for name, part in run.protocols.items():
        lines.append(r"\midrule")
        for key, estimate in part.findings.estimates.items():
            if estimate.value is None:
                continue
            observable = observables.get(name, {}).get(key)
            unit = escaped(observable.unit) if observable else ""
            value = _number(estimate.value, estimate)
            lines.append(f"{escaped(key)} & {value} & {_interval(estimate)} & {estimate.count} & {unit} \\\\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def escaped(text: str) -> str:
    """The text with LaTeX's own characters written so that they are shown."""
    return "".join(_SPECIAL.get(letter, letter) for letter in text)


def _interval(estimate: Estimate) -> str:
    low, high = (_number(end, estimate) if end is not None else None for end in (estimate.low, estimate.high))
    if low and high:
        return f"[{low}, {high}]"
    if low:
        return f"$>$ {low}"
    return f"$<$ {high}" if high else "--"


def _number(value: float, estimate: Estimate) -> str:
    text = number(value, half_width(estimate))
    power = re.fullmatch(r"(.+)e([+-]\d+)", text)
    return f"${power[1]} \\times 10^{{{int(power[2])}}}$" if power else f"${text}$"
