"""The words every stream shares: facts, commands, who acts and why, and the form a fact has once it is recorded.

A *fact* (event) is past tense and never changes. A *command* asks for facts. Ids and times arrive in the command:
nothing in the domain makes one up. Personal text has the type `Sealed`: inside the domain it is always ciphertext,
sealed at the edge before a command is decided and unsealed while an answer is written.

What is built of frozen values holds no cycle, so the garbage collector need not look through it (`gc=False`): whoever
reads a long log makes millions of them.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Generic, NewType, TypeVar
from uuid import UUID

from msgspec import Struct

from catch.domain.plain import Key, Made, UserId

Sealed = NewType("Sealed", str)
"""Personal text. In a command from outside it is plain and is sealed before `decide`; in facts it is ciphertext."""


class Fact(Struct, frozen=True, omit_defaults=True, gc=False):
    """Something that happened. Stored for ever: fields may be added with a default, never removed or re-used.

    `SCHEMA` is the number of the payload's form: raised for any other change, see `catch.log.upcasting`.
    """

    SCHEMA: ClassVar[int] = 1


class Leaves(Struct, frozen=True):
    """The fact that a command, or a part of it, leaves. Fields are named as the command has them.

    `new`: the id that the client chooses for what it begins; `about`: whatever else tells it from others of its kind.
    `inside`: the part of the fact that holds the command's fields. `kept_as`: fields that the fact calls otherwise.
    `filled`: what the program completes where the command leaves it out. `unkept`: what the fact does not hold.
    """

    facts: tuple[type[Fact], ...]
    new: str | None = None
    about: tuple[str, ...] = ()
    inside: str | None = None
    kept_as: tuple[tuple[str, str], ...] = ()
    filled: tuple[str, ...] = ()
    unkept: tuple[str, ...] = ()


class Command(Struct, frozen=True, forbid_unknown_fields=True):
    """Something asked for. Its docstring is what the API says about it.

    `LEAVES`: the fact that it leaves in its own stream, by which the same again is known (`catch.domain.again`); None
    where nothing would be lost.
    """

    LEAVES: ClassVar[Leaves | None] = None


class Part(Struct, frozen=True, omit_defaults=True, gc=False):
    """A value inside facts, commands or state."""


class Role(StrEnum):
    """What somebody acts as. `SYSTEM` is the program itself: no token says so, and nobody is given it."""

    CHAIR = "chair"
    DEPUTY = "deputy"
    PREPARER = "preparer"
    COORDINATOR = "coordinator"
    PARTNER = "partner"
    REFERRER = "referrer"
    AUDITOR = "auditor"
    ANALYST = "analyst"
    MEMBER_ADMINISTRATOR = "member-administrator"
    APPOINTING_OFFICER = "appointing-officer"
    CALDICOTT = "caldicott"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Tag(StrEnum):
    """What restricted information is about. Whoever may read it has been given the tag."""

    SAFEGUARDING = "safeguarding"
    DOMESTIC_ABUSE = "domestic-abuse"
    OFFENCES = "offences"
    PROTECTED_ADDRESS = "protected-address"
    WARNING = "warning"


class Purpose(StrEnum):
    """Why somebody acts; kept with every fact."""

    DIRECT_CARE = "direct-care"
    SAFEGUARDING = "safeguarding"
    ADMINISTRATION = "administration"
    AUDIT = "audit"
    IMPORT = "import"


class Category(StrEnum):
    """What kind of information a disclosure covers."""

    IDENTITY = "identity"
    CONTACT = "contact"
    NEEDS = "needs"
    PLAN = "plan"
    DISCUSSION = "discussion"
    ACTIONS = "actions"
    HEALTH = "health"
    RISK = "risk"
    RESTRICTED = "restricted"
    THIRD_PARTY = "third-party"
    FUNDS = "funds"


class Actor(Part, frozen=True, omit_defaults=True):
    """Who acts: a user of an agency, in a role. `agency` is the partner's key."""

    user: UserId
    agency: Key
    role: Role
    on_behalf_of: Key | None = None


F = TypeVar("F")


class Envelope(Struct, Generic[F], frozen=True, omit_defaults=True, gc=False):
    """The stored form of a fact: what surrounds it, and the fact itself."""

    occurred_at: datetime
    actor: Actor
    purpose: Purpose
    command: UUID
    correlation: UUID
    event: F
    causation: UUID | None = None
    programme: Made | None = None  # key@version
    meeting: UUID | None = None
    schema: int = 1


class Recorded(Struct, Generic[F], frozen=True, gc=False):
    """A fact as it is read back: where it stands in the log, both clocks, and its envelope.

    `position` orders all facts; `version` orders the facts of one stream and is dense from 1.
    `recorded_at` is the database's clock (what did we know); `envelope.occurred_at` is when it was true.
    """

    position: int
    stream: UUID
    version: int
    topic: str
    recorded_at: datetime
    envelope: Envelope[F]

    @property
    def event(self) -> F:
        return self.envelope.event
