"""Texts that others wrote, such as a record in a shared folder, without what a terminal would obey."""

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import category

_COMMANDS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that move the cursor, turn the direction of writing, break lines or cannot be written."""


def printable(text: str, keep: str = "") -> str:
    r"""The text with control characters as escapes, such as ``\x1b``.

    Arguments:
        text: what was read.
        keep: control characters that stay, such as a line break.
    """
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode() if category(character) in _COMMANDS and character not in keep
        else character
        for character in text
    )  # fmt: skip


def all_printable(value: Any) -> Any:
    """The same for every text in a JSON value, keys included; line breaks stay."""
    if isinstance(value, str):
        return printable(value, keep="\n\t")
    if isinstance(value, Mapping):
        return {printable(key): all_printable(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [all_printable(item) for item in value]
    return value
