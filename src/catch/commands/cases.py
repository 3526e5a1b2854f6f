"""How each command about a case is decided: what those read that look at more, and what they must not name in vain."""

from collections.abc import Sequence
from uuid import UUID

from msgspec.structs import replace

from catch.commands.book import Book
from catch.commands.handler import Handler, handles
from catch.commands.merging import the_same
from catch.commands.naming import nhs_numbered, partners_exist, programmes_exist, was_born
from catch.commands.questions import Caseload, MeetingsHolding, ReferenceDigest, RegisteredWith
from catch.commands.rules import referable, seen, seen_of, worked_on
from catch.domain import case as case_stream
from catch.domain import discussion, restricted
from catch.domain.case import (
    CaseCommand,
    actions,
    agreement,
    closing,
    coordination,
    correcting,
    deadlines,
    disclosure,
    eligibility,
    funds,
    goals,
    household,
    information,
    interventions,
    measures,
    milestones,
    notes,
    pauses,
    plan,
    proposals,
    recusal,
    referral,
    reviews,
    risks,
    telling,
    transfers,
    versions,
    voiding,
)
from catch.domain.case.actions import ActionCommand
from catch.domain.case.state import Case, CaseState
from catch.domain.contact import ConvertContact
from catch.domain.facts import Actor, Category, Fact, Role
from catch.domain.given import Given
from catch.domain.programme import ProgrammeHistory
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import Refused, UnknownCase
from catch.domain.registers import CaseTakenOn, NumberReferred
from catch.domain.restricted import RestrictedCommand
from catch.domain.streams import CASE, MEETING, PERSON, RESTRICTED, caseload_stream, number_stream, restricted_stream


def person_of(command: CaseCommand, book: Book) -> UUID:
    """Whose key seals what is said of a case."""
    case = book.case(command.case)
    # The decision refuses an unknown case; until then something stands for whom it is about. No key is kept for it.
    return case.person if case else command.case


def person_referred(command: referral.SubmitReferral | ConvertContact, book: Book) -> UUID:
    """All that it says is the referral's, which its case keeps."""
    case = book.case(command.case)
    if case is not None:
        return case.person
    led_on = isinstance(command, ConvertContact)
    there = book.person(command.person) is not None
    # Not by the key of somebody who is not there for whoever asks: that it is gone, or unreadable, would tell of them.
    hidden = there and referable(book, command.person, command.programme, led_on=led_on) is None
    return command.case if hidden else command.person


def pinned(book: Book, case: Case) -> Programme | None:
    """The version that the case started under."""
    return pinned_of(book.programmes(case.programme), case)


def pinned_of(history: ProgrammeHistory | None, case: Case) -> Programme | None:
    return history.version(case.programme_version) if history else None


def licensed(book: Book, case: Case) -> frozenset[str]:
    """The instruments that the newest version says that the place may use."""
    history = book.programmes(case.programme)
    return history.licensed if history else frozenset()


def others_of(book: Book, person: UUID, case: UUID, programme: str, by: Actor) -> list[Case]:
    """The person's other cases in the programme; of those who turned out to be the same, as far as they are seen."""
    known = book.person(person)
    if known is None:
        return []
    # One that cannot be read must not refuse the next door: that would tell that it is there.
    own = [held for held in book.readable_cases(known.cases_in(programme)) if held and held.case != case]
    same = [each for held in the_same(book, known) if held.person != person for each in held.cases_in(programme)]
    return [*own, *(held for held in book.readable_cases(same) if held and held.case != case and seen(book, held, by))]


def numbered(book: Book, person: UUID, case: UUID, programme: str, by: Actor) -> list[Case]:
    """The cases in the programme, as far as they work on them, of others with the person's NHS number."""
    digest = number_of(book, person)
    return [] if digest is None else under_number(book, digest, person, case, programme, by)


