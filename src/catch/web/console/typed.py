"""What somebody typed, as it stands on a page: whichever way it runs, it keeps to itself, and turns nothing round that
stands beside it in a line (Unicode Standard Annex 9).
"""

from markupsafe import Markup

ISOLATES = dict.fromkeys(range(0x2066, 0x206A))
"""The signs that begin and end a part of a line that keeps to itself. None of somebody's own may end ours."""


def lines(text: str | None) -> Markup:
    """With the line breaks that were typed."""
    return Markup("<bdi>{}</bdi>").format(Markup("<br>").join((text or "").split("\n")))


def apart(text: str) -> str:
    """Where no element can stand, as among the choices of a list. What is plain ASCII turns nothing round."""
    return text if text.isascii() else f"\u2068{text.translate(ISOLATES)}\u2069"
