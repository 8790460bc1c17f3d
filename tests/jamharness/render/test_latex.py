"""Estimates for LaTeX."""

from pathlib import Path

from jamharness.api import Estimate, Findings, Observable
from jamharness.render.latex import escaped, estimates_table
from jamharness.running import ProtocolRun, Run


def test_each_estimate_is_a_row_with_its_interval():
    """Digits follow the interval; powers of ten and open ends are written as in print."""
    findings = Findings(
        estimates={
            "critical_ratio": Estimate(value=1.6667, low=1.5512, high=1.7833, count=12),
            "gap": Estimate(value=2.5e-9, count=3),
            "open": Estimate(value=2.4, low=2.4, high=None, count=3),
            "none": Estimate(value=None, low=1.0, high=None, count=0),
        },
        tables={},
    )
    part = ProtocolRun(settings={}, findings=findings, cells={"done": 1, "failed": 0}, seconds=1.0, failures=[])
    run = Run(name="r", status="finished", protocols={"jamming": part}, files=[], environment={}, store=Path())
    unit = Observable(unit="P/N_w", meaning="", source="", comparison="exact")
    lines = estimates_table(run, {"jamming": {"critical_ratio": unit}}).splitlines()
    assert lines[1:4] == [r"\begin{tabular}{lllrl}", r"\toprule", r"observable & value & 95\% interval & $n$ & unit \\"]
    assert lines[5:8] == [
        r"critical\_ratio & $1.67$ & [$1.55$, $1.78$] & 12 & P/N\_w \\",
        r"gap & $2.5 \times 10^{-9}$ & -- & 3 &  \\",
        r"open & $2.4$ & $>$ $2.4$ & 3 &  \\",
    ]
    assert lines[8:] == [r"\bottomrule", r"\end{tabular}"]


def test_what_is_latex_of_its_own_is_escaped():
    """Every special character, and the Greek of units."""
    assert escaped("N_Δ/N 50% & {x}^2 ~ #1 \\") == (
        r"N\_$\Delta$/N 50\% \& \{x\}\textasciicircum{}2 \textasciitilde{} \#1 \textbackslash{}"
    )