def under_number(book: Book, digest: str, person: UUID, case: UUID, programme: str, by: Actor) -> list[Case]:
    """The same of a number. By its register; and those of people who were referred before there was one."""
    entered = book.register(number_stream(digest)).cases_in(programme)
    known = book.readable_people(book.ask(RegisteredWith(digest)))
    before = [each for held in known if held and held.settled_number for each in held.cases_in(programme)]
    others = book.readable_cases(each for each in dict.fromkeys([*entered, *before]) if each != case)
    # Whoever turned out to be the same person is no other with their number.
    own = book.person(person)
    same = {person, *(each.person for each in the_same(book, own))} if own else {person}
    return [held for held in others if held and held.person not in same and worked_on(book, held, by)]


def number_of(book: Book, person: UUID) -> str | None:
    held = book.person(person)
    return held.settled_number if held else None


def enter_number(book: Book, person: UUID, case: UUID, programme: str) -> None:
    if (digest := number_of(book, person)) is not None:
        book.enter(number_stream(digest), NumberReferred(case, programme))


def renumber(book: Book, person: UUID, digest: str, by: Actor) -> None:
    """The person turns out to have this number: their live cases are then its own. Raises `NumberHasOpenCase`."""
    held = book.person(person)
    if held is None or held.registered.provisional or digest == held.settled_number:
        return
    known = book.readable_cases(case for case, _ in held.cases)
    live = [case for case in known if case and case.live]
    for case in live:
        alike = under_number(book, digest, person, case.case, case.programme, by)
        discussion.only_open_number(case.programme, alike, by.agency)
    if live:
        book.enter(number_stream(digest), *(NumberReferred(case.case, case.programme) for case in live))


def accept(command: eligibility.AcceptReferral, book: Book, given: Given) -> None:
    """What two doors opened under one number, for whoever sees both: one of them is accepted."""
    case = book.case(command.case)
    if decided(command, book, given) and case is not None:
        alike = numbered(book, case.person, case.case, case.programme, given.by)
        accepted = [each for each in alike if each.state is not CaseState.RECEIVED]
        discussion.only_open_number(case.programme, accepted, given.by.agency)


def decided(command: CaseCommand, book: Book, given: Given) -> Sequence[Fact]:
    """What the case alone answers, under its version of the programme."""
    case = book.case(command.case)
    book.programme = pinned(book, case) if case else None
    given = replace(given, programme=book.programme, licensed=licensed(book, case) if case else given.licensed)
    facts = case_stream.decide(case, command, given)
    book.write(CASE, command.case, facts)
    return facts


def of_case(command: CaseCommand, book: Book, given: Given) -> None:
    """Nothing but the case, its programme and the partners that the decision asks for."""
    decided(command, book, given)


def come_due(command: deadlines.DeadlineCommand, book: Book, given: Given) -> None:
    """Nobody is pressed any more on behalf of somebody who has died."""
    case = book.case(command.case)
    person = book.person(case.person) if case else None
    if person is not None and person.deceased is not None:
        raise deadlines.NothingFellDue(clock=command.clock)
    decided(command, book, given)


def about_action(command: ActionCommand, book: Book, given: Given) -> None:
    """What is said of an action belongs to the meeting that it was offered in, if it was."""
    case = book.case(command.case)
    held = case.action(command.action) if case else None
    book.meeting_held = held.meeting if held else None
    decided(command, book, given)


def allocate(command: coordination.AllocateCoordinator, book: Book, given: Given) -> None:
    """The worker's caseload is entered, so that of two cases given to them at once the later is counted with the first,
    and their agency does not leave the programme meanwhile.
    """
    case, caseload = book.case(command.case), caseload_stream(command.user)
    programme = pinned(book, case) if case else None
    book.register(caseload)
    # Only a hard limit can refuse; without one the read side need not be asked.
    if programme is not None and programme.caseload.hard_max is not None:
        given = replace(given, caseload=book.ask(Caseload(command.user)))
    if decided(command, book, given):
        book.enter(caseload, CaseTakenOn(command.case))


def redirect(command: eligibility.RedirectReferral, book: Book, given: Given) -> None:
    # After the decision, as everywhere here: what the case refuses is said first, and a repetition looks nothing up.
    if decided(command, book, given):
        partners_exist(book, (command.redirection.agency,))
        programmes_exist(book, (command.redirection.programme,))


