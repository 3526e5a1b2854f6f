"""A front door's contacts: most are settled at once, some come again, some are led on into a referral."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from catch.demo import people
from catch.demo.acting import Acting, Unfolding, made_up
from catch.demo.people import Someone
from catch.domain.case.state import Agrees, Described, ReferralAgreement, SafeContact
from catch.domain.contact import ConvertContact, ReceiveContact, ResolveContact, TriageContact
from catch.domain.facts import Sealed
from catch.domain.person import RegisterPerson
from catch.domain.restricted import RaiseSafeguardingConcern
from catch.scenarios.life import Ways
from catch.scenarios.place import Crew, Place
from catch.scenarios.running import Running


class Kind(Struct, frozen=True):
    """A kind of contact: of a hundred, how many are of it; the outcome at once, and how many of a hundred have it; what
    the others end with, one as likely as the other.
    """

    need: str
    share: int
    at_once: str
    settled: int
    otherwise: tuple[str, ...]


class Doing(Struct, frozen=True):
    """Shares: `again` come again within four weeks, `referred` are led on of those not settled, `concern`: of what is
    led on, how many with a safeguarding concern.
    """

    kinds: tuple[Kind, ...]
    again: float = 0.1
    referred: float = 0.2
    concern: float = 0.0


class Approach(Unfolding):
    """One contact, by whoever answers it. `earlier`: about somebody who was here before."""

    def __init__(
        self, acting: Acting, crew: Crew, doing: Doing, contact: UUID, at: datetime, someone: Someone, kind: Kind
    ) -> None:
        super().__init__(acting, contact)
        self.programme, self.doing, self.contact, self.someone, self.kind = (
            crew.programme,
            doing,
            contact,
            someone,
            kind,
        )
        workers = next(iter(crew.workers.values()))
        self.worker = self.random.choice(workers)
        self.case: UUID | None = None
        self.plan_step(at, self.receive)

    async def receive(self, at: datetime) -> None:
        programme, someone = self.programme, self.someone
        described = Described(
            name=Sealed(f"{someone.first} {someone.last}"),
            date_of_birth=Sealed(f"{someone.born}"),
            phone=Sealed(someone.phone),
        )
        received = ReceiveContact(
            self.contact,
            programme.key,
            self.random.choice(programme.sources).code,
            self.random.choice(programme.channels),
            Sealed(self.random.choice(people.REASONS)),
            (self.kind.need,),
            described=described,
        )
        await self.act(received, self.worker, at)
        over = at + timedelta(minutes=self.random.randint(2, 18))
        if self.random.randrange(100) < self.kind.settled:
            self.plan_step(over, self.settle)
            return
        assert programme.contacts is not None
        priority = self.random.choice(programme.contacts.priorities).code
        await self.act(TriageContact(self.contact, priority), self.worker, at + timedelta(minutes=1))
        self.plan_step(over, self.lead_on if self.random.random() < self.doing.referred else self.end)

    async def settle(self, at: datetime) -> None:
        await self.act(ResolveContact(self.contact, self.kind.at_once), self.worker, at)

    async def end(self, at: datetime) -> None:
        outcome = self.random.choice(self.kind.otherwise)
        await self.act(ResolveContact(self.contact, outcome), self.worker, at)

    async def lead_on(self, at: datetime) -> None:
        person, case, someone = made_up(self.contact, "person"), made_up(self.contact, "case"), self.someone
        registered = RegisterPerson(
            person,
            name=Sealed(f"{someone.first} {someone.last}"),
            date_of_birth=Sealed(f"{someone.born}"),
            phone=Sealed(someone.phone),
        )
        await self.act(registered, self.worker, at)
        converted = ConvertContact(
            self.contact,
            case,
            person,
            self.programme.key,
            self.id("referral"),
            self.random.choice(self.programme.sources).code,
            self.random.choice(self.programme.channels),
            Sealed(self.random.choice(people.REASONS)),
            (self.kind.need,),
            agreement=ReferralAgreement(True, Agrees.YES),
            safe_contact=SafeContact(True, Sealed("phone, mornings")),
        )
        await self.act(converted, self.worker, at)
        self.case = case
        if self.random.random() < self.doing.concern:
            await self.concern(case, at + timedelta(minutes=1))

    async def concern(self, case: UUID, at: datetime) -> None:
        """By whoever was there: nothing stops it, and it waits for no meeting."""
        raised = RaiseSafeguardingConcern(case, self.id("concern"), Sealed("Not safe at home."))
        await self.act(raised, self.worker, at)


class Door(Running):
    """A programme's front door while it runs: people come, and some come again."""

    def __init__(self, place: Place, crew: Crew, doing: Doing, name: str, moments: Sequence[datetime]) -> None:
        super().__init__(place, crew, Ways(), name, moments)
        self.doing = doing
        self.approaches: list[Approach] = []
        self._again: list[tuple[datetime, Someone, Kind]] = []
        self._going: list[Approach] = []

    def arrive(self, end: datetime) -> None:
        dice = self.place.random
        again, self._again = [e for e in self._again if e[0] < end], [e for e in self._again if e[0] >= end]
        fresh: list[tuple[datetime, Someone, Kind]] = []
        while self.coming and self.coming[0] < end:
            kind = dice.choices(self.doing.kinds, [each.share for each in self.doing.kinds])[0]
            fresh.append((self.coming.pop(0), self.place.somebody(), kind))
        for at, someone, kind in sorted((*again, *fresh), key=lambda each: each[0]):
            contact = self.place.named(f"{self.name} contact {len(self.approaches) + 1}")
            approach = Approach(self.place.acting, self.crew, self.doing, contact, at, someone, kind)
            self.approaches.append(approach)
            self._going.append(approach)
            if dice.random() < self.doing.again:
                self._again.append((at + timedelta(days=dice.uniform(1, 27)), someone, kind))

    def due(self, end: datetime) -> Iterator[Unfolding]:
        self._going = [each for each in self._going if each.next_at is not None]
        return (each for each in self._going if each.next_at is not None and each.next_at < end)
