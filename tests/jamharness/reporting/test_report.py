"""What a report shows is what its runs have, and nothing that names the machine."""

import base64
import gzip
import importlib.util
import json
import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from jamharness.api import BadInput, Plot, PluginError
from jamharness.cli import main
from jamharness.plugins import Plugins
from jamharness.reporting import make_report
from jamharness.reporting.agreements import agreements_of
from jamharness.reporting.contents import Gathering
from jamharness.running import Run, open_run
from jamharness.store import Store


def data_of(page: str) -> Any:
    """What the browser reads."""
    (coded,) = re.findall(r'id="data">([^<]+)<', page)
    return json.loads(gzip.decompress(base64.b64decode(coded)))


def words_of(page: str) -> str:
    """What stands on a page before any script runs."""
    return " ".join(unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)).split())


@pytest.fixture(scope="module")
def page(pair: list[Run], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of two runs."""
    report = make_report(pair, Plugins.load(), tmp_path_factory.mktemp("page") / "both.html")
    return report.page.read_text(encoding="utf-8")


def test_estimates_stand_beside_what_was_published(page, pair):
    """With intervals, run by run, before any script runs."""
    words = words_of(page)
    for run in pair:
        estimate = run.estimates["jamming"]["critical_ratio"]
        assert f"{estimate.low:.2f} to {estimate.high:.2f}" in words
    assert "critical_ratio" in words
    assert "≈ 3" in words
    assert words.count("✓ answered") == 2


def test_nothing_names_the_machine(page, small):
    """Neither the home of whoever ran it nor the folder of the store."""
    everything = page + json.dumps(data_of(page))
    assert str(Path.home()) not in everything or str(Path.home()) == "/"
    assert str(small.store) not in everything


def test_a_run_without_an_answer_says_so(small, tmp_path):
    """In its verdict, and with what is missing of its cells."""
    store = tmp_path / "store"
    shutil.copytree(small.store, store)
    for key in Store(store).run("small").cells["jamming"][::2]:
        (store / "cells" / key[:2] / f"{key}.json").unlink()
    report = make_report([open_run("small", store)], Plugins.load(), tmp_path / "less.html")
    assert "15 of its 30 cells are missing from the store" in words_of(report.page.read_text(encoding="utf-8"))


def test_texts_of_plugins_are_no_markup(small, tmp_path):
    """A note or a reason with tags is shown as it is, in the page and in the data."""
    part = small.protocols["jamming"]
    bad = "</script><script>alert(1)</script><b>"
    estimates = {**part.findings.estimates}
    estimates["critical_ratio"] = replace(estimates["critical_ratio"], note=bad)
    findings = replace(part.findings, estimates=estimates, objection=bad)
    run = replace(small, protocols={"jamming": replace(part, findings=findings, failures=[(bad, bad)])})
    text = make_report([run], Plugins.load(), tmp_path / "bad.html").page.read_text(encoding="utf-8")
    assert bad not in text
    assert text.count("<script") == 3
    assert bad in words_of(text).replace("&amp;", "&") or "alert(1)" in words_of(text)


def test_the_same_runs_give_the_same_bytes(small, tmp_path):
    """So that a report can be kept under version control."""
    first, second = (make_report([small], Plugins.load(), tmp_path / name).page for name in ("a.html", "b.html"))
    assert first.read_bytes() == second.read_bytes()


def test_plots_that_break_become_pictures(small, monkeypatch):
    """A protocol whose plots raise, or that has none, is shown as it draws itself."""
    from jamharness_protocols.jamming.protocol import Jamming

    def broken(_self: object, _findings: object) -> dict[str, Plot]:
        raise PluginError("These plots are broken.")

    monkeypatch.setattr(Jamming, "plots", broken)
    figures = Gathering([small], Plugins.load()).figures()
    assert [figure.chart for figure in figures] == [None]
    assert b"<svg" in figures[0].picture
    monkeypatch.delattr(Jamming, "plots")
    assert [figure.name for figure in Gathering([small], Plugins.load()).figures()] == ["jamming-jump-small"]


def test_agreements_of_the_runs_are_shown(small, tmp_path):
    """Those that one of them belongs to; what cannot be read is left out."""
    store = tmp_path / "store"
    shutil.copytree(small.store, store)
    row = {"backend": "torch", "quantity": "loss", "error": 1e-17, "verdict": "agree"}
    document = {
        "agreement": "agree-jamming-1", "verdict": "agree", "backends": ["torch"], "reference": "numpy",
        "exact": [row, row], "horizon": [], "distribution": [], "failures": {}, "runs": {"torch": "small"},
    }  # fmt: skip
    folder = store / "agreements"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "b.json").write_text(json.dumps({**document, "runs": {"torch": "other"}}), encoding="utf-8")
    (folder / "c.json").write_text(json.dumps({**document, "verdict": "perhaps"}), encoding="utf-8")
    (folder / "d.json").write_text("{", encoding="utf-8")
    (agreement,) = agreements_of(store, ["small"])
    assert (agreement.verdict, agreement.counts) == ("agree", {"exact": "2 agree"})
    text = make_report([open_run("small", store)], Plugins.load(), tmp_path / "a.html").page.read_text("utf-8")
    assert "✓ agree torch against numpy; exact: 2 agree" in words_of(text)
    assert data_of(text)["tables"]["agree-jamming-1/exact"]["csv"].startswith("backend,quantity,error,verdict\n")


@pytest.mark.parametrize(("columns", "width"), [(None, 3.4), (1, 3.4), (2, 7.0)])
def test_figures_for_print_take_one_or_two_columns(small, tmp_path, columns, width):
    """As wide as a journal's, with embedded TrueType."""
    report = make_report([small], Plugins.load(), tmp_path / "r.html", ("pdf", "png"), columns)
    pdf, png = sorted(report.figures)
    assert (pdf.name, png.name) == ("small-jamming-jump.pdf", "small-jamming-jump.png")
    assert pdf.parent.name == "r-figures"
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf.read_bytes())
    assert box
    assert float(box[1]) / 72 == pytest.approx(width, abs=0.01)
    assert b"/FontFile2" in pdf.read_bytes()
    assert b"/Type3" not in pdf.read_bytes()
    assert int.from_bytes(png.read_bytes()[16:20], "big") == pytest.approx(300 * width, abs=2)


