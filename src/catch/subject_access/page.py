"""A pack as one page of HTML that needs nothing else: for the person, or for whoever looks at it before they get it."""

from catch.subject_access.content import Pack, day, moment
from catch.templates import template
from catch.wording import words


def html(pack: Pack, *, review: bool = False) -> str:
    """`review`: with the place of every line and value, what is left out and why, and how many there are of each. The
    person's own copy tells nothing of a line that is left out.
    """
    page = template("catch.subject_access", "pack.html")
    return page.render(pack=pack, review=review, day=day, moment=moment, words=words)
