"""A pack as one page of HTML that needs nothing else: for the person, or for whoever looks at it before they get it."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined, select_autoescape

from catch.subject_access.content import Pack, day, moment
from catch.wording import words


def html(pack: Pack, *, review: bool = False) -> str:
    """`review`: with the place of every line and value, what is left out and why, and how many there are of each. The
    person's own copy tells nothing of a line that is left out.
    """
    made = Environment(
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = (files("catch.subject_access") / "pack.html").read_text(encoding="utf-8")
    return made.from_string(template).render(pack=pack, review=review, day=day, moment=moment, words=words)
