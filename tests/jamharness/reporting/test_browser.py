"""The page in a browser: what is drawn is what is exported, nothing leaves the page, and it opens at once."""

import csv
import io
import math
import os
from pathlib import Path
from typing import Any

import pytest

from jamharness.plugins import Plugins
from jamharness.reporting import make_report
from jamharness.running import Run, export_run, run
from jamharness.running.experiments import load_protocol

FULL = bool(os.environ.get("JAMHARNESS_FULL"))
ALWAYS = {
    "ageing": {"seeds": 2, "width": 4, "budget": 400, "waits": 3, "first_wait": 1, "per_decade": 2},
    "margins": {"seeds": 4, "width": 6, "depth": 1},
    "jamming": {
        "seeds": 2, "width": 3, "depth": 1, "constraint": "sphere", "activation": "softplus(8)", "loads": "2,2.5",
    },
}  # fmt: skip
DERIVED = ("collapsed", "covered")
"""Plots of what is computed of a row, and does not stand in it."""
LONGER = {
    "generalisation": {"patterns": 40, "networks": 2, "factors": "1,2,4", "highest_width": 32, "inputs": 4, "seeds": 2},
    "scaling": {"seeds": 2, "patterns": "20,40", "highest_width": 32, "inputs": 4},
    "advise": {"seeds": 2, "most": 48, "networks": 2, "highest_width": 32, "inputs": 4},
    "regimes": {
        "seeds": 2, "widths": "4,6", "scales": "0.1,10", "patterns": 20, "tests": 20, "kernel_tests": 10,
        "highest_width": 16, "resolution": 8, "depth": 1,
    },
    "calibration": {"names": "cusp"},
}  # fmt: skip
SLOW = (pytest.mark.slow, pytest.mark.skipif(not FULL, reason="JAMHARNESS_FULL=1 reports on every protocol"))


class Opened:
    """A page in a context of its own, with all that it said and asked for."""

    def __init__(self, browser: Any, path: Path, wait: str = "drawn", **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **context})
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.session = self.context.new_cdp_session(self.page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.goto(path.as_uri())
        states = ("open", "drawn") if wait == "open" else (wait,)
        ends = ", ".join(f'html[data-state="{state}"]' for state in (*states, "failed"))
        self.page.wait_for_selector(ends, timeout=60_000, state="attached")

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    @property
    def busy(self) -> float:
        """Seconds of processor time that the page's thread has taken, however many others share the machine."""
        metrics = {each["name"]: each["value"] for each in self.session.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"])

    def traces(self, chart: str) -> list[dict[str, Any]]:
        """What plotly.js has drawn: name, x, y, text and the row of each point."""
        script = (
            "chart => document.querySelector(`[data-chart='${chart}']`).data"
            ".map(t => ({name: t.name, x: t.x, y: t.y, text: t.text, rows: t.meta ? t.meta.rows : []}))"
        )
        return self.page.evaluate(script, chart)  # type: ignore[no-any-return]

    def rows(self, table: str) -> list[list[str]]:
        """The cells of a table that is open."""
        script = (
            "name => [...document.querySelector(`details[data-table='${name}'] tbody`).rows]"
            ".map(r => [...r.cells].map(c => c.textContent))"
        )
        return self.page.evaluate(script, table)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def page(small: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the small run."""
    return make_report([small], Plugins.load(), tmp_path_factory.mktemp("page") / "small.html").page


@pytest.fixture(scope="module")
def both(pair: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two runs."""
    return make_report(pair, Plugins.load(), tmp_path_factory.mktemp("both") / "both.html").page


def exported(run: Run, folder: Path) -> list[dict[str, str]]:
    """The trials as ``export`` writes them."""
    (file,) = (path for path in export_run(run, folder) if path.name == "jamming-trials.csv")
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))


def test_every_point_is_a_row_of_the_export(browser, page, small, tmp_path):
    """The same numbers to the last bit, each row once, in the series of its outcome; its text names the cell."""
    trials = exported(small, tmp_path)
    with Opened(browser, page) as opened:
        drawn = [trace for trace in opened.traces("jamming-jump") if trace["rows"]]
        assert sorted(row for trace in drawn for row in trace["rows"]) == list(range(30)) == list(range(len(trials)))
        for trace in drawn:
            for row, x, y, text in zip(trace["rows"], trace["x"], trace["y"], trace["text"], strict=True):
                own = trials[row]
                assert (x, y) == (float(own["ratio"]), float(own["unsatisfied_ratio"]))
                assert own["outcome"] == trace["name"]
                assert f"cell {own['cell']}" in text
                assert f"seed: {own['seed']}" in text
                assert "width = 40" in text
        marks = "document.querySelectorAll(`[data-chart='jamming-jump'] path.point`).length"
        assert opened.page.evaluate(marks) == 30


def test_nothing_goes_wrong_and_nothing_leaves_the_page(browser, both):
    """No message on the console, and one request: for the file itself. The page's own policy forbids others."""
    with Opened(browser, both) as opened:
        assert opened.said == []
        assert opened.asked == [both.as_uri()]
        blocked = opened.page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'went out', () => 'refused')")
        assert blocked == "refused"
        assert any("Content Security Policy" in text for text in opened.said)


