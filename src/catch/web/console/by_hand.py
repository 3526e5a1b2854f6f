"""Forms of a meeting, and who is there, drawn by hand: its page has dozens of each, and every screen draws them anew at
every event.

Whatever is put into a markup is escaped there (`%`). What is kept (`lru_cache`) is a function of its arguments alone,
so that none can be forgotten, and is given nothing that somebody wrote of a person: plain text is not to lie about.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from uuid import uuid4

from markupsafe import Markup, escape
from msgspec import Struct

from catch.web.console import room
from catch.web.console.room import Json

KEPT = 2_000
NOTHING = Markup()
BEGUN = Markup('<form class="%s" method="post" action="/do/%s">')
SHARED = Markup('<input type="hidden" name="form-key" value="%s"><input type="hidden" name="next" value="%s">')
BUTTON = Markup('<button class="nhsuk-button nhsuk-button--%s nhsuk-button--small" type="submit"%s>%s</button></form>')
OPENED = Markup(
    '<details class="nhsuk-details"%s%s><summary class="nhsuk-details__summary">'
    '<span class="nhsuk-details__summary-text">%s</span></summary><div class="nhsuk-details__text">'
)
CLOSED = Markup("</div></details>")
GROUP = Markup('<div class="nhsuk-form-group"><label class="nhsuk-label" for="%s">%s</label>%s')
HINT = Markup('<div class="nhsuk-hint" id="%s-hint">%s</div>')
LINE = Markup('<input class="nhsuk-input%s" id="%s" name="%s"%s%s autocomplete="off"')
SELECT = Markup('<select class="nhsuk-select" id="%s" name="%s"%s>%s</select></div>')
OPTION = Markup('<option value="%s"%s>%s</option>')
ATTRIBUTE = Markup(' %s="%s"')


class On(Struct):
    """What the forms of a page share: the key that they are sent with, and where they lead back to."""

    form_key: str
    next: str
    shared: Markup | None = None
    """The same, written once a page."""

    def new_id(self) -> str:
        return str(uuid4())

    def hidden(self) -> Markup:
        if self.shared is None:
            self.shared = SHARED % (self.form_key, self.next)
        return self.shared


def begin(
    on: On, command: str, fields: Mapping[str, object], version: int | None = None, kind: str = "catch-form"
) -> Markup:
    sent = {"command-id": on.new_id(), **({} if version is None else {"expected-version": version}), **fields}
    # Piece by piece, each escaped: `%` of a markup costs ten times as much, and a page has dozens of forms.
    hidden = [f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in sent.items()]
    return Markup(f"{begun(kind, command)}{on.hidden()}{''.join(hidden)}")  # noqa: S704


@lru_cache(KEPT)
def begun(kind: str, command: str) -> Markup:
    return BEGUN % (kind, command)


def end(text: str, kind: str = "secondary", label: str | None = None) -> Markup:
    # A label may hold what somebody wrote, and is not kept.
    return ended(text, kind) if label is None else BUTTON % (kind, attribute("aria-label", label), text)


@lru_cache(KEPT)
def ended(text: str, kind: str) -> Markup:
    return BUTTON % (kind, NOTHING, text)


def button(
    on: On,
    command: str,
    text: str,
    fields: Mapping[str, object],
    kind: str = "secondary",
    label: str | None = None,
    version: int | None = None,
) -> Markup:
    """A form that is its button."""
    return begin(on, command, fields, version, "catch-act") + end(text, kind, label)


def opened(text: str, id_: str | None = None, *, stands_open: object = False) -> Markup:
    """Up to where `CLOSED` ends it."""
    return OPENED % (attribute("id", id_), Markup(" open") if stands_open else NOTHING, text)


def line(
    id_: str,
    name: str,
    label: str,
    value: object = "",
    hint: str | None = None,
    width: int | None = None,
    mode: str | None = None,
) -> Markup:
    before, after = asked(id_, name, label, hint, width, mode)
    return before + ATTRIBUTE % ("value", value) + after


@lru_cache(KEPT)
def asked(
    id_: str, name: str, label: str, hint: str | None, width: int | None, mode: str | None
) -> tuple[Markup, Markup]:
    """A line to write in, up to what stands in it, and from there on."""
    wide = Markup(" nhsuk-input--width-%s") % width if width else NOTHING
    before = group(id_, label, hint) + LINE % (wide, id_, name, described(id_, hint), attribute("inputmode", mode))
    return before, Markup(' dir="auto"></div>')


def agency(id_: str, name: str, label: str, value: str = "", hint: str | None = None) -> Markup:
    """An agency by its key: one list a page, however many forms ask for one."""
    box = LINE % (NOTHING, id_, name, described(id_, hint), NOTHING)
    return group(id_, label, hint) + box + ATTRIBUTE % ("value", value) + Markup(' list="agencies"></div>')


def pick(
    id_: str,
    name: str,
    label: str,
    choices: Iterable[Sequence[str]],
    empty: str | None = None,
    value: str = "",
    hint: str | None = None,
) -> Markup:
    """One of several; `empty` says what it means that none is chosen, where that may be."""
    options = [] if empty is None else [OPTION % ("", NOTHING, empty)]
    options += [OPTION % (each[0], Markup(" selected") if each[0] == value else NOTHING, each[1]) for each in choices]
    return group(id_, label, hint) + SELECT % (id_, name, described(id_, hint), NOTHING.join(options))


def group(id_: str, label: str, hint: str | None) -> Markup:
    return GROUP % (id_, label, HINT % (id_, hint) if hint else NOTHING)


def described(id_: str, hint: str | None) -> Markup:
    return attribute("aria-describedby", f"{id_}-hint" if hint else None)


def attribute(name: str, value: str | None) -> Markup:
    return ATTRIBUTE % (name, value) if value else NOTHING


# Who is there

ATTENDEE = Markup('<li><span>%s, <span class="catch-item__number">%s</span> %s %s</span>')
CHAIR = Markup('<strong class="nhsuk-tag nhsuk-tag--blue">Chair</strong>')
TAG = Markup('<strong class="nhsuk-tag nhsuk-tag--%s">%s</strong>')
SMALL = Markup('<span class="catch-item__number">%s</span>')
EXPECTED = Markup("<li><span>%s%s%s %s</span>")


def attendee(each: Json, chair: str) -> Markup:
    """Somebody who came, will come or was to come; `</li>` is the template's, behind what may be done about them."""
    came = (each["present"], each["acceptedConfidentiality"], each["apology"], each["joinedAt"], each["leftAt"])
    return there(each["user"], each["agency"], each["user"] == chair, *came)


