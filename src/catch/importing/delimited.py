"""A list as delimited text, read strictly: a quotation mark that does not belong costs its own row, and no other.

A quoted cell may run over several lines, so one mark too many would take the rows behind it into somebody's text. What
is in doubt therefore ends where the next row of the file begins, and is told with the line on which the mark stands.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from catch.domain.plain import LONGEST_TEXT
from catch.importing.columns import EMPTY_IT
from catch.spreadsheets import read_back

_LINE_END = re.compile(r"\r\n|\n|\r")

LikeARow = Callable[[Sequence[str], bool], bool]
"""Whether these cells, as they stand on one line, look like a row of the file: a whole one, or the beginning of one."""


class Record(NamedTuple):
    """One row as it stands in the file: the line it begins on, its cells, and where the text goes on behind it.

    `fault`: why the cells are not what was meant. They are then its text, cut at every delimiter.
    """

    line: int
    cells: list[str]
    end: int = 0
    fault: str = ""


def quoted(cell: str) -> str:
    return '"{}"'.format(cell.replace('"', '""'))


class Delimited:
    """A text with its delimiter. Lines are counted from 1, as editors count them."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self._cell = re.compile(rf' *"([^"]*+(?:""[^"]*+)*+)" *|[^"\r\n{re.escape(delimiter)}]*+')
        self._begins = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def records(self, start: int = 0, like_a_row: LikeARow = lambda _cells, _whole: False) -> Iterator[Record]:
        """From this place of the text on. Blank lines are left out."""
        while start < len(self._text):
            record = self._record(start, like_a_row)
            start = record.end
            if any(cell.strip() for cell in record.cells):
                yield record

    def _record(self, start: int, like_a_row: LikeARow) -> Record:
        cells, behind, fault = self._cells(start)
        for column, cell in enumerate(cells):
            opened, closed = self._line_of(cell.start()), self._line_of(cell.end())
            if opened == closed:
                continue
            if like_a_row(self._behind_mark(cell, column), False):
                what = f"the quotation mark on line {opened} takes in the cells behind it"
                return self._broken(start, self._behind(opened), what)
            for line in range(opened + 1, closed + 1):
                if any(like_a_row(*each) for each in self._readings(cells, column, line, doubted=bool(fault))):
                    what = f"the quotation mark on line {opened} takes in line {line}"
                    return self._broken(start, self._begins[line - 1], what)
            if not fault and len(cell[1]) > LONGEST_TEXT:
                fault = f"the quotation mark on line {opened} is closed only after {len(cell[1]):,} characters"
        if fault:
            return self._broken(start, behind, fault)
        return Record(self._line_of(start), [read_back(_text_of(cell)) for cell in cells], behind)

    def _broken(self, start: int, behind: int, fault: str) -> Record:
        text = self._text[start:behind].rstrip("\r\n")
        return Record(self._line_of(start), text.split(self._delimiter), behind, f"{fault}: {EMPTY_IT}")

    def _cells(self, start: int) -> tuple[list[re.Match[str]], int, str]:
        """The cells of one row, where the next row begins, and what is wrong with the last cell, if anything is."""
        text, cells = self._text, list[re.Match[str]]()
        while True:
            cell = self._cell.match(text, start)
            assert cell is not None  # nothing at all is a cell, too
            cells.append(cell)
            end = cell.end()
            if end == len(text) or text[end] in "\r\n":
                return cells, self._behind(self._line_of(end)), ""
            if text[end] != self._delimiter:
                return self._at_fault(cells, end)
            start = end + 1

    def _at_fault(self, cells: list[re.Match[str]], end: int) -> tuple[list[re.Match[str]], int, str]:
        """A quotation mark that opens and never closes reaches to the end of the text."""
        cell = cells[-1]
        line, behind = self._line_of(cell.start()), self._behind(self._line_of(end))
        if cell[1] is not None:
            return cells, behind, f"the quotation mark on line {line} closes in the middle of a cell"
        if cell[0].strip():
            return cells, behind, f"a quotation mark stands in the middle of a cell on line {line}"
        rest = re.compile(r"(.*)", re.DOTALL).match(self._text, cell.start())
        assert rest is not None
        return [*cells[:-1], rest], len(self._text), f"the quotation mark on line {line} is never closed"

    def _behind_mark(self, cell: re.Match[str], column: int) -> list[str]:
        """What the quoted cell has taken in of the line on which it is opened, each piece at its place in the row."""
        rest = self._text[cell.start() : self._behind(self._line_of(cell.start()))]
        return [""] * (column + 1) + rest.split(self._delimiter)[1:]

    def _readings(
        self, cells: Sequence[re.Match[str]], column: int, line: int, *, doubted: bool
    ) -> Iterator[tuple[list[str], bool]]:
        """What a later line, which a quoted cell has taken in, may be by itself; and whether the whole of it."""
        cell, begins, behind = cells[column], self._begins[line - 1], self._behind(line)
        if behind <= cell.end():
            yield self._text[begins:behind].split(self._delimiter), True
        else:
            held = self._text[begins : cell.end()].split(self._delimiter)[:-1]
            yield held + [""] * (len(cells) - column), cells[-1].end() <= behind
        alone, ends, fault = self._cells(begins)
        sound = [_text_of(each) for each in (alone[:-1] if fault else alone) if each.end() <= behind]
        yield sound, not fault and ends == behind
        if doubted:
            # The mark that closes the cell may be one that was meant to open another, in this line.
            yield self._text[begins:behind].split(self._delimiter), False

    def _line_of(self, place: int) -> int:
        return bisect_right(self._begins, place)

    def _behind(self, line: int) -> int:
        return self._begins[line] if line < len(self._begins) else len(self._text)


def _text_of(cell: re.Match[str]) -> str:
    return cell[0] if cell[1] is None else cell[1].replace('""', '"')