def propose(command: proposals.ProposeForMeeting, book: Book, given: Given) -> None:
    if decided(command, book, given):
        partners_exist(book, (command.presenter.agency, *command.requested_partners))


def share_plan(command: plan.AgreePlan | plan.RevisePlan, book: Book, given: Given) -> None:
    if decided(command, book, given):
        partners_exist(book, command.shared_with)


def object_to(command: agreement.RecordObjection, book: Book, given: Given) -> None:
    if decided(command, book, given):
        partners_exist(book, sorted(command.partners))


def begin_help(command: interventions.StartIntervention, book: Book, given: Given) -> None:
    if decided(command, book, given):
        partners_exist(book, (command.provider,))


def move(command: versions.MoveToVersion, book: Book, given: Given) -> None:
    if decided(command, book, given):
        case = book.case(command.case)
        history = book.programmes(case.programme) if case else None
        known = [held.version for held in history.versions] if history else []
        if command.version not in known:
            raise versions.UnknownVersion(version=command.version, known=", ".join(map(str, known)))


def transfer(command: transfers.OfferTransfer, book: Book, given: Given) -> None:
    """To a case of which they know whose it is: that it is taken says that it is this person's. Any other that they do
    not see is as if there were none.

    Whoever only referred is not told either what keeps it from being taken over: that would say what is open there.
    """
    if decided(command, book, given):
        case, other = book.case(command.case), _readable(book, command.to_case)
        if other is None or not seen(book, other, given.by):
            raise UnknownCase(case=command.to_case)
        taken = case is not None and transfers.takes_over(other, case, given.at)
        if not taken or not _knows_whose(book, other, given.by):
            raise _why_not(book, other, given.by)


def _knows_whose(book: Book, other: Case, by: Actor) -> bool:
    """Who is told whom it is about, and whose agency's people named the person when they referred them. What somebody
    else wrote down as theirs, or attached to a case, may be about whom that one took them for.
    """
    found = seen_of(book, other)
    if by.role is Role.SYSTEM or (found is not None and found.hides(Category.IDENTITY) is None):
        return True
    agency = book.partner(by.agency)
    own = (held for held in other.referrals if held.referrer_agency == by.agency)
    return found is not None and agency is not None and any(agency.member(held.referrer) for held in own)


def _why_not(book: Book, other: Case, by: Actor) -> Refused:
    found = seen_of(book, other)
    told = by.role is Role.SYSTEM or (found is not None and bool(found.categories))
    return transfers.NoCaseToTransferTo(case=other.case) if told else UnknownCase(case=other.case)


def address_note(command: notes.AddNote, book: Book, given: Given) -> None:
    if decided(command, book, given):
        partners_exist(book, sorted(command.audience))


def hand_over(command: actions.OfferAction | actions.RespondToAction, book: Book, given: Given) -> None:
    about_action(command, book, given)
    if book.written[-1].facts:
        partners_exist(book, (command.owner if isinstance(command, actions.OfferAction) else command.to,))


def close(command: closing.CloseCase, book: Book, given: Given) -> None:
    case = book.case(command.case)
    handed_over = case.open_transfer if case else None
    if decided(command, book, given):
        partners_exist(book, command.message_back_to)
        if handed_over is not None:
            other = _readable(book, handed_over.to_case)
            taken_on = other is not None and transfers.takes_on(other, command.closed_on, given)
            if other is None or not taken_on or not _knows_whose(book, other, given.by):
                raise transfers.TransferNotTakenOn(transfer=handed_over.transfer)


def _readable(book: Book, case: UUID | None) -> Case | None:
    """What cannot be read of another case is nothing to whoever may not know of it."""
    return book.readable_cases([case])[0] if case else None


