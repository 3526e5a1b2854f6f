"""What the console draws by hand: nothing that is put in is markup, and what is kept hangs on all it was made of."""

import inspect
import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from itertools import product
from typing import Any

import pytest
from jinja2 import nodes
from markupsafe import Markup

from catch.web.console import by_hand
from catch.web.console.by_hand import On
from catch.web.console.rendering import TEMPLATES, environment

HOSTILE = "\"'><script>x</script>&amp;<b onclick=y>"


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.attributes += [name for name, _ in attrs]


def drawn(text: str) -> dict[str, Markup]:
    """Everything, with this wherever something may stand."""
    on = On(text, text)
    each = {
        "user": text, "agency": text, "present": True, "acceptedConfidentiality": True, "apology": False,
        "joinedAt": "2026-03-03T10:00:00+00:00", "leftAt": None,
    }  # fmt: skip
    meeting = {"agenda": {"items": [{"id": text, "order": 3}]}}
    asked = {"agency": text, "user": text, "items": [text], "window": text}
    return {
        "begin": by_hand.begin(on, text, {text: text}, 3, text),
        "button": by_hand.button(on, text, text, {text: text}, text, text),
        "opened": by_hand.opened(text, text, stands_open=True),
        "line": by_hand.line(text, text, text, text, text, 3, text),
        "agency": by_hand.agency(text, text, text, text, text),
        "pick": by_hand.pick(text, text, text, [(text, text), ("b", text)], text, text, text),
        "attendee": by_hand.attendee(each, text),
        "invited": by_hand.invited(asked, meeting),
    }


@pytest.mark.parametrize("name", drawn("x"))
def test_nothing_that_is_put_in_is_markup(name: str):
    plain, hostile = Tags(drawn("x")[name]), Tags(drawn(HOSTILE)[name])
    assert hostile.found == plain.found
    assert hostile.attributes == plain.attributes
    assert "<script" not in drawn(HOSTILE)[name]
    assert HOSTILE in unescape(drawn(HOSTILE)[name])


def test_control_markup_is_seen():
    assert Tags(f"<p>{HOSTILE}").found == ["p", "script", "b"]


THERE: tuple[tuple[Any, ...], ...] = (
    ("a", "b"), ("c", "d"), (False, True), (False, True), (False, True), (False, True),
    ("2026-03-03T10:00:00+00:00", "2026-03-03T11:00:00+00:00"), (None, "2026-03-03T12:00:00+00:00"),
)  # fmt: skip
ASKED_FOR: tuple[tuple[Any, ...], ...] = (("a", "b"), (None, "u"), ((), (3,), (3, 4)), ("", "10:00 to 11:00"))


@pytest.mark.parametrize(("kept", "ingredients"), [(by_hand.there, THERE), (by_hand.asked_for, ASKED_FOR)])
def test_what_is_kept_is_what_would_be_drawn_now(kept: Any, ingredients: tuple[tuple[Any, ...], ...]):
    for _ in range(2):
        for each in product(*ingredients):
            assert kept(*each) == kept.__wrapped__(*each)


def forgetful(draw: Callable[..., Markup], forgets: int) -> Callable[..., Markup]:
    """Keeps what it has drawn, by all that it was drawn from but for one ingredient."""
    held: dict[tuple[Any, ...], Markup] = {}

    def again(*given: Any) -> Markup:
        return held.setdefault((*given[:forgets], *given[forgets + 1 :]), draw(*given))

    return again


@pytest.mark.parametrize("forgets", range(len(THERE)))
def test_control_a_forgotten_ingredient_is_caught(forgets: int):
    again = forgetful(by_hand.there, forgets)
    assert any(again(*each) != by_hand.there(*each) for each in product(*THERE))


def test_two_forms_of_a_page_are_two_commands():
    on = On("key", "/")
    ids = re.findall(r'name="command-id" value="([^"]+)"', by_hand.begin(on, "a", {}) + by_hand.begin(on, "a", {}))
    assert len({*ids}) == 2


def test_every_form_that_a_template_asks_for_can_be_drawn_as_it_asks():
    drawn = environment(str)
    asked = 0
    for template in TEMPLATES.glob("*.html"):
        for call in drawn.parse(template.read_text("utf-8")).find_all(nodes.Call):
            by = call.node
            if isinstance(by, nodes.Getattr) and isinstance(by.node, nodes.Name) and by.node.name == "m":
                draw = getattr(by_hand, by.attr, None)
                if draw is not None:
                    # Raises TypeError.
                    _ = inspect.signature(draw).bind(*call.args, **{each.key: each.value for each in call.kwargs})
                    asked += 1
    assert asked > 50


def test_a_button_says_of_which_version_it_is():
    form = by_hand.button(On("key", "/"), "publish-agenda", "Publish", {"meeting": "1"}, "primary", version=7)
    assert '<input type="hidden" name="expected-version" value="7">' in form
