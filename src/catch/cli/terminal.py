"""Text that others wrote, on its way to a terminal: none of it may move the cursor or hide a line."""

from rich.markup import escape


def legible(text: object, *, lines: bool = False) -> str:
    """The text with every sign that does not print written out, e.g. `\\x1b`; with `lines`, its lines are kept.

    Whatever the terminal is told to do, it is told by this program.
    """
    return "".join(sign if sign.isprintable() or (lines and sign == "\n") else ascii(sign)[1:-1] for sign in str(text))


def marked(text: object, *, lines: bool = False) -> str:
    """The same for what rich prints: square brackets stay brackets."""
    return escape(legible(text, lines=lines))
