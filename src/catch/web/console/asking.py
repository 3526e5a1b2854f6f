"""A command's form with everything that is known of it: what it is about, what its fields may be, what is likely."""

from collections.abc import Iterable, Mapping, Sequence

from catch.domain.facts import Command
from catch.web.console.choices import choices, suggestions
from catch.web.console.defaults import defaults, rows_asked
from catch.web.console.fields import Choice
from catch.web.console.forms import Form
from catch.web.console.known import Known
from catch.web.console.sent import Sent

ABOUT = (
    "case",
    "meeting",
    "item",
    "person",
    "partner",
    "instrument",
    "among",
    "entry",
    "measure",
    "contact",
    "opening",
)
"""What a form is about, where the page knows it: it travels hidden."""


def form_of(
    known: Known,
    kind: type[Command],
    sent: Sent,
    fixed: Mapping[str, str] | None = None,
    *,
    more: Mapping[str, Iterable[Choice]] | None = None,
    only: Sequence[str] | None = None,
    title: str | None = None,
    prefix: str = "",
) -> Form:
    """`fixed` is what the page knows besides, `more` choices that only it knows; `only` are the paths asked for."""
    about = {name: known.about[name] for name in ABOUT if name in kind.__struct_fields__ and name in known.about}
    hidden, names = rows_asked(known, kind, sent)
    return Form(
        kind,
        sent,
        fixed={**about, **(fixed or {}), **hidden},
        choices={**choices(known, kind), **(more or {})},
        suggested=suggestions(known, kind),
        defaults=defaults(known, kind),
        row_names=names,
        only=only,
        title=title,
        prefix=prefix,
    )