def submit(command: referral.SubmitReferral, book: Book, given: Given, *, led_on: bool = False) -> None:
    """The person hears of it in the same moment: of two doors at once, theirs lets one through.

    `led_on`: by a contact.
    """
    case, person = book.case(command.case), referable(book, command.person, command.programme, led_on=led_on)
    # Of a case that they do not see nobody is told: theirs is as if it were new, and the pair waits at the front door.
    others = [
        each
        for each in others_of(book, command.person, command.case, command.programme, given.by)
        if seen(book, each, given.by)
    ]
    alike = numbered(book, command.person, command.case, command.programme, given.by)
    book.programme = pinned(book, case) if case else running(book, command.programme)
    given = replace(as_sent(command, book, given), programme=book.programme)
    # Before the person is asked for: whoever is not registered yet is the last thing that is wrong with a referral.
    if case is None:
        referrer_exists(book, given, command.on_behalf_of)
    opened, referred = discussion.decide_referral(case, person, others, command, given, alike)
    book.write(CASE, command.case, opened)
    book.write(PERSON, command.person, referred)
    if opened:
        enter_number(book, command.person, command.case, command.programme)


def running(book: Book, key: str) -> Programme | None:
    history = book.programmes(key)
    if history is not None and not history.active:
        raise referral.ProgrammeNotRunning(programme=key)
    return history.current if history else None


def attach(command: referral.AttachReferral, book: Book, given: Given) -> None:
    if decided(command, book, as_sent(command, book, given)):
        referrer_exists(book, given, command.on_behalf_of)


def as_sent(command: referral.SubmitReferral | referral.AttachReferral, book: Book, given: Given) -> Given:
    """The sender's own number is sealed like any text, and found by its keyed hash. A description is held to what holds
    a registration.
    """
    said, reference = command.described, command.reference
    if said is not None and said.date_of_birth is not None:
        was_born(book, said.date_of_birth, given, "described.dateOfBirth")
    if said is not None and said.nhs_number is not None:
        nhs_numbered(book, said.nhs_number, "described.nhsNumber")
    return given if reference is None else replace(given, digest=book.ask(ReferenceDigest(reference)))


def referrer_exists(book: Book, given: Given, agency: str | None) -> None:
    """A team's list also names organisations that are no partners."""
    if given.by.role is not Role.SYSTEM:
        partners_exist(book, (agency,))


def reopen(command: closing.ReopenCase, book: Book, given: Given) -> None:
    case = book.case(command.case)
    # What is read must still stand when it is recorded: so no other case is opened beside this one meanwhile.
    others = others_of(book, case.person, command.case, case.programme, given.by) if case else []
    book.programme = pinned(book, case) if case else None
    given = replace(given, programme=book.programme)
    alike = numbered(book, case.person, case.case, case.programme, given.by) if case else []
    book.write(CASE, command.case, discussion.decide_reopening(case, others, command, given, alike))


def void(command: voiding.ApproveVoiding, book: Book, given: Given) -> None:
    """Every agenda that it waits on is told in the same moment, before the case is."""
    if not decided(command, book, given):
        return
    meetings = book.readable_meetings(book.ask(MeetingsHolding(command.case)))
    for meeting in meetings:
        if meeting is not None and (gone := discussion.struck_out(meeting, command.case)):
            book.write(MEETING, meeting.meeting, gone)
    # The last fact is what the answer's position is of.
    book.written.append(book.written.pop(0))


def keep_out(command: recusal.DeclareRecusal, book: Book, given: Given) -> None:
    if decided(command, book, given):
        partners_exist(book, (command.agency,))


def person_or_beside(command: RestrictedCommand, book: Book) -> UUID:
    """A concern about a case that is not there is sealed under the stream beside it."""
    case = book.case(command.case)
    return case.person if case else restricted_stream(command.case)


def beside(command: RestrictedCommand, book: Book, given: Given) -> None:
    case, stream = book.case(command.case), restricted_stream(command.case)
    book.programme = pinned(book, case) if case else None
    facts = discussion.decide_beside(book.beside(command.case), case, command, given)
    # Never into the case as well: its version would betray that there is something.
    book.write(RESTRICTED, stream, facts)