def test_a_download_is_the_exported_file(browser, page, small, tmp_path):
    """Byte for byte."""
    export_run(small, tmp_path)
    with Opened(browser, page) as opened:
        opened.page.click("summary:has-text('jamming: trials')")
        with opened.page.expect_download() as download:
            opened.page.click("button.csv:has-text('small-jamming-trials.csv')")
        assert download.value.suggested_filename == "small-jamming-trials.csv"
        assert Path(download.value.path()).read_bytes() == (tmp_path / "jamming-trials.csv").read_bytes()


def test_a_table_is_sorted_by_its_heads(browser, page, small, tmp_path):
    """By numbers as numbers, up and then down; what is empty stays last, and the row keeps together."""
    trials = exported(small, tmp_path)
    heads = list(trials[0])
    with Opened(browser, page) as opened:
        opened.page.click("summary:has-text('jamming: trials')")
        for column, direction in (("patterns", "ascending"), ("patterns", "descending"), ("balance", "ascending")):
            opened.page.click(f"details[data-table='small/jamming/trials'] th button:text-is('{column}')")
            head = opened.page.locator(f"details[data-table='small/jamming/trials'] th:has(button:text-is('{column}'))")
            assert head.get_attribute("aria-sort") == direction
            rows = opened.rows("small/jamming/trials")
            shown = [row[heads.index(column)] for row in rows]
            filled = [float(text) for text in shown if text]
            assert shown[len(filled) :] == [""] * (len(trials) - len(filled))
            assert filled == sorted(filled, reverse=direction == "descending")
            assert {(row[heads.index("cell")], row[heads.index("patterns")]) for row in rows} == {
                (each["cell"], each["patterns"]) for each in trials
            }


def test_a_click_on_a_point_leads_to_its_row(browser, page, small, tmp_path):
    """And so do the keys: an arrow says where one is, Enter goes there."""
    trials = exported(small, tmp_path)
    with Opened(browser, page) as opened:
        opened.page.locator("[data-chart='jamming-jump']").focus()
        opened.page.keyboard.press("ArrowRight")
        opened.page.keyboard.press("ArrowRight")
        first = opened.traces("jamming-jump")[0]
        text = opened.page.text_content("#said")
        assert f"cell {trials[first['rows'][1]]['cell']}" in text
        assert opened.page.locator("[data-chart='jamming-jump'] g.hovertext").count() == 1
        opened.page.keyboard.press("Enter")
        row = opened.page.locator("tr.found")
        assert trials[first["rows"][1]]["cell"] in row.text_content()
        assert opened.page.evaluate("document.activeElement.classList.contains('found')")
        # Satisfied runs of all seeds lie on one point; minima lie apart.
        second = opened.traces("jamming-jump")[1]
        marks = opened.page.locator("[data-chart='jamming-jump'] g.trace").nth(1).locator("path.point")
        marks.nth(4).hover(force=True)
        opened.page.wait_for_selector("[data-chart='jamming-jump'] g.hovertext")
        opened.page.wait_for_timeout(200)
        opened.page.mouse.down()
        opened.page.mouse.up()
        assert trials[second["rows"][4]]["cell"] in opened.page.locator("tr.found").text_content()


def test_two_runs_are_drawn_over_each_other(browser, both, pair, tmp_path):
    """Each with its own colour and its own rows, and both commands below."""
    with Opened(browser, both) as opened:
        drawn = [trace for trace in opened.traces("jamming-jump") if trace["rows"]]
        assert sum(len(trace["x"]) for trace in drawn) == 60
        for run in pair:
            trials = exported(run, tmp_path / run.name)
            mine = [each for trace in drawn for each in trace["text"] if f"{run.name}, cell" in each]
            assert {text.partition("cell ")[2][:12] for text in mine} == {row["cell"] for row in trials}
        commands = opened.page.locator("figure:has([data-chart='jamming-jump']) pre.command").all_text_contents()
        assert [command.rpartition(" ")[2] for command in commands] == ["small", "larger"]
        assert "jamming.width" in opened.page.text_content("#differences")


