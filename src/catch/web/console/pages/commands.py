"""The form of every command, and where every form of the console is sent.

A page that has laid a form out by hand sends it here as well: taken, one goes back to the page (`next`); refused, one
sees the whole form with what was typed and what is wrong with it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import cast, get_args
from uuid import UUID, uuid4

from catch.domain.access_grant import EndBreakGlass, OpenBreakGlass, ReviewBreakGlass
from catch.domain.case.transfers import OfferTransfer
from catch.domain.erasing import StopErasure
from catch.domain.facts import Command
from catch.domain.meeting.deciding import RecordUpdate
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import HandOverChair
from catch.domain.merging import MergeCommand, RequestMerge
from catch.domain.processing import LiftRestriction, RefuseRestriction, RestrictProcessing, WithdrawGround
from catch.domain.subject_access import ExtendSubjectAccess, GiveSubjectAccess, RefuseSubjectAccess
from catch.identity.flow import own_path
from catch.web.console import stepping_up
from catch.web.console.asking import ABOUT, form_of
from catch.web.console.defaults import rows_known
from catch.web.console.fields import kind_named, mutation_of
from catch.web.console.forms import Form
from catch.web.console.known import Known, nodes
from catch.web.console.pages.writing import record
from catch.web.console.people_choices import begun, of_people
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Taken, Turned, Visit, nothing_here

BESIDE = frozenset({"form-key", "command-id", "expected-version", "seen-at", "next", "at"})
OF_AN_OPENING: frozenset[type[Command]] = frozenset((OpenBreakGlass, EndBreakGlass, ReviewBreakGlass))
"""For whichever agency the page says."""
FROM_A_CASE: frozenset[type[Command]] = frozenset(
    (
        *get_args(MergeCommand),
        StopErasure,
        ExtendSubjectAccess,
        GiveSubjectAccess,
        RefuseSubjectAccess,
        RestrictProcessing,
        RefuseRestriction,
        LiftRestriction,
        WithdrawGround,
    )
)
"""About a person, and asked from a case, which says what there is to choose from."""
SENT_BEFORE = frozenset({"COMMAND_ID_REUSED", "RECORDED_OTHERWISE"})


async def ask(visit: Visit) -> Reply:
    """The form, empty but for what the address says."""
    kind = await asked_for(visit)
    sent = {name: [value] for name, value in visit.query.items() if name not in BESIDE}
    # Half filled in by the address: what is missing is no mistake yet.
    return await shown(visit, await whole_form(visit, kind, await begun(visit, kind, sent)), str(uuid4()))


async def asked_for(visit: Visit) -> type[Command]:
    """Raises `NotShown`: a command that this person may not ask for at all is not there."""
    kind = kind_named(visit.path["command"])
    viewer = (await visit.ask("viewer"))["viewer"]
    if kind is None or mutation_of(kind) not in viewer["may"]:
        raise nothing_here()
    return kind


async def whole_form(visit: Visit, kind: type[Command], sent: Mapping[str, list[str]]) -> Form:
    known = Known(visit, about_of(kind, sent))
    await known.with_subject()
    await known.with_people()
    if "partner" in kind.__struct_fields__:
        await known.with_agencies()
    if kind in (PlanMeeting, HandOverChair):
        await known.with_appointed(sent.get("series", [""])[0])
    if {"meeting", "to_meeting", "at_meeting"} & {*kind.__struct_fields__}:
        await known.with_meetings()
    if kind is RequestMerge:
        await known.with_alike()
    if kind is OfferTransfer:
        await known.with_elsewhere()
    beside = {"case": known.about["case"]} if kind in FROM_A_CASE and "case" in known.about else {}
    agency = sent.get("agency", [""])[0] if kind in OF_AN_OPENING else ""
    fixed = {"agency": agency} if agency else {}
    form = form_of(known, kind, sent, fixed, more=await of_people(visit, kind, sent))
    form.beside |= beside
    form.subject = f"Case {known.case['number']}" if known.case else ""
    return form


def about_of(kind: type[Command], sent: Mapping[str, list[str]]) -> dict[str, str]:
    names = (*ABOUT, "programme") if "programme" in kind.__struct_fields__ else ABOUT
    # Of two people who may be one, the case from which it is asked says what there is to choose from.
    asked = (*kind.__struct_fields__, "case") if kind in FROM_A_CASE else kind.__struct_fields__
    about = {name: sent[name][0] for name in names if name in asked and sent.get(name, [""])[0]}
    return {name: value for name, value in about.items() if name not in new_ids(kind)}


def new_ids(kind: type[Command]) -> frozenset[str]:
    """A case that is begun is nothing to ask about."""
    return Form(kind, {}).chosen


async def do(visit: Visit) -> Reply:
    """Send it. What was typed stays until it is taken."""
    kind = await asked_for(visit)
    sent = {name: [*values] for name, values in visit.form.items() if name not in BESIDE}
    command_id = given_id(visit.sent("command-id"))
    if any(name.startswith("more.") for name in visit.form):
        return await shown(visit, await whole_form(visit, kind, sent), str(command_id))
    # What there is to choose from is only asked for where the form has to be shown again.
    known = Known(visit, about_of(kind, sent))
    form = form_of(await known.with_subject() if rows_known(kind) else known, kind, sent)
    filled = form.filled()
    occurred = form.moment("occurred-at", "When it happened")
    if form.problems:
        return await again(visit, kind, sent, form, str(command_id), HTTPStatus.BAD_REQUEST)
    if kind is RecordUpdate:
        written = await record(visit, form, filled, command_id, occurred)
        return (
            await answered(visit, kind, sent, written, command_id) if isinstance(written, Taken | Turned) else written
        )
    version = visit.sent("expected-version")
    answer = await visit.send(
        mutation_of(kind),
        filled,
        command_id,
        expected_version=int(version) if version.isdecimal() and len(version) < 10 else None,
        occurred_at=occurred,
    )
    return await answered(visit, kind, sent, answer, command_id)


async def answered(
    visit: Visit, kind: type[Command], sent: Mapping[str, list[str]], answer: Taken | Turned, command_id: UUID
) -> Reply:
    if isinstance(answer, Taken):
        return visit.to(own_path(visit.sent("next") or "/"), answer)
    return await refused(visit, kind, sent, answer, command_id)


async def again(
    visit: Visit, kind: type[Command], sent: Mapping[str, list[str]], wrong: Form, command_id: str, status: int
) -> Reply:
    form = await whole_form(visit, kind, sent)
    form.problems = wrong.problems
    return await shown(visit, form, command_id, status=status)


async def refused(
    visit: Visit, kind: type[Command], sent: Mapping[str, list[str]], answer: Turned, command_id: UUID
) -> Reply:
    if answer.code in SENT_BEFORE:
        # It was sent before, and taken: what is sent now is something else, under ids of its own.
        sent = {name: values for name, values in sent.items() if name not in new_ids(kind) or name in ABOUT}
        command_id = uuid4()
    form = await whole_form(visit, kind, sent)
    form.refused(answer.code, answer.message, answer.details)
    stale = answer.code == "STALE"
    status = HTTPStatus.CONFLICT if stale else answer.status
    return await shown(visit, form, str(command_id), status=status, stale=stale, since=await since(visit, form, stale))


async def since(visit: Visit, form: Form, stale: bool) -> list[Json]:
    """What has been recorded since they looked, for those who may read the trail."""
    stream, after = form.fixed.get("case") or form.fixed.get("meeting"), visit.sent("seen-at")
    if not stale or not stream or not after.isdecimal():
        return []
    return nodes((await visit.maybe("audit_trail", stream=stream, after=after, first=20)).get("auditTrail"))


async def shown(
    visit: Visit,
    form: Form,
    command_id: str,
    *,
    status: int = 200,
    stale: bool = False,
    since: list[Json] | None = None,
) -> Reply:
    back = own_path(visit.sent("next") or visit.query.get("next", "/"))
    return visit.page(
        "do.html",
        status,
        form=form,
        command_id=command_id,
        back=back,
        # Whoever has been told that it was changed sends it knowing that.
        version=None if stale else visit.sent("expected-version") or visit.query.get("expected-version"),
        seen_at=visit.sent("seen-at"),
        stale=stale,
        since=since,
        subject=form.subject,
        step_up=stepping_up.asked(visit, cast("type[Command]", form.kind), typed=bool(visit.form)),
    )


def given_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


ADDRESSES = (Address("/do/{command:str}", ask, do),)
