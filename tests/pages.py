"""A page of the console as a test reads it, without a browser: its forms, what stands in them, and what is wrong."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

from msgspec import Struct

Fields = dict[str, list[str]]


class PageForm(Struct):
    """A form as it would be sent if somebody pressed its button now."""

    action: str
    fields: Fields = {}
    names: set[str] = set()
    options: dict[str, list[str]] = {}

    def sent(self, **typed: str | list[str]) -> Fields:
        """What is sent after this has been typed. A field that the form does not have is a fault of the test; the parts
        of dates and of groups are written with `__` for the dot and for the hyphen before a part (`due-day`)."""
        given = {name: [value] if isinstance(value, str) else value for name, value in typed.items()}
        lacking = given.keys() - self.names
        assert not lacking, (lacking, sorted(self.names))
        return self.fields | given


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.ids: list[str] = []
        self.labelled: list[str] = []
        self.inputs: list[str] = []
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self._area: str | None = None
        self._text = ""
        self._select: str | None = None
        self._first: str | None = None
        self._chosen: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.handlers += [f"{tag} {name}" for name in held if name.startswith("on") or name == "style"]
        if "id" in held:
            self.ids.append(held["id"])
        if tag == "label":
            self.labelled.append(held["for"])
        if tag == "a":
            self.links.append(held.get("href", ""))
        if tag == "script":
            self.scripts.append(held.get("src", ""))
        if tag == "form":
            self.forms.append(PageForm(held.get("action", ""), {}, set(), {}))
        elif tag in ("input", "textarea", "select") and self.forms:
            self._field(tag, held)
        elif tag == "option" and self._select is not None:
            self._option(held)

    def _field(self, tag: str, held: Mapping[str, str]) -> None:
        name, form = held.get("name", ""), self.forms[-1]
        form.names.add(name)
        kind = held.get("type", "text")
        if kind != "hidden":
            self.inputs.append(held.get("id", ""))
        if tag == "textarea":
            self._area, self._text = name, ""
        elif tag == "select":
            self._select, self._first, self._chosen = name, None, None
            form.options[name] = []
        elif kind in ("radio", "checkbox"):
            form.options.setdefault(name, []).append(held.get("value", ""))
            if "checked" in held:
                form.fields.setdefault(name, []).append(held.get("value", ""))
        else:
            form.fields.setdefault(name, []).append(held.get("value", ""))

    def _option(self, held: Mapping[str, str]) -> None:
        assert self._select is not None
        value = held.get("value", "")
        self.forms[-1].options[self._select].append(value)
        self._first = value if self._first is None else self._first
        if "selected" in held:
            self._chosen = value

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            # A browser leaves out the line break behind the tag.
            self.forms[-1].fields.setdefault(self._area, []).append(self._text.removeprefix("\n"))
            self._area = None
        elif tag == "select" and self._select is not None:
            value = self._chosen if self._chosen is not None else (self._first or "")
            self.forms[-1].fields.setdefault(self._select, []).append(value)
            self._select = None


class PageRead:
    """What stands on a page. Ids that are there twice, inputs without a label, and scripts or styles in the page itself
    are faults of every page."""

    def __init__(self, html: str) -> None:
        self.html = html
        self._reader = _Reader()
        self._reader.feed(html)
        self.forms = self._reader.forms
        self.links = self._reader.links

    def sound(self) -> "PageRead":
        found = self._reader
        assert len(found.ids) == len({*found.ids}), sorted({each for each in found.ids if found.ids.count(each) > 1})
        unlabelled = {*found.inputs} - {*found.labelled}
        assert not unlabelled, unlabelled
        assert not found.handlers
        assert all(found.scripts)
        assert self.html.count("<h1") == 1
        return self

    def form(self, sent_to: str, **about: str) -> PageForm:
        """The one that is sent there, with these values in it."""
        found = [
            form
            for form in self.forms
            if form.action == sent_to and all(form.fields.get(name) == [value] for name, value in about.items())
        ]
        assert found, (sent_to, about, [form.action for form in self.forms])
        return found[0]

    def has(self, action: str) -> bool:
        return any(form.action == action for form in self.forms)

    @property
    def main(self) -> str:
        """Without the head of the page."""
        return self.html.partition("<main")[2]

    @property
    def receipt(self) -> str:
        found = re.search(r'<strong class="catch-receipt">([^<]+)<', self.html)
        assert found is not None
        return found[1]

    @property
    def errors(self) -> dict[str, str]:
        """What is said beside each field, by the field's path."""
        found = re.findall(
            r'<span class="nhsuk-error-message" id="([^"]*)-error"><span[^>]*>Error:</span> (.*?)</span>', self.html
        )
        return dict(found)

    @property
    def summary(self) -> list[str]:
        """The list of what is wrong, at the top of a page."""
        block = re.search(r'class="nhsuk-list nhsuk-error-summary__list">(.*?)</ul>', self.html, re.DOTALL)
        return [re.sub(r"<[^>]*>", "", each) for each in re.findall(r"<li>(.*?)</li>", block[1] if block else "")]
