"""The end of a run, as text of 80 columns."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jamharness.api import Estimate, Findings, Observable
from jamharness.render.screen import Screen
from jamharness.render.summary import details, summary
from jamharness.running import ProtocolRun, Run

OBSERVABLES = {
    "jamming": {
        "critical_ratio_parameters": Observable(
            unit="P/N", meaning="m", source="s", comparison="exact", published="about 3"
        )
    }
}


def text(renderable, columns: int = 80) -> str:
    screen = Screen(file=io.StringIO(), width=columns, markup=False, highlight=False, color_system=None)
    screen.print(renderable)
    return screen.file.getvalue()


@pytest.fixture
def run() -> Run:
    findings = Findings(
        estimates={
            "critical_ratio_parameters": Estimate(value=3.01, low=2.91, high=3.11, count=8, note="one seed [5] open"),
            "jump_median": Estimate(value=None, low=0.5, high=None, count=0),
        },
        tables={"trials": pd.DataFrame({"P": range(100, 112), "a_rather_long_name": 0.5, "outcome": "satisfied"})},
        arrays={"gaps": np.zeros((3, 4))},
        objection="Seeds ran out; give more.",
    )
    part = ProtocolRun(
        settings={"width": [12, 10], "bias": True, "patterns": None},
        findings=findings,
        cells={"done": 10, "failed": 3, "reused": 4},
        seconds=75.0,
        failures=[("seed 1", "Overflow"), ("seed 2", "Overflow"), ("", "NaN")],
    )
    return Run(
        name="jamming-1",
        status="finished",
        protocols={"jamming": part},
        files=["figures/a.png"],
        environment={"python": "3.11", "versions": {"numpy": "2"}},
        store=Path("jamharness-store").absolute(),
    )


def test_a_table_that_is_the_answer_is_shown(run):
    """Each of its rows, with intervals behind what they are of; other tables are not."""
    part = run.protocols["jamming"]
    loads = pd.DataFrame({"load": [2.0, 2.5], "kappa": [0.0164, 0.005], "kappa_low": [0.015, np.nan],
                          "kappa_high": [0.0178, np.nan]})  # fmt: skip
    findings = replace(part.findings, tables={**part.findings.tables, "loads": loads}, answer="loads")
    shown = text(summary(replace(run, protocols={"jamming": replace(part, findings=findings)}), OBSERVABLES))
    assert "0.016 (0.015 to 0.018)" in shown or "0.0164 (0.0150 to 0.0178)" in shown
    assert "0.005" in shown
    assert "a_rather_long_name" not in shown


def test_the_summary_has_estimate_interval_and_what_was_published(run):
    """One row per observable, with notes below."""
    lines = text(summary(run, OBSERVABLES)).splitlines()
    (row,) = [line.split() for line in lines if line.strip().startswith("critical_ratio_parameters ")]
    assert row == ["critical_ratio_parameters", "3.01", "2.91", "to", "3.11", "8", "P/N", "about", "3"]
    assert any("jump_median" in line and "above 0.5" in line for line in lines)
    assert "  critical_ratio_parameters: one seed [5] open" in (line.rstrip() for line in lines)


def test_the_summary_counts_cells_and_names_failures_once_per_reason(run):
    """Cells, reuse, time; each reason once with how many cells it befell."""
    shown = text(summary(run, OBSERVABLES))
    for words in (
        "10 cells done in 1 min 15 s, 4 of them from the store.",
        "3 cells failed:",
        "seed 1 and 1 other: Overflow",
        "a cell: NaN",
        "Seeds ran out; give more.",
        "figures/a.png",
        "jamharness show jamming-1",
    ):
        assert words in shown


def test_a_summary_without_what_a_protocol_says_of_itself_still_shows(run):
    """Observables only decorate."""
    assert "critical_ratio_parameters" in text(summary(run, {}))


def test_details_show_the_answer_first_and_what_is_no_default(run):
    """Estimates, then the settings that differ, then the heads of tables, within 80 columns and without backslashes."""
    shown = text(details(run, OBSERVABLES, {"jamming": {"width": [12, 10]}}))
    places = [
        shown.index(words)
        for words in (
            "critical_ratio_parameters",
            "10 cells done",
            "12,10",
            "the first 5 of 12 rows",
            "104",
            "Array jamming.gaps: 3 × 4 float64",
            "jamharness show jamming-1 --all",
            "jamharness export jamming-1",
        )
    ]
    assert places == sorted(places)
    assert "105" not in shown
    assert "bias" not in shown
    assert "versions.numpy" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "the defaults" in text(details(run, OBSERVABLES, {"jamming": {}}))


def test_details_show_everything_on_request(run):
    """All settings and the environment."""
    shown = text(details(run, OBSERVABLES, None))
    for words in ("12,10", "bias", "patterns", "versions.numpy"):
        assert words in shown


@pytest.mark.parametrize("columns", [40, 80])
def test_a_wide_table_is_turned_and_not_continued(run, columns):
    """Twenty columns go down the side; nothing ends in a backslash, and a sentence does not crowd out the numbers."""
    frame = pd.DataFrame(
        {f"column_{index}": [index + 0.123456] * 4 for index in range(20)}
        | {"reason": "The forces balance with patterns left unsatisfied."}
    )
    part = run.protocols["jamming"]
    part = replace(part, findings=replace(part.findings, tables={"wide": frame}))
    shown = text(details(replace(run, protocols={"jamming": part}), {}, {"jamming": {}}), columns)
    assert "\\" not in shown
    assert sum("column_7" in line for line in shown.splitlines()) == {40: 4, 80: 1}[columns]
    assert shown.count("7.12346") == 4


def test_verdicts_have_their_colours(run):
    """Satisfied is green, a minimum red, undecided yellow."""
    part = run.protocols["jamming"]
    frame = pd.DataFrame({"outcome": ["satisfied", "minimum", "undecided"]})
    estimates = {name: Estimate(value=1.0, count=1) for name in frame["outcome"]}
    part = replace(part, findings=Findings(estimates=estimates, tables={"trials": frame}))
    screen = Screen(file=io.StringIO(), width=80, markup=False, highlight=False, force_terminal=True)
    screen.print(details(replace(run, protocols={"jamming": part}), {}, {"jamming": {}}))
    for word, colour in (("satisfied", 32), ("minimum", 31), ("undecided", 33)):
        assert f"\x1b[1;{colour}m{word}" in screen.file.getvalue()
        assert f"\x1b[{colour}m{word}" in screen.file.getvalue()


def test_what_was_published_for_another_system_is_not_shown(run):
    """The value and its interval are; the published one of another data set is not beside them."""
    observable = replace(OBSERVABLES["jamming"]["critical_ratio_parameters"], published_for={"bias": (False,)})
    shown = text(summary(run, {"jamming": {"critical_ratio_parameters": observable}}))
    assert "3.01" in shown
    assert "about 3" not in shown
    assert "about 3" in text(summary(run, OBSERVABLES))
