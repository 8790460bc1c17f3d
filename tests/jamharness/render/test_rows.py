"""Tables at every width: a number is never cropped, a name never broken."""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from jamharness.render.prose import Prose, cut
from jamharness.render.rows import Rows
from jamharness.render.screen import Screen

WIDTHS = (20, 30, 40, 50, 60, 80, 100, 200)


def text(renderable, width: int) -> str:
    screen = Screen(file=io.StringIO(), width=width, markup=False, highlight=False, color_system=None)
    screen.print(renderable)
    return screen.file.getvalue()


NUMBERS = st.one_of(st.floats(allow_nan=False).map(repr), st.integers(-(10**9), 10**9).map(str))
SENTENCES = st.lists(st.text("abcdefgh", min_size=1, max_size=12), max_size=8).map(" ".join)


@settings(deadline=None, max_examples=60)
@given(
    width=st.integers(8, 200),
    rows=st.lists(st.tuples(st.text("abcdefgh_", min_size=1, max_size=25), NUMBERS, NUMBERS, SENTENCES), min_size=1),
    narrow=st.sampled_from(["records", "turned"]),
)
def test_every_number_and_name_appears_whole(width, rows, narrow):
    """Whatever the width, every word of every cell stands unbroken in the output."""
    grid = Rows("name!", "value>", "95% interval!", "what it means", narrow=narrow)
    for name, value, end, meaning in rows:
        grid.add_row(Text(name, style="bold"), value, f"{end} to {value}", meaning)
    words = set(re.split(r"[\s]+|:(?=\s)", text(grid, width)))
    for row in rows:
        for cell in row:
            assert set(cell.split()) <= words


@settings(deadline=None, max_examples=60)
@given(width=st.integers(20, 200), rows=st.lists(st.tuples(SENTENCES, NUMBERS), min_size=1))
def test_no_line_is_longer_than_the_screen(width, rows):
    """Unless a single word is."""
    grid = Rows("meaning", "value>", title="Some values")
    for row in rows:
        grid.add_row(*row)
    longest = max([width, *(len(word) for row in rows for cell in row for word in cell.split())])
    assert max(cell_len(line) for line in text(grid, width).splitlines()) <= longest


def test_rows_go_vertical_where_they_do_not_fit():
    """Heads stand before their cells then, empty cells go, and an interval stays on one line."""
    grid = Rows("jamming!", "value>", "95% interval!", "unit", "published")
    grid.add_row("critical_ratio_parameters", "1.50", "1.23 to 1.88", "P/N", "")
    grid.add_row("jump", "0.75", "–", "", "≈ 0.75")
    assert text(grid, 80).split("\n")[3].split() == ["critical_ratio_parameters", "1.50", "1.23", "to", "1.88", "P/N"]
    assert [line.rstrip() for line in text(grid, 30).splitlines()] == [
        "jamming",
        "  critical_ratio_parameters",
        "    value: 1.50",
        "    95% interval: 1.23 to 1.88",
        "    unit: P/N",
        "  jump",
        "    value: 0.75",
        "    95% interval: –",
        "    published: ≈ 0.75",
        "",
    ]
    assert "    95% interval:\n      1.23 to 1.88" in re.sub(" +\n", "\n", text(grid, 24))


def test_rows_turn_where_they_have_many_columns():
    """As many rows beside each other as fit, the heads down the side."""
    grid = Rows("seed>", "patterns>", "a_rather_long_name>", "outcome", narrow="turned")
    for seed in range(3):
        grid.add_row(str(seed), str(100 + seed), f"{seed}.123456789", "satisfied")
    lines = [line.split() for line in text(grid, 48).splitlines() if line.strip()]
    assert lines[0] == ["1", "2"]
    assert lines[2:6] == [
        ["seed", "0", "1"],
        ["patterns", "100", "101"],
        ["a_rather_long_name", "0.123456789", "1.123456789"],
        ["outcome", "satisfied", "satisfied"],
    ]
    assert lines[6] == ["3"]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_paragraph_breaks_between_words_only(width):
    """A word that is longer than the screen sticks out instead."""
    path = "/a/path/that/is/longer/than/any/narrow/screen/jamming-jump.png"
    shown = text(Prose(f"Figure {path} at 1.6666666667", 2, 2), width)
    assert {path, "1.6666666667"} <= set(shown.split())


def test_a_line_that_is_cut_loses_whole_words():
    """A number that is half there is another number."""
    assert cut("seed 3, P = 1234567", 40) == "seed 3, P = 1234567"
    assert cut("seed 3, P = 1234567", 18) == "seed 3, P = …"
    assert cut("1234567", 4) == "…"
