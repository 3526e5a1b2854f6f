"""A row of an agenda, drawn by hand: a page has dozens, and every screen draws them anew at every event."""

from markupsafe import Markup, escape

from catch.web.console import room
from catch.web.console.room import Json

TAGS = {"OPEN": "blue", "DISCUSSED": "green", "NOTED": "green", "DEFERRED": "orange", "REMOVED": "grey"}
MUST = ' <strong class="nhsuk-tag nhsuk-tag--red">Must</strong>'


def row(item: Json, shown: str | None = None, *, movable: bool = False, leads: bool = True) -> Markup:
    """Up to where its forms stand; `</li>` is the template's. `shown`: the item that the page shows whole. `leads`: its
    name is a link to it.
    """
    state, closed = item["state"], room.withheld(item)
    kinds = "catch-item"
    if state == "OPEN":
        kinds += " catch-item--open"
    elif state != "PENDING":
        kinds += " catch-item--done"
    if item["id"] == shown:
        kinds += " catch-item--shown"
    place = f' data-place="{item["order"]}"' if movable else ""
    current = ' aria-current="true"' if state == "OPEN" else ""
    why = " ".join(each["text"] for each in item["reasons"])
    why = f'<span class="catch-item__why">{escape(why)}</span>' if why else ""
    return Markup(  # noqa: S704
        f'<li class="{kinds}" id="row-{item["id"]}"{current}{place}>'
        f'<span class="catch-item__order">{item["order"] or "–"}</span>'
        f'<span class="catch-item__name">{closed_name(item) if closed else open_name(item, leads=leads)}</span>'
        f'<span class="catch-item__box">{box(item)}</span>{why}'
    )


def closed_name(item: Json) -> str:
    return f'<span class="catch-closed">{escape(room.withheld_in_words(item))}</span>'


def open_name(item: Json, *, leads: bool) -> str:
    # From here on it is HTML as written: what is added to it below is ours.
    name = f"{called(item)}"
    text = f'<a href="?item={item["id"]}#item">{name}</a>' if leads else name
    if item["number"] and not item["matter"] and room.person(item):
        text += f' <span class="catch-item__number">{escape(item["number"])}</span>'
    return text + (MUST if item["must"] else "")


def called(item: Json) -> Markup:
    """By the person's name where the viewer is told it; names run in any direction."""
    name = room.person(item)
    return Markup("<bdi>{}</bdi>").format(name) if name else escape(room.title(item))


def box(item: Json) -> str:
    if item["state"] == "PENDING":
        return f"{item['minutes']} min"
    taken = room.spent(item)
    tag = f'<strong class="nhsuk-tag nhsuk-tag--{TAGS[item["state"]]}">{room.STATES[item["state"]]}</strong>'
    return tag if taken is None else f"{tag} {taken} of {item['minutes']} min"