BY_THE_CASE: tuple[type[CaseCommand], ...] = (
    eligibility.DeclineReferral,
    coordination.RecordConversation,
    coordination.RecordConversationAttempt,
    agreement.ConfirmSafeContact,
    agreement.RecordAgreement,
    agreement.RecordRefusalOfSupport,
    agreement.WithdrawAgreement,
    disclosure.AuthoriseDisclosure,
    disclosure.EndDisclosure,
    disclosure.InvolvePartner,
    disclosure.EndInvolvement,
    proposals.WithdrawProposal,
    goals.SetGoal,
    goals.ScoreGoal,
    goals.AchieveGoal,
    goals.AbandonGoal,
    reviews.ScheduleReview,
    reviews.HoldReview,
    notes.RecordUnmetNeed,
    notes.MeetUnmetNeed,
    recusal.ResolveRecusal,
    closing.ProposeClosure,
    interventions.EndIntervention,
    information.RequestInformation,
    information.ReceiveInformation,
    risks.RecordRisk,
    risks.ReviewRisk,
    household.LinkRelation,
    household.EndRelation,
    measures.RecordMeasure,
    measures.RecordNoMeasure,
    pauses.PauseCase,
    pauses.ResumeCase,
    milestones.ReachMilestone,
    telling.EscalateCase,
    telling.RecordMessageBack,
    telling.RecordMessageFailed,
    telling.AcknowledgeMessageBack,
    telling.RecordFeedback,
    correcting.CorrectEntry,
    correcting.CorrectMeasure,
    correcting.RequestEntryWithdrawal,
    correcting.ApproveEntryWithdrawal,
    correcting.RefuseEntryWithdrawal,
    voiding.RequestVoiding,
    voiding.RefuseVoiding,
    transfers.WithdrawTransfer,
    funds.RequestFundAward,
    funds.ApproveFundAward,
    funds.DeclineFundAward,
    funds.RecordFundPayment,
)
"""Decided by the case, its programme and the partners that the decision asks for."""
CASE_HANDLERS: tuple[Handler, ...] = (
    *(handles(kind, subject=person_of, decide=of_case) for kind in BY_THE_CASE),
    handles(referral.SubmitReferral, subject=person_referred, decide=submit),
    handles(referral.AttachReferral, subject=person_of, decide=attach),
    handles(eligibility.AcceptReferral, subject=person_of, decide=accept),
    handles(eligibility.RedirectReferral, subject=person_of, decide=redirect),
    handles(coordination.AllocateCoordinator, subject=person_of, decide=allocate),
    handles(agreement.RecordObjection, subject=person_of, decide=object_to),
    handles(proposals.ProposeForMeeting, subject=person_of, decide=propose),
    handles(plan.AgreePlan, subject=person_of, decide=share_plan),
    handles(plan.RevisePlan, subject=person_of, decide=share_plan),
    handles(actions.OfferAction, subject=person_of, decide=hand_over),
    handles(actions.RespondToAction, subject=person_of, decide=hand_over),
    handles(actions.ProgressAction, subject=person_of, decide=about_action),
    handles(actions.CompleteAction, subject=person_of, decide=about_action),
    handles(actions.CloseActionIncomplete, subject=person_of, decide=about_action),
    handles(actions.ChangeActionDue, subject=person_of, decide=about_action),
    handles(deadlines.RecordClockWarning, subject=person_of, decide=come_due),
    handles(deadlines.RecordClockBreach, subject=person_of, decide=come_due),
    handles(interventions.StartIntervention, subject=person_of, decide=begin_help),
    handles(notes.AddNote, subject=person_of, decide=address_note),
    handles(versions.MoveToVersion, subject=person_of, decide=move),
    handles(transfers.OfferTransfer, subject=person_of, decide=transfer),
    handles(voiding.ApproveVoiding, subject=person_of, decide=void),
    handles(recusal.DeclareRecusal, subject=person_of, decide=keep_out),
    handles(restricted.AddRestrictedNote, subject=person_or_beside, decide=beside),
    handles(restricted.RaiseSafeguardingConcern, subject=person_or_beside, decide=beside),
    handles(restricted.RecordSafeguardingOutcome, subject=person_or_beside, decide=beside),
    handles(closing.CloseCase, subject=person_of, decide=close),
    handles(closing.ReopenCase, subject=person_of, decide=reopen),
)
