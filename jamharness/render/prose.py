"""Paragraphs whose words are never broken: a number that is cut in two reads as another number."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text


class Prose:
    """A paragraph that is broken between words only.

    A word that is longer than a line loses the indent, and then sticks out: a terminal breaks it by itself.

    Arguments:
        text: the paragraph; its own line breaks stay.
        indent: columns before every line.
        hang: further columns before every line but the first.
        glue: from which character on nothing is broken, if that part fits on a line.
    """

    def __init__(self, text: Text | str, indent: int = 0, hang: int = 0, glue: int | None = None) -> None:
        self._text = Text(text) if isinstance(text, str) else text
        self._indent, self._hang, self._glue = indent, hang, glue

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Its lines, each with an end of line."""
        first = True
        # Line breaks of its own come only in texts that hold sentences, where nothing is glued.
        for paragraph in self._text.split(allow_blank=True):
            for line in wrap(paragraph, options.max_width - self._indent, self._hang, self._glue):
                indent = self._indent + (0 if first else self._hang)
                first = False
                # What does not fit behind the indent fits better without it.
                line.pad_left(max(0, min(indent, options.max_width - cell_len(line.plain))))
                line.no_wrap, line.overflow = True, "ignore"
                yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """From its longest word to its longest line."""
        return Measurement(longest_word(self._text), self._indent + longest_line(self._text))


class Line:
    """One line, of which only whole words are shown where it is longer than the screen."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The line."""
        yield Text(cut(self._text, options.max_width), no_wrap=True, overflow="ignore")


def wrap(text: Text, width: int, hang: int = 0, glue: int | None = None) -> Iterator[Text]:
    """The lines of a text of one line, broken at spaces alone.

    Arguments:
        text: without line breaks.
        width: columns of the first line.
        hang: how many columns fewer the lines after it have.
        glue: from which character on it is not broken, if that part fits.
    """
    plain, breaks, start, used = text.plain, list[int](), 0, 0
    words = list(_words(plain))
    if glue is not None and cell_len(plain[glue:]) <= width - hang:
        words = [*((begin, word) for begin, word in words if begin < glue), (glue, plain[glue:])]
    for begin, word in words:
        size = cell_len(word)
        if used and used + begin - start + size > width - (hang if breaks else 0):
            breaks.append(begin)
            used = 0
        else:
            used += begin - start
        used += size
        start = begin + len(word)
    for line in text.divide(breaks):
        line.rstrip()
        yield line


def _words(plain: str) -> Iterator[tuple[int, str]]:
    """Each word and where it begins."""
    begin = 0
    for word in plain.split(" "):
        if word:
            yield begin, word
        begin += len(word) + 1


def longest_word(text: Text) -> int:
    """Columns that the longest word takes."""
    return max((cell_len(word) for word in text.plain.split()), default=0)


def longest_line(text: Text) -> int:
    """Columns that the longest line takes unbroken."""
    return max((cell_len(line) for line in text.plain.split("\n")), default=0)


def cut(text: str, width: int) -> str:
    """As many whole words as fit on a line, with an ellipsis where some are left out."""
    if cell_len(text) <= width:
        return text
    line = ""
    for begin, word in _words(text):
        longer = text[: begin + len(word)]
        if cell_len(longer) + 2 > width:
            break
        line = longer
    return f"{line} …" if line else "…"[: max(width, 0)]
