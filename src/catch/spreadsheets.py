"""Cells of files that people open in a spreadsheet."""

import re

_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")


def written_out(cell: str) -> str:
    """The cell so that a spreadsheet shows it and does not run it. `read_back` gives the cell again."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def read_back(cell: str) -> str:
    """The cell without the apostrophe that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
