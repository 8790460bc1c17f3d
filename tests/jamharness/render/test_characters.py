"""What a terminal would obey never reaches it."""

import io
import unicodedata

import pytest

from jamharness.render.characters import visible
from jamharness.render.screen import console, table


def test_every_control_character_but_newline_and_tab_is_replaced():
    """C0, C1, DEL and what turns the direction of writing; all else stays as it is."""
    controls = {chr(code) for code in range(0x250) if unicodedata.category(chr(code)) == "Cc"} - {"\n", "\t"}
    assert len(controls) == 63
    turning = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    for character in controls | turning:
        assert visible(f"a{character}b") == "a\ufffdb"
    text = "jamming κ = 1 …\n\t–é日"
    assert visible(text) == text


@pytest.mark.parametrize("text", ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "a\rb", "\u202egnp.exe"])
def test_no_text_gives_orders_to_the_terminal(text):
    """Neither alone nor in a table, on a terminal with colour, whose own codes stay."""
    stream = io.StringIO()
    screen = console(file=stream)
    screen._force_terminal = True
    rows = table("name")
    rows.add_row(text)
    screen.print(text)
    screen.print(rows)
    screen.print("plain", style="bold red")
    printed = stream.getvalue()
    assert text not in printed
    assert visible(printed) == printed
    assert "plain" in printed
