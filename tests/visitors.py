"""Somebody who looks at the console's pages without a script: signs in, reads, fills in forms, as a browser would."""

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import httpx

from catch.domain.facts import Actor
from tests.place import Place

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
Fields = dict[str, list[str]]


class Reader(HTMLParser):
    """The forms of a page, with what stands in them, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, Fields]] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._area: str | None = None
        self._select: str | None = None
        self._first: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self.forms.append((unquote(held.get("action", "")), {}))
            case "a":
                self.links.append(unquote(held.get("href", "")))
            case "input" if held.get("type") not in ("checkbox", "radio") or "checked" in held:
                self._put(held.get("name"), held.get("value", "on"))
            case "textarea":
                self._area = held.get("name")
                self._put(self._area, "")
            case "select":
                self._select, self._first = held.get("name"), None
            case "option" if self._select and ("selected" in held or self._first is None):
                self._first = held.get("value", "")
                if self.forms and self._select:
                    self.forms[-1][1][self._select] = [self._first]
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._area and self.forms:
            self.forms[-1][1][self._area][-1] += data

    def _put(self, name: str | None, value: str) -> None:
        if name and self.forms:
            self.forms[-1][1].setdefault(name, []).append(value)


class Read:
    """A page that somebody was shown."""

    def __init__(self, response: httpx.Response) -> None:
        self.status, self.address, self.html = response.status_code, response.url.path, response.text
        reader = Reader()
        reader.feed(self.html)
        self.forms, self.links = reader.forms, reader.links
        self.text = " ".join(" ".join(reader.words).split())

    def form(self, action: str, **like: str) -> Fields:
        """The one form that is sent there and holds these values already."""
        alike = {name: [value] for name, value in like.items()}
        found = [fields for sent, fields in self.forms if sent == action and alike.items() <= fields.items()]
        assert found, (action, [sent for sent, _ in self.forms])
        return {name: [*values] for name, values in found[0].items()}

    def offers(self) -> set[str]:
        """The commands for which there is a form here, or a link to one."""
        addresses = [sent for sent, _ in self.forms] + self.links
        return {each.removeprefix("/do/").partition("?")[0] for each in addresses if each.startswith("/do/")}


class Visitor:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, address: str) -> Read:
        return Read(await self.http.get(address, headers={"accept": "text/html"}))

    async def post(self, address: str, fields: Mapping[str, Iterable[str] | str]) -> Read:
        """Sends a form, and goes where the answer leads."""
        return Read(await self.http.post(address, data=dict(fields), headers={"accept": "text/html"}))

    async def send(self, page: Read, action: str, fields: Mapping[str, Any], **like: str) -> Read:
        """The page's own form, with these fields filled in."""
        return await self.post(action, {**page.form(action, **like), **fields})


@asynccontextmanager
async def visiting(place: Place, by: Actor, *, together: bool = False) -> AsyncGenerator[Visitor]:
    """Signed in as this person in this role; `together`: in all of theirs that go together."""
    role = "" if together else by.role.value
    async with httpx.AsyncClient(base_url=str(place.http.base_url), timeout=30, follow_redirects=True) as http:
        answer = await http.post("/sign-in", data={"who": f"{by.user} {by.agency} {role}", "next": "/signed-in"})
        assert answer.status_code == 200, answer.text
        yield Visitor(http)
