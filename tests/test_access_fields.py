"""What a command says of others counts too: in whose name, for whom, whose agency is told, who settles what."""

from typing import Any

import pytest
from msgspec.structs import replace

from catch.access import NotYourCase, OnlyByAnother, OnlyForYourself
from catch.domain.case.actions import ActionAnswer
from catch.domain.facts import Role
from catch.domain.refusals import Refused
from tests.cases import CASE
from tests.relationships import CHAIRS_THE_CASE, OWNS_THE_ACTION, TAKES_PART, at_the_meeting
from tests.standing import PEOPLE, World, world
from tests.test_access_matrix import command, refusal_of

YOURSELF = (
    *("JoinMeeting", "LeaveMeeting", "SendApology", "AcceptConfidentiality"),
    *("DeclareInterest", "RaiseHand", "LowerHand"),
)


def refused(w: World, asked: Any, why: type[Refused]) -> None:
    assert type(refusal_of(w, asked)) is why


def test_an_owner_answers_and_finds_no_other_owner():
    """Whom else it may be told to is not for them to know."""
    asked: Any = command("RespondToAction", Role.PARTNER)
    w = OWNS_THE_ACTION.holds(Role.PARTNER)
    for answer in ActionAnswer:
        if answer is ActionAnswer.REASSIGN:
            refused(w, replace(asked, answer=answer, to="police-1"), NotYourCase)
        else:
            assert w.may(replace(asked, answer=answer)) is Role.PARTNER
    assert world(Role.COORDINATOR, *w.cases).may(replace(asked, answer=ActionAnswer.REASSIGN)) is Role.COORDINATOR


@pytest.mark.parametrize("role", [Role.CHAIR, Role.DEPUTY])
def test_a_chair_lets_others_be_told_never_their_own_agency(role: Role):
    asked: Any = command("AuthoriseDisclosure", role)
    refused(CHAIRS_THE_CASE.holds(role), replace(asked, agency="snn"), OnlyByAnother)


@pytest.mark.parametrize("role", [Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.COORDINATOR])
def test_nobody_resolves_their_own_interest(role: Role):
    asked: Any = command("ResolveInterest", role)
    refused(at_the_meeting(role), replace(asked, user=PEOPLE[role][0]), OnlyByAnother)


@pytest.mark.parametrize("name", YOURSELF)
def test_members_act_for_themselves_and_organisers_for_others(name: str):
    for role in (Role.CHAIR, Role.PREPARER, Role.PARTNER):
        asked: Any = replace(command(name, role), user="henry")
        if role is Role.PARTNER or name == "AcceptConfidentiality":
            refused(at_the_meeting(role), asked, OnlyForYourself)
        else:
            assert at_the_meeting(role).may(asked) is role


@pytest.mark.parametrize("name", ["JoinMeeting", "SendApology", "DeclareInterest", "SetAvailability"])
def test_members_act_for_their_own_agency(name: str):
    asked: Any = replace(command(name, Role.PARTNER), agency="police-1")
    refused(at_the_meeting(Role.PARTNER), asked, OnlyForYourself)
    assert at_the_meeting(Role.CHAIR).may(asked) is Role.CHAIR


def test_nobody_refers_in_another_agencys_name_but_who_types_it_in():
    submit: Any = command("SubmitReferral", Role.REFERRER)
    for role, own in ((Role.REFERRER, "gp-1"), (Role.PARTNER, "housing-1")):
        assert world(role).may(replace(submit, on_behalf_of=own)) is role
        refused(world(role), replace(submit, on_behalf_of="fire-1"), OnlyForYourself)
    assert world(Role.COORDINATOR).may(replace(submit, on_behalf_of="fire-1")) is Role.COORDINATOR
    attach: Any = replace(command("AttachReferral", Role.PARTNER), on_behalf_of="fire-1")
    assert attach.case == CASE
    refused(TAKES_PART.holds(Role.PARTNER), attach, OnlyForYourself)