@lru_cache(KEPT)
def there(
    user: str,
    of_agency: str,
    chairs: bool,
    present: bool,
    accepted: bool,
    apology: bool,
    joined: str | None,
    left: str | None,
) -> Markup:
    if present and not accepted:
        standing = TAG % ("yellow", "Has not accepted confidentiality")
    elif present:
        standing = SMALL % f"since {room.clock(joined)}"
    elif apology:
        standing = TAG % ("grey", "Apology")
    elif left:
        standing = SMALL % f"left {room.clock(left)}"
    else:
        standing = SMALL % "not here yet; accepted confidentiality" if accepted else NOTHING
    return ATTENDEE % (user, of_agency, CHAIR if chairs else NOTHING, standing)


def invited(each: Json, meeting: Json) -> Markup:
    """Somebody who was asked to come; likewise."""
    orders = tuple([room.order_in(item, meeting) for item in each["items"]])
    return asked_for(each["agency"], each["user"], orders, each["window"])


@lru_cache(KEPT)
def asked_for(of_agency: str, user: str | None, orders: tuple[int, ...], window: str) -> Markup:
    numbers = ", ".join(map(str, orders))
    only = SMALL % f" for {'item' if len(orders) == 1 else 'items'} {numbers} only" if orders else NOTHING
    return EXPECTED % (of_agency, f", {user}" if user else "", only, SMALL % window if window else NOTHING)
