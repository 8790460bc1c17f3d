"""The lists, as text of 80 columns."""

import io
from dataclasses import replace

import pytest

from jamharness.api import Observable
from jamharness.plugins import PluginRow
from jamharness.render import listings
from jamharness.render.screen import Screen
from jamharness.settings import SettingRow
from jamharness.store import RunRecord


def text(renderable, columns: int = 80) -> str:
    screen = Screen(file=io.StringIO(), width=columns, markup=False, highlight=False, color_system=None)
    screen.print(renderable)
    assert columns < 80 or max(map(len, screen.file.getvalue().splitlines())) <= columns
    return screen.file.getvalue()


def test_plugins_show_state_capabilities_versions_and_reason():
    """What the table has no room for stands below it, in full."""
    reason = "ImportError: " + "a very long reason " * 8
    shown = text(
        listings.plugins(
            [
                PluginRow(
                    kind="backend",
                    name="fast",
                    distribution="fast-net",
                    version="1.2",
                    api="1.0",
                    capabilities=("hessian", "jacobian"),
                    versions={"jax": "9.9"},
                ),
                PluginRow(
                    kind="plugin", name="bad", distribution="bad-net", version="3", state="broken", reason=reason
                ),
            ]
        )
    )
    joined = " ".join(shown.split())
    for words in ("fast fast-net 1.2 1.0 ready", "fast: (jax 9.9) hessian, jacobian", f"bad: broken: {reason.strip()}"):
        assert words in joined


def test_a_protocol_shows_defaults_choices_and_sources():
    """What a setting means, what it can be, and where its default comes from."""
    setting = SettingRow(
        name="scan", default="patterns", allowed="patterns | width", help="What varies.", source="arXiv 1"
    )
    observable = Observable(unit="P/N", meaning="The threshold.", source="arXiv 2", comparison="exact", published="3")
    row = PluginRow(kind="protocol", name="jam", distribution="d", version="1", summary="the jamming point")
    joined = " ".join(text(listings.protocol(row, [setting], {"quick": {"seeds": 2}}, {"ratio": observable})).split())
    for words in (
        "jam: the jamming point",
        "scan patterns What varies.",
        "patterns | width; arXiv 1",
        "ratio P/N The threshold. [arXiv 2] 3",
        "Preset quick: seeds=2",
    ):
        assert words in joined


def test_offers_that_cannot_be_used_say_why():
    """A data set that lacks a library shows the command instead of its summary."""
    row = PluginRow(
        kind="dataset",
        name="digits",
        distribution="d",
        version="1",
        state="missing dependency",
        reason="run: pip install x",
        summary="digits of 8×8",
    )
    shown = text(listings.offers([row], "dataset"))
    assert "missing dependency: run: pip install x" in " ".join(shown.split())
    assert "8×8" not in shown


ESTIMATES = {
    "jamming": {
        "nothing": {"value": None, "low": None, "high": None, "count": 0, "note": ""},
        "critical_ratio": {"value": 1.667, "low": 1.55, "high": 1.78, "count": 12, "note": ""},
        "transition_width": {"value": 0.3, "low": None, "high": None, "count": 12, "note": ""},
    }
}


def a_run(name: str = "jamming-1", **changes) -> RunRecord:
    record = RunRecord(
        name=name,
        created="2026-01-02T03:04:05+00:00",
        status="finished",
        protocols={"jamming": {"width": 6}},
        backend="torch",
        cells={"jamming": ["a", "b"]},
        spent={"jamming": 61.0},
        process={"user": "ada", "host": "engine"},
    )
    return replace(record, **changes)


def test_runs_show_when_what_and_how_they_ended():
    """One record each, with what is no default and what was found; an unreadable one says why below."""
    bad = RunRecord(name="torn", status="unreadable", problem="torn.json is no record of a run.")
    shown = text(
        listings.runs([a_run(), bad], {"jamming-1": {"width": 6, "relative": [0.7, 1.4]}}, {"jamming-1": ESTIMATES})
    )
    for words in (
        "  jamming-1\n    status: finished\n    started: 2026-01-02 03:04\n    by: ada@engine\n",
        "computed: torch, 2 cells, 1 min 01 s",
        "estimates: critical_ratio 1.67 (1.55 to 1.78)\n",
        "settings: width=6 relative=0.7,1.4",
        "torn: torn.json is no record of a run.",
    ):
        assert words in "\n".join(line.rstrip() for line in shown.splitlines())
    assert "nothing" not in shown
    assert "transition_width" not in shown
    assert "No runs yet" in text(listings.runs([], {}, {}))


@pytest.mark.parametrize("columns", [20, 40, 50, 80, 100, 200])
def test_the_name_of_a_run_is_never_broken(columns):
    """It is what one types next."""
    record = a_run("jamming-spectrum-margins-0123456789")
    shown = text(listings.runs([record], {record.name: {"width": 6}}, {record.name: ESTIMATES}), columns)
    assert record.name in shown.split()