def test_colours_follow_the_reader(browser, page):
    """Light and dark as the system has it, and as the button says; black on white on paper."""

    def ink(opened: Opened) -> tuple[str, str]:
        script = "[getComputedStyle(document.body).color, document.querySelector('.chart').layout.font.color]"
        return tuple(opened.page.evaluate(script))  # type: ignore[return-value]

    with Opened(browser, page, color_scheme="light") as opened:
        light = ink(opened)
    with Opened(browser, page, color_scheme="dark") as opened:
        dark = ink(opened)
        opened.page.click("#theme")
        assert ink(opened) == light != dark
        opened.page.click("#theme")
        assert ink(opened) == dark
        opened.page.emulate_media(media="print")
        opened.page.wait_for_timeout(500)
        assert ink(opened) == ("rgb(0, 0, 0)", "#000000")
        assert not opened.page.locator("nav").is_visible()
        assert len(opened.page.pdf()) > 10_000


def test_a_phone_scrolls_in_one_direction(browser, both):
    """Wide tables scroll by themselves, the page does not."""
    with Opened(browser, both, viewport={"width": 360, "height": 740}) as opened:
        opened.page.click("summary:has-text('jamming: trials') >> nth=0")
        assert opened.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        width = opened.page.evaluate("document.querySelector('.chart svg').getBoundingClientRect().width")
        assert 300 < width <= 360
        assert opened.said == []


def test_two_thousand_cells_open_within_two_seconds(browser, written, tmp_path):
    """Of processor time, the machine being shared; with all charts drawn, and in less than 4 MB."""
    run = written(tmp_path / "store", "large", 400)
    report = make_report([run], Plugins.load(), tmp_path / "large.html")
    assert report.size == report.page.stat().st_size < 4_000_000
    busy: list[float] = []
    while len(busy) < 5 and min(busy, default=math.inf) >= 2.0:  # at first the browser itself warms up
        with Opened(browser, report.page) as opened:
            assert sum(len(trace["rows"]) for trace in opened.traces("jamming-jump")) == 2000
            busy.append(opened.busy)
    assert min(busy) < 2.0, (busy, report.size)


def test_a_browser_without_decompression_says_so(browser, page):
    """In a sentence on the page; settings, estimates and commands are there all the same."""
    context = browser.new_context()
    try:
        opened = context.new_page()
        opened.add_init_script("delete globalThis.DecompressionStream")
        opened.goto(page.as_uri())
        assert "DecompressionStream" in opened.text_content("#fault")
        assert "critical_ratio" in opened.text_content("#estimates")
    finally:
        context.close()


@pytest.mark.parametrize("name", [*ALWAYS, *(pytest.param(name, marks=SLOW) for name in LONGER)])
def test_a_protocol_is_reported_with_its_plots(name, browser, tmp_path):
    """Every series of every plot, point by point; each point with a row is in that row of the exported table."""
    plugins, settings = Plugins.load(), (ALWAYS | LONGER)[name]
    finished_run = run(name, backend="numpy", settings=settings, store=tmp_path / "store", name="mine", workers=1)
    expected = load_protocol(plugins, name).plots(finished_run.protocols[name].findings)
    assert expected
    files = {path.name: path for path in export_run(finished_run, tmp_path / "exported")}
    page = make_report([finished_run], plugins, tmp_path / "report.html").page
    with Opened(browser, page) as opened:
        assert opened.said == []
        for title, plot in expected.items():
            drawn = {trace["name"]: trace for trace in opened.traces(f"{name}-{title}")}
            for series in plot.series:
                trace = drawn[series.name]
                assert (trace["x"], trace["y"]) == (list(series.x), list(series.y)), (title, series.name)
                if series.table:
                    with files[f"{name}-{series.table}.csv"].open(encoding="utf-8", newline="") as file:
                        table = list(csv.reader(file))[1:]
                    for row, x in zip(series.rows, series.x, strict=True):
                        assert x in _numbers(table[row]) or title in DERIVED, (title, series.name, row)


def _numbers(cells: list[str]) -> list[float]:
    numbers = []
    for cell in cells:
        try:
            numbers.append(float(cell))
        except ValueError:
            continue
    return numbers
