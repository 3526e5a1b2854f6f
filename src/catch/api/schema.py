"""The schema: queries, a mutation for every command, subscriptions. Its committed text is schema/graphql."""

import strawberry

from catch.access import ASKED
from catch.api.audit.queries import AuditQueries
from catch.api.case.queries import CaseQueries
from catch.api.case.subscription import CaseSubscription
from catch.api.common import types as common_types
from catch.api.common.enums import known_to_graphql
from catch.api.common.scalars import schema_config
from catch.api.contact.queries import ContactQueries
from catch.api.data_requests.queries import DataRequestQueries
from catch.api.emergency.queries import EmergencyQueries
from catch.api.erasing.queries import ErasingQueries
from catch.api.figures.queries import FigureQueries
from catch.api.inbox.queries import InboxQueries
from catch.api.inbox.subscription import InboxSubscription
from catch.api.meeting.queries import MeetingQueries
from catch.api.meeting.subscription import MeetingSubscription
from catch.api.mutations import every_refusal, mutation_type
from catch.api.programme.queries import ProgrammeQueries
from catch.api.standing.naming import NamingQueries
from catch.api.standing.queries import StandingQueries
from catch.domain.refusals import NotAnswered

MET = tuple(f"catch.{part}" for part in ("access", "commands", "domain", "log", "personal", "readside"))


@strawberry.type(description="What can be asked.")
class Query(
    ProgrammeQueries,
    CaseQueries,
    ContactQueries,
    DataRequestQueries,
    ErasingQueries,
    EmergencyQueries,
    MeetingQueries,
    InboxQueries,
    AuditQueries,
    FigureQueries,
    StandingQueries,
    NamingQueries,
):
    pass


@strawberry.type(description="What can be followed. Without `after`, the first message is the present state.")
class Subscription(MeetingSubscription, CaseSubscription, InboxSubscription):
    pass


def schema() -> strawberry.Schema:
    """The schema as it is served. All refusals are known by now: the queries import everything a command meets.

    Only this program's, and those a command can meet, are codes: the same whatever else a process has imported.
    """
    # Before the schema is made: Strawberry would name an enum by itself where it meets it first.
    known_to_graphql(Query, Subscription)
    ours = [kind for kind in every_refusal() if kind.__module__.partition(".")[0] == __name__.partition(".")[0]]
    refusals = [kind for kind in ours if not issubclass(kind, NotAnswered)]
    return strawberry.Schema(
        Query, mutation_type(ASKED, refusals), Subscription, types=[common_types.Redactable], config=schema_config()
    )


def sdl() -> str:
    """The schema's text, as it is committed."""
    return schema().as_str() + "\n"
