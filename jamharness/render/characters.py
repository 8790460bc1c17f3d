"""What a terminal would obey rather than show: taken out of every text that comes from elsewhere."""

import re

_OBEYED = re.compile(
    # C0 without newline and tab, DEL, C1, and what turns the direction of writing around.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def visible(text: str) -> str:
    """The text with U+FFFD in place of each character that a terminal obeys: escape sequences become harmless.

    Arguments:
        text: from a plugin, a worker, a file or its name.
    """
    return _OBEYED.sub("\ufffd", text)
