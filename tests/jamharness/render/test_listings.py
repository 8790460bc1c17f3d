"""The lists, as text of 80 columns."""

import io

from rich.console import Console

from jamharness.api import Observable
from jamharness.plugins import PluginRow
from jamharness.render import listings
from jamharness.settings import SettingRow
from jamharness.store import RunRecord


def text(renderable) -> str:
    screen = Console(file=io.StringIO(), width=80, markup=False, highlight=False, color_system=None)
    screen.print(renderable)
    assert max(map(len, screen.file.getvalue().splitlines())) <= 80
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


def test_runs_show_when_what_and_how_they_ended():
    """One row each; an unreadable record says why below."""
    good = RunRecord(
        name="jamming-1",
        created="2026-01-02T03:04:05+00:00",
        status="finished",
        protocols={"jamming": {}},
        backend="torch",
        cells={"jamming": ["a", "b"]},
        spent={"jamming": 61.0},
    )
    bad = RunRecord(name="torn", status="unreadable", problem="torn.json is no record of a run.")
    joined = " ".join(text(listings.runs([good, bad])).split())
    assert "jamming-1 2026-01-02 jamming torch 2 1 min 01 s finished 03:04" in joined
    assert "torn: torn.json is no record of a run." in joined
    assert "No runs yet" in text(listings.runs([]))