@pytest.mark.parametrize("missing", ["jinja2", "plotly"])
def test_a_missing_extra_is_refused_with_what_to_install(small, tmp_path, monkeypatch, missing):
    """In one sentence, before anything is read or written."""
    find = importlib.util.find_spec
    monkeypatch.setattr("jamharness.reporting.page.find_spec", lambda name: None if name == missing else find(name))
    with pytest.raises(BadInput) as error:
        make_report([small], Plugins.load(), tmp_path / "r.html")
    (sentence,) = error.value.problems
    assert missing in sentence
    assert 'pip install "jamharness[report]"' in sentence
    assert not (tmp_path / "r.html").exists()


def test_the_command_writes_a_page_and_tells_where(small, tmp_path, capfd):
    """As text and as JSON."""
    target = tmp_path / "new" / "page.html"
    arguments = ["report", "small", "--store", str(small.store), "-o", str(target), "--png", "--columns", "2"]
    assert main(arguments) == 0
    assert capfd.readouterr().out.split() == [str(target), str(target.parent / "page-figures/small-jamming-jump.png")]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["report"] == str(target)
    assert document["bytes"] == target.stat().st_size


def test_all_that_is_wrong_is_said_at_once(small, tmp_path, capfd):
    """A sentence for each fault, and nothing is written."""
    arguments = ["report", "smal", "small", "small", "--store", str(small.store), "-o", str(tmp_path)]
    assert main([*arguments, "--columns", "3"]) == 2
    sentences = capfd.readouterr().err.splitlines()
    assert len(sentences) == 4
    for word in ("--columns '3'", "is a folder", "did you mean 'small'", "named twice"):
        assert any(word in sentence for sentence in sentences), (word, sentences)
    assert main(["report", "small", "--store", str(small.store), "-o", "x.html", "--columns", "2"]) == 2
    assert "--pdf or --png" in capfd.readouterr().err


def test_show_compares_several_runs(pair, capfd):
    """As compare does, without figures."""
    assert main(["show", "small", "larger", "--store", str(pair[0].store), "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert main(["compare", "small", "larger", "--store", str(pair[0].store), "--json", "--figures", "none"]) == 0
    assert shown == json.loads(capfd.readouterr().out)
    assert shown["compared"] == ["small", "larger"]
    assert main(["show", "small", "larger", "--store", str(pair[0].store), "--all"]) == 2
    assert "of one run alone" in capfd.readouterr().err
