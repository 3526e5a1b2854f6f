"""What a page or a form knows of whatever it is about: answers of registered documents, each asked once."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from catch.domain.calendar import london_day
from catch.web.console.typed import apart
from catch.web.console.visit import Json, Visit, many, one
from catch.web.console.wording import words

T = TypeVar("T")

CHAIRING = ("CHAIR", "DEPUTY")
PAGE = 200
"""Entries of a list at once: the most that the API gives."""


class Known:
    """Whatever of it is null or empty is not there, or not for whoever looks."""

    def __init__(self, visit: Visit, about: Mapping[str, str], case: Json | None = None) -> None:
        assert visit.session is not None
        self.visit = visit
        self.about = about
        self.user, self.agency = visit.session.viewer.user, visit.session.viewer.agency
        self.now = visit.console.now()
        self.today: date = london_day(self.now)
        self.case = case
        self.meeting: Json | None = None
        self.item: Json | None = None
        self.contact: Json | None = None
        self.earlier: list[Json] = []
        self.alike: list[Json] = []
        self.elsewhere: list[Json] = []
        self.programmes: list[Json] = []
        self.programme: Json | None = None
        self.partners: list[Json] = []
        self.members: list[Json] = []
        self.appointed: list[Json] = []
        self.meetings: list[Json] = []
        self._kept: dict[Callable[[Known], Any], Any] = {}

    def once(self, look: "Callable[[Known], T]") -> T:
        """What is worked out of it, for as many forms as ask. Not before everything is known."""
        if look not in self._kept:
            self._kept[look] = look(self)
        return self._kept[look]

    async def with_subject(self) -> "Known":
        """What it is about: the case, the meeting, and the programme under which they run."""
        if self.case is None and "case" in self.about:
            self.case = (await self.visit.maybe("case", id=self.about["case"])).get("case")
        if "meeting" in self.about:
            found = await self.visit.maybe("meeting_room", id=self.about["meeting"], item=self.about.get("item"))
            self.meeting = found.get("meeting")
            self.item = found.get("agendaItem") if "item" in self.about else None
        if self.contact is None and "contact" in self.about:
            await self.with_contact(self.about["contact"])
        held = many(await self.visit.maybe("programme_definitions"), "programmes")
        self.programmes = [definition(each["key"], each["version"], each["definition"]) for each in held]
        self.programme = self._programme()
        return self

    async def with_contact(self, contact: str) -> "Known":
        """A contact, and those before it that may be about the same."""
        self.contact = (await self.visit.maybe("contact", id=contact, atLeast=self.visit.at_least)).get("contact")
        if self.contact is not None:
            self.earlier = many(await self.visit.maybe("earlier_contacts", id=contact), "earlierContacts")
        return self

    async def with_alike(self) -> "Known":
        """The viewer's cases of whoever has the name and day of birth, or the number, of the person of this one."""
        person = one(self.case, "person")
        if name := person.get("name"):
            born = person["dateOfBirth"] or ""
            found = await self.visit.maybe("cases_by_name", name=name, dateOfBirth=born, atLeast=self.visit.at_least)
            self.alike += many(found, "casesByName")
        if number := person.get("nhsNumber"):
            found = await self.visit.maybe("cases_by_number", nhsNumber=number, atLeast=self.visit.at_least)
            self.alike += many(found, "casesByNumber")
        return self

    async def with_elsewhere(self) -> "Known":
        """The live cases in other programmes that the viewer sees, if only as whoever referred them, the newest first:
        to one of these a case is handed over.
        """
        own = one(self.case, "programme").get("key")
        for key in dict.fromkeys(each["key"] for each in self.programmes if each["key"] != own):
            found = await self.visit.maybe(
                "cases_in_order", filter={"programme": key, "live": True}, order="NEWEST_FIRST", first=PAGE
            )
            self.elsewhere += [{**each, "programme": key} for each in nodes(found.get("cases"))]
        return self

    def _programme(self) -> Json | None:
        """The one that it is about; the only one, where there is but one."""
        key = self.about.get("programme")
        if self.case is not None:
            key = self.case["programme"]["key"]
        elif self.meeting is not None:
            key = self.meeting["programme"]
        elif self.contact is not None and key is None:
            key = self.contact["programme"]
        found = [each for each in self.programmes if key in (None, each["key"])]
        return found[0] if len(found) == 1 else None

    async def with_people(self) -> "Known":
        """The partners that may be named, and the people of the viewer's own agency."""
        if self.programme is None:
            return self
        key = self.programme["key"]
        self.partners = await everything(self.visit, "partners", programme=key)
        self.members = await everything(self.visit, "partner_members", programme=key, agency=self.agency)
        return self

    async def with_appointed(self, series: str) -> "Known":
        """Who may chair the series of the meeting that it is about, or the one that is named, today."""
        series = self.meeting["series"] if self.meeting else series
        if self.programme is None or not series:
            return self
        found = await everything(self.visit, "appointments", programme=self.programme["key"], series=series)
        today = self.today.isoformat()
        held = [each for each in found if each["held"]["role"] in CHAIRING and each["held"]["startsOn"] <= today]
        self.appointed = [each for each in held if (each["held"]["endsOn"] or today) >= today]
        return self

    async def with_agencies(self) -> "Known":
        """Those that the viewer looks after, where no programme says which may be named."""
        if not self.partners:
            self.partners = await everything(self.visit, "agencies")
        return self

    async def with_meetings(self) -> "Known":
        found = await self.visit.maybe("meetings", **{"from": self.today - timedelta(days=35), "first": 100})
        self.meetings = nodes(found.get("meetings"))
        return self

    def called(self, agency: str | None) -> str:
        """An agency by its public name, where that is told."""
        return apart(
            next((each["name"] for each in self.partners if each["key"] == agency), None) or words(agency or "")
        )


def nodes(connection: Json | None) -> list[Json]:
    return [each["node"] for each in many(connection, "edges")]


async def everything(visit: Visit, document: str, **variables: object) -> list[Json]:
    """Every page of a list; nothing where it is not theirs to read."""
    found: list[Json] = []
    after: str | None = None
    while True:
        answer = await visit.maybe(document, first=PAGE, after=after, **variables)
        connection: Json | None = next(iter(answer.values()), None)
        found += nodes(connection)
        if connection is None or not connection["pageInfo"]["hasNextPage"]:
            return found
        after = connection["pageInfo"]["endCursor"]


@lru_cache(maxsize=64)
def _decoded(_key: str, _version: int, text: str) -> Any:
    return msgspec.json.decode(text)


def definition(key: str, version: int, text: str) -> Json:
    """A programme's settings as they were loaded. Nobody changes what comes back: it is kept."""
    return _decoded(key, version, text)
