"""Tables that fit: rows under their heads where the screen is wide enough, otherwise one record below the other.

A rich table that is too wide for a terminal crops its cells, and ``1.50`` becomes ``1.``. Here every column has a least
width, that of what may not be broken; where the least widths do not fit beside each other, no table is drawn.
"""

from collections.abc import Iterator
from typing import Literal

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from jamharness.render.prose import Prose, longest_line, longest_word

_NARROWEST = 14
"""Columns below which a column of sentences would be one of single words."""
_INDENT = 2

Narrow = Literal["records", "turned"]


class Rows:
    """A table with a line under its head and no frame, good without colour and in a log file.

    Arguments:
        columns: the heads; one that ends in ``>`` is aligned to the right, one that ends in ``!`` to the left, and both
            are never broken; others hold sentences, which are broken between words. Columns without any content are
            left out.
        title: a line above it.
        narrow: what becomes of rows that do not fit: ``"records"``, each a block of ``head: cell`` lines; or
            ``"turned"``, heads down the side and as many rows beside each other as fit.
    """

    def __init__(self, *columns: str, title: str = "", narrow: Narrow = "records") -> None:
        self._heads = [column.rstrip(">!") for column in columns]
        self._right = [column.endswith(">") for column in columns]
        self._whole = [column.endswith((">", "!")) for column in columns]
        self._title, self._narrow = title, narrow
        self._rows: list[list[Text]] = []

    def add_row(self, *cells: Text | str) -> None:
        """Add a row, one cell for each head; the last ones may be left out."""
        row = [Text(cell) if isinstance(cell, str) else cell for cell in cells]
        self._rows.append(row + [Text("")] * (len(self._heads) - len(row)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table if it fits, or its records."""
        widths = self._widths(console, options)
        if self._title:
            yield Prose(Text(self._title, style="bold"))
        if widths is not None:
            yield self._table(widths)
        elif self._narrow == "turned":
            yield from self._turned(console, options)
        else:
            yield from self._records()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """It makes do with any width."""
        return Measurement(1, options.max_width)

    def _filled_columns(self) -> list[int]:
        """The columns that hold anything."""
        return [column for column in range(len(self._heads)) if any(row[column].plain for row in self._rows)]

    def _widths(self, console: Console, options: ConsoleOptions) -> dict[int, int] | None:
        """The width of each column; None where they do not fit beside each other."""
        natural, least = {}, {}
        for column in self._filled_columns():
            texts = [Text(self._heads[column]), *(row[column] for row in self._rows)]
            natural[column] = max(map(longest_line, texts))
            narrowest = max(*map(longest_word, texts), _NARROWEST)
            least[column] = natural[column] if self._whole[column] else min(natural[column], narrowest)
        unbounded = options.update(width=sum(natural.values()) + 100)
        around = Measurement.get(console, unbounded, self._table(natural)).maximum - sum(natural.values())
        left = options.max_width - around - sum(least.values())
        if left < 0:
            return None
        # Those that lack the least get it first, and the widest share what remains.
        order = sorted(least, key=lambda column: natural[column] - least[column])
        widths = dict(least)
        for place, column in enumerate(order):
            more = min(natural[column] - least[column], left // (len(order) - place))
            widths[column] += more
            left -= more
        return widths

    def _table(self, widths: dict[int, int]) -> Table:
        grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column, width in widths.items():
            justify: Literal["left", "right"] = "right" if self._right[column] else "left"
            grid.add_column(self._heads[column], justify=justify, width=width, overflow="fold")
        for row in self._rows:
            grid.add_row(*(row[column] for column in widths))
        return grid

    def _records(self) -> Iterator[RenderableType]:
        """Each row under its name, one line for each other cell; rows of two cells take one line.

        The name is the first cell that is never broken.
        """
        columns = self._filled_columns()
        if not columns:
            return
        first = next((column for column in columns if self._whole[column] and not self._right[column]), columns[0])
        others = [column for column in columns if column != first]
        if self._heads[first]:
            yield Prose(Text(self._heads[first], style="bold"))
        for row in self._rows:
            if len(others) == 1:
                yield self._line(row[first], row, others[0], _INDENT)
                continue
            yield Prose(row[first], _INDENT)
            for column in others:
                if row[column].plain:
                    yield self._line(Text(self._heads[column], style="dim"), row, column, 2 * _INDENT)
        yield Text("")

    def _line(self, name: Text, row: list[Text], column: int, indent: int) -> Prose:
        glue = len(name) + 2 if self._whole[column] else None
        return Prose(Text.assemble(name, ": ", row[column]), indent, _INDENT, glue)

    def _turned(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Tables of as many rows as fit, each row a column under its number."""
        start = 0
        while start < len(self._rows):
            for end in range(len(self._rows), start, -1):
                turned = self._turn(start, end)
                if turned._widths(console, options) is not None:
                    break
            yield turned
            start = end

    def _turn(self, start: int, end: int) -> "Rows":
        rows = Rows("!", *(f"{number + 1}>" for number in range(start, end)))
        # Each column holds numbers and sentences now; numbers are words, which are not broken anyway.
        rows._whole[1:] = [False] * (end - start)
        for column in self._filled_columns():
            head = Text(self._heads[column], style="bold")
            rows.add_row(head, *(row[column] for row in self._rows[start:end]))
        return rows
