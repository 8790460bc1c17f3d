"""Figures in the formats that are asked for, in the style of a paper."""

import logging
import os
import subprocess
import sys
from typing import Any

import pytest
from matplotlib.figure import Figure

from jamharness.api import BadInput
from jamharness.running.figures import check_formats, draw


def a_figure() -> dict[str, Figure]:
    figure = Figure(figsize=(3.4, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1])
    axes.set_xlabel(r"load $P/N_w$")
    return {"line": figure}


def test_every_format_is_written_with_its_fonts(tmp_path):
    """TrueType in PDF, outlines in SVG, 300 dots per inch in PNG."""
    files = draw("toy", a_figure, tmp_path, ("pdf", "svg", "png"))
    assert [path.rpartition("/")[2] for path in files] == ["toy-line.pdf", "toy-line.svg", "toy-line.png"]
    pdf, svg, png = ((tmp_path / f"toy-line.{kind}").read_bytes() for kind in ("pdf", "svg", "png"))
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf
    assert b"<text" not in svg
    assert int.from_bytes(png[16:20]) == round(3.4 * 300)


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    """No date and no random name is in a file."""
    for folder in ("one", "two"):
        draw("toy", a_figure, tmp_path / folder, ("pdf", "svg", "png"))
    for kind in ("pdf", "svg", "png"):
        assert (tmp_path / "one" / f"toy-line.{kind}").read_bytes() == (
            tmp_path / "two" / f"toy-line.{kind}"
        ).read_bytes()


def test_the_style_ends_with_the_figure(tmp_path):
    """The settings of whoever calls are as before."""
    import matplotlib as mpl

    before = mpl.rcParams["font.size"], mpl.rcParams["pdf.fonttype"]
    draw("toy", a_figure, tmp_path, ("pdf",))
    assert (mpl.rcParams["font.size"], mpl.rcParams["pdf.fonttype"]) == before


@pytest.mark.parametrize(
    ("names", "formats"),
    [
        ("pdf,svg", ("pdf", "svg")),
        (("png", "pdf", "png"), ("png", "pdf")),
        ("none", ()),
        ("", ()),
        (" pdf , ", ("pdf",)),
    ],
)
def test_formats_are_names_separated_by_commas(names, formats):
    """As on the command line, or a list."""
    problems: list[str] = []
    assert check_formats(names, problems) == formats
    assert problems == []


def test_an_unknown_format_is_told_with_the_rest(lab: Any):
    """Before anything is computed."""
    with pytest.raises(BadInput) as error:
        lab.run(figures="pfd,png", workers=0)
    assert any("did you mean 'pdf'" in sentence for sentence in error.value.problems)
    assert any("workers = 0" in sentence for sentence in error.value.problems)


def test_a_run_draws_what_was_asked_for(lab: Any):
    """And finds it again when it is opened."""
    from jamharness.running import open_run

    run = lab.run(figures=("pdf", "svg"))
    assert run.files
    assert {path.rpartition(".")[2] for path in run.files} == {"pdf", "svg"}
    assert open_run(run.name, lab.store).files == sorted(run.files, key=lambda path: path)


def test_no_format_draws_nothing(tmp_path, caplog):
    """Not even a broken figure."""
    with caplog.at_level(logging.WARNING):
        assert draw("toy", lambda: 1 / 0, tmp_path, ()) == []
    assert caplog.text == ""


def test_a_backend_of_figures_that_does_not_exist_is_in_nobodys_way():
    """matplotlib refuses to be imported with it; the variable stays for whoever is started next."""
    code = (
        "import os; from jamharness.running.figures import _matplotlib; print(_matplotlib().get_backend(), os.environ)"
    )
    output = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "MPLBACKEND": "nonsense"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.lower().startswith("agg")
    assert "'MPLBACKEND': 'nonsense'" in output
