"""Templates of pages that stand alone: everything that is put into one is escaped, and nothing may be missing."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template, select_autoescape


def template(package: str, name: str) -> Template:
    """The one of this name in the package."""
    made = Environment(
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made.from_string((files(package) / name).read_text(encoding="utf-8"))
