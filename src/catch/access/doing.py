"""Who may do what: one table, every command with the roles that may ask for it and the relation that each needs.

What is not in the table nobody may do. `may` answers with the role in which it is done, which signs the facts;
`roles_of` and `open_to` are what the table says without any case or meeting.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from catch.access.giving import enrolling, giving, looking_after, suspending, tagging
from catch.access.relations import (
    Asked,
    NotAllowed,
    Reads,
    Relation,
    amending,
    answering,
    answering_for_owner,
    anywhere,
    at_the_persons_door,
    attaching,
    chairing,
    chairing_case,
    coming_in,
    coordinating,
    coordinating_in_programme,
    coordinating_person,
    declaring_own_part,
    disclosing_from_the_chair,
    discussing_at_once,
    guarding_opened,
    guarding_person,
    guarding_some,
    having_opened,
    in_an_emergency,
    inviting,
    late,
    leading_on,
    letting_go,
    linking_contacts,
    listing,
    may_take_the_chair,
    merging,
    of_oneself,
    of_the_series,
    organising,
    organising_item,
    own_agency,
    own_door,
    own_partner,
    own_seat,
    owning,
    progressing_own,
    seeing_item,
    settling_concern,
    settling_interest,
    taking_contacts,
    taking_part,
    working_contact,
    writing_restricted,
)
from catch.access.seeing import AT_WORK
from catch.access.standing import IN_TURN, Who
from catch.domain import (
    access_grant,
    contact,
    erasing,
    partner,
    person,
    processing,
    programme,
    restricted,
    subject_access,
)
from catch.domain import merging as people
from catch.domain.case import (
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
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Command, Role
from catch.domain.meeting import (
    adding,
    attendance,
    deciding,
    drafting,
    editing,
    floor,
    instant,
    invitations,
    planning,
    session,
    speaking,
)
from catch.domain.meeting.amending import AmendMinutes
from catch.domain.refusals import Refused
from catch.domain.streams import COMMANDS, KEY_OF_COMMAND

Rule = dict[Role, Relation]
"""By role, the relation that it needs besides. Whatever role is not named may not ask."""
Row = tuple[tuple[type[Command], ...], Rule]


def in_the_chair(relation: Relation) -> Rule:
    return {Role.CHAIR: relation, Role.DEPUTY: relation}


def running(relation: Relation) -> Rule:
    """For whoever is in the chair, and whoever prepares the series."""
    return {**in_the_chair(relation), Role.COORDINATOR: relation, Role.PREPARER: relation}


EVERYBODY = tuple(role for role in Role if role is not Role.SYSTEM)
AT_A_MEETING = (Role.CHAIR, Role.DEPUTY, Role.COORDINATOR, Role.PREPARER, Role.PARTNER)
COORDINATORS: Rule = {Role.COORDINATOR: coordinating}
ORGANISERS: Rule = running(organising)
ON_AN_ITEM: Rule = running(organising_item)
ADMINISTRATORS: Rule = {Role.ADMINISTRATOR: anywhere}
THE_PROGRAM: Rule = {}
"""Nobody may say so: the program itself does."""

CASES: tuple[Row, ...] = (
    (
        (referral.SubmitReferral,),
        {Role.COORDINATOR: coordinating_in_programme, Role.PARTNER: own_door, Role.REFERRER: own_door},
    ),
    ((referral.AttachReferral,), {Role.COORDINATOR: coordinating, Role.PARTNER: attaching}),
    ((eligibility.AcceptReferral, eligibility.DeclineReferral, eligibility.RedirectReferral), COORDINATORS),
    (
        (
            coordination.AllocateCoordinator,
            coordination.RecordConversation,
            coordination.RecordConversationAttempt,
        ),
        COORDINATORS,
    ),
    (
        (
            agreement.ConfirmSafeContact,
            agreement.RecordAgreement,
            agreement.RecordRefusalOfSupport,
            agreement.WithdrawAgreement,
            agreement.RecordObjection,
        ),
        COORDINATORS,
    ),
    ((disclosure.AuthoriseDisclosure,), COORDINATORS | in_the_chair(disclosing_from_the_chair)),
    ((disclosure.EndDisclosure,), COORDINATORS | in_the_chair(chairing_case)),
    ((disclosure.InvolvePartner, disclosure.EndInvolvement), COORDINATORS),
    # Not by the chair: who is shown a case for one meeting would bring it before the next, for ever.
    ((proposals.ProposeForMeeting,), COORDINATORS | {Role.PARTNER: taking_part}),
    ((notes.RecordUnmetNeed,), COORDINATORS | in_the_chair(chairing_case) | {Role.PARTNER: taking_part}),
    ((proposals.WithdrawProposal, notes.MeetUnmetNeed), COORDINATORS),
    ((notes.AddNote,), COORDINATORS | {Role.PARTNER: taking_part}),
    (
        (recusal.DeclareRecusal,),
        COORDINATORS | in_the_chair(chairing_case) | {Role.PARTNER: declaring_own_part},
    ),
    ((recusal.ResolveRecusal,), COORDINATORS | in_the_chair(chairing_case)),
    ((restricted.AddRestrictedNote,), {Role.COORDINATOR: writing_restricted}),
    ((restricted.RecordSafeguardingOutcome,), {Role.COORDINATOR: settling_concern}),
    # It only writes, always answers the same, and goes before everything else, a recusal too.
    ((restricted.RaiseSafeguardingConcern,), dict.fromkeys(EVERYBODY, anywhere)),
    ((interventions.StartIntervention, interventions.EndIntervention), COORDINATORS),
    ((information.RequestInformation, information.ReceiveInformation), COORDINATORS),
    (
        (
            telling.EscalateCase,
            telling.RecordMessageBack,
            telling.RecordMessageFailed,
            telling.AcknowledgeMessageBack,
            telling.RecordFeedback,
        ),
        COORDINATORS,
    ),
    ((risks.RecordRisk, risks.ReviewRisk), COORDINATORS),
    ((household.LinkRelation, household.EndRelation), COORDINATORS),
    ((measures.RecordMeasure, measures.RecordNoMeasure), COORDINATORS),
    ((pauses.PauseCase, pauses.ResumeCase), COORDINATORS),
    ((milestones.ReachMilestone,), COORDINATORS),
    ((versions.MoveToVersion,), COORDINATORS),
    ((transfers.OfferTransfer, transfers.WithdrawTransfer), COORDINATORS),
    # That whoever answers is another than who asked, the decision sees to.
    (
        (funds.RequestFundAward, funds.ApproveFundAward, funds.DeclineFundAward, funds.RecordFundPayment),
        COORDINATORS,
    ),
    ((deadlines.RecordClockWarning, deadlines.RecordClockBreach), THE_PROGRAM),
    ((plan.AgreePlan, plan.RevisePlan), COORDINATORS),
    ((goals.SetGoal, goals.ScoreGoal, goals.AchieveGoal, goals.AbandonGoal), COORDINATORS),
    ((reviews.ScheduleReview, reviews.HoldReview), COORDINATORS),
    ((actions.OfferAction, actions.ChangeActionDue), COORDINATORS),
    ((actions.RespondToAction,), {Role.COORDINATOR: answering_for_owner, Role.PARTNER: answering}),
    ((actions.ProgressAction,), {Role.COORDINATOR: progressing_own, Role.PARTNER: owning}),
    ((actions.CompleteAction, actions.CloseActionIncomplete), COORDINATORS | {Role.PARTNER: owning}),
    ((closing.ProposeClosure, closing.CloseCase, closing.ReopenCase), COORDINATORS),
    ((correcting.CorrectEntry, correcting.CorrectMeasure), COORDINATORS),
    (
        (
            correcting.RequestEntryWithdrawal,
            correcting.ApproveEntryWithdrawal,
            correcting.RefuseEntryWithdrawal,
        ),
        COORDINATORS,
    ),
    # That whoever answers is another than who asked, the decision sees to.
    ((voiding.RequestVoiding, voiding.ApproveVoiding, voiding.RefuseVoiding), COORDINATORS),
)

MEETINGS: tuple[Row, ...] = (
    ((planning.PlanMeeting,), running(of_the_series)),
    ((planning.RescheduleMeeting, planning.CancelMeeting), ORGANISERS),
    ((invitations.InviteMember,), running(inviting)),
    ((invitations.WithdrawInvitation,), ORGANISERS),
    ((invitations.SetAvailability,), dict.fromkeys(AT_A_MEETING, own_agency)),
    ((drafting.DraftAgenda,), ORGANISERS),
    ((drafting.PublishAgenda,), in_the_chair(chairing)),
    ((adding.AddItem,), running(listing)),
    ((adding.AddLateItem,), in_the_chair(late)),
    ((editing.RemoveItem, editing.MoveItem, editing.ChangeTimebox), ON_AN_ITEM),
    ((editing.PullFromNoting,), dict.fromkeys(AT_A_MEETING, seeing_item)),
    ((session.StartMeeting,), in_the_chair(may_take_the_chair)),
    (
        (
            session.AdjournMeeting,
            session.ResumeMeeting,
            session.EndMeeting,
            session.ConfirmMinutes,
            session.HandOverChair,
        ),
        in_the_chair(chairing),
    ),
    (
        (attendance.JoinMeeting, attendance.LeaveMeeting, attendance.SendApology),
        dict.fromkeys(AT_A_MEETING, coming_in),
    ),
    ((attendance.AcceptConfidentiality,), dict.fromkeys(AT_A_MEETING, own_seat)),
    ((attendance.DeclareInterest,), dict.fromkeys(AT_A_MEETING, of_oneself)),
    ((attendance.ResolveInterest,), running(settling_interest)),
    ((speaking.RaiseHand, speaking.LowerHand), dict.fromkeys(AT_A_MEETING, of_oneself)),
    ((speaking.GiveFloor,), ON_AN_ITEM),
    ((floor.OpenItem, floor.CloseItem, floor.DeferItem, floor.NoteItem), ON_AN_ITEM),
    ((deciding.RecordUpdate, deciding.RecordDecision, deciding.LinkAction, OfferActionInMeeting), ON_AN_ITEM),
    ((deciding.RecordGuest,), ON_AN_ITEM),
    ((AmendMinutes,), in_the_chair(amending)),
    (
        (instant.RecordInstantDiscussion,),
        {Role.COORDINATOR: discussing_at_once, Role.PARTNER: discussing_at_once},
    ),
)

OTHERS: tuple[Row, ...] = (
    # Tells nothing of who is known: whoever is known already is answered as if they were new.
    ((person.RegisterPerson,), dict.fromkeys((Role.COORDINATOR, Role.PARTNER, Role.REFERRER), anywhere)),
    (
        (
            person.SetContactPreference,
            person.SetProtectedAddress,
            person.CorrectIdentity,
            person.CorrectContact,
            person.RecordDeath,
            person.WithdrawDeath,
        ),
        {Role.COORDINATOR: coordinating_person},
    ),
    # That whoever agrees is another than who asked, the decision sees to.
    (
        (people.RequestMerge, people.ApproveMerge, people.RefuseMerge, people.ReverseMerge),
        {Role.COORDINATOR: merging},
    ),
    (
        (erasing.RequestErasure, erasing.StopErasure),
        {Role.COORDINATOR: letting_go, Role.CALDICOTT: guarding_person},
    ),
    ((erasing.ApproveErasure, erasing.PlaceLegalHold, erasing.LiftLegalHold), {Role.CALDICOTT: guarding_person}),
    ((erasing.ErasePerson,), THE_PROGRAM),
    # Whoever hears of it writes it down; it is answered by those who answer for the data.
    (
        (
            subject_access.RequestSubjectAccess,
            processing.RequestRestriction,
            processing.NameGround,
            processing.WithdrawGround,
        ),
        {Role.COORDINATOR: letting_go, Role.CALDICOTT: guarding_some},
    ),
    (
        (
            subject_access.ExtendSubjectAccess,
            subject_access.GiveSubjectAccess,
            subject_access.RefuseSubjectAccess,
            processing.RestrictProcessing,
            processing.RefuseRestriction,
            processing.LiftRestriction,
            processing.TellRecipient,
        ),
        {Role.CALDICOTT: guarding_some},
    ),
    ((access_grant.OpenBreakGlass,), dict.fromkeys(AT_WORK, in_an_emergency)),
    (
        (access_grant.EndBreakGlass,),
        {**dict.fromkeys(AT_WORK, having_opened), Role.CALDICOTT: guarding_opened},
    ),
    ((access_grant.ReviewBreakGlass,), {Role.CALDICOTT: guarding_opened}),
    ((person.LookForMatches,), {Role.COORDINATOR: at_the_persons_door}),
    ((contact.ReceiveContact,), {Role.COORDINATOR: taking_contacts}),
    ((contact.TriageContact, contact.ResolveContact), {Role.COORDINATOR: working_contact}),
    ((contact.ConvertContact,), {Role.COORDINATOR: leading_on}),
    ((contact.LinkRepeat,), {Role.COORDINATOR: linking_contacts}),
    (
        (
            partner.RegisterPartner,
            partner.SignAgreement,
            partner.TerminateAgreement,
            partner.RunProgramme,
            partner.LeaveProgramme,
        ),
        ADMINISTRATORS,
    ),
    (
        # Bound by those who enrol: who is enrolled first, to look after the others, has to sign in.
        (partner.EnrolMember, partner.BindSubject),
        dict.fromkeys((Role.MEMBER_ADMINISTRATOR, Role.APPOINTING_OFFICER, Role.ADMINISTRATOR), enrolling),
    ),
    (
        (partner.EnrolService, partner.AllowService, partner.UnbindSubject),
        {Role.MEMBER_ADMINISTRATOR: looking_after},
    ),
    ((partner.RenewCalendar,), dict.fromkeys(EVERYBODY, own_partner)),
    ((partner.SuspendMember,), {Role.MEMBER_ADMINISTRATOR: looking_after, Role.ADMINISTRATOR: suspending}),
    ((partner.ReinstateMember,), {Role.MEMBER_ADMINISTRATOR: looking_after}),
    (
        (partner.GiveRole, partner.EndRole),
        dict.fromkeys((Role.MEMBER_ADMINISTRATOR, Role.APPOINTING_OFFICER, Role.CALDICOTT, Role.ADMINISTRATOR), giving),
    ),
    ((partner.GiveTag, partner.EndTag), {Role.CALDICOTT: tagging}),
    ((programme.LoadProgramme, programme.SuspendProgramme, programme.ResumeProgramme), ADMINISTRATORS),
)


def table(rows: Iterable[Row]) -> Mapping[type[Command], Rule]:
    """Each command once, its roles in the order in which they are tried."""
    found: dict[type[Command], Rule] = {}
    for kinds, rule in rows:
        for kind in kinds:
            if kind in found:
                raise TypeError(f"{kind.__name__} has two rules")
            found[kind] = {role: rule[role] for role in IN_TURN if role in rule}
    return found


RULES = table((*CASES, *MEETINGS, *OTHERS))
# Closed by default: what nobody has thought about stops the start, not only the first who asks for it.
if unsaid := [kind.__name__ for kind in COMMANDS if kind not in RULES]:
    raise TypeError(f"nobody has said who may ask for {', '.join(unsaid)}")
# `organising` looks at the meeting alone: whoever is recused from an item could still act on it.
if blind := [kind.__name__ for kind, rule in RULES.items() if rule == ORGANISERS and "item" in kind.__struct_fields__]:
    raise TypeError(f"nobody asks who is recused from the item of {', '.join(blind)}")
ASKED = tuple(kind for kind in COMMANDS if RULES[kind])
"""What somebody may ask for. The rest the program asks of itself: it is no mutation and has no form."""
ASKED_BY_KEY = {KEY_OF_COMMAND[kind]: kind for kind in ASKED}
FOR_PEOPLE: frozenset[type[Command]] = frozenset(
    {
        recusal.DeclareRecusal,
        recusal.ResolveRecusal,
        correcting.ApproveEntryWithdrawal,
        correcting.RefuseEntryWithdrawal,
        voiding.ApproveVoiding,
        voiding.RefuseVoiding,
        funds.ApproveFundAward,
        funds.DeclineFundAward,
        people.RequestMerge,
        people.ApproveMerge,
        people.RefuseMerge,
        people.ReverseMerge,
        erasing.RequestErasure,
        erasing.ApproveErasure,
        erasing.StopErasure,
        erasing.PlaceLegalHold,
        erasing.LiftLegalHold,
        subject_access.RequestSubjectAccess,
        subject_access.ExtendSubjectAccess,
        subject_access.GiveSubjectAccess,
        subject_access.RefuseSubjectAccess,
        processing.RequestRestriction,
        processing.RestrictProcessing,
        processing.RefuseRestriction,
        processing.LiftRestriction,
        processing.NameGround,
        processing.WithdrawGround,
        processing.TellRecipient,
        access_grant.OpenBreakGlass,
        access_grant.EndBreakGlass,
        access_grant.ReviewBreakGlass,
        attendance.DeclareInterest,
        attendance.ResolveInterest,
        attendance.JoinMeeting,
        attendance.LeaveMeeting,
        attendance.SendApology,
        attendance.AcceptConfidentiality,
        speaking.RaiseHand,
        speaking.LowerHand,
        instant.RecordInstantDiscussion,
        person.LookForMatches,
        partner.RenewCalendar,
    }
)
"""What no program asks for: it sits at no table, promises nothing, settles no interest for somebody behind it, looks
nobody up, has no calendar, and is no second person."""
_NOBODY: Rule = {}


def rule_of(kind: type[Command]) -> Rule:
    """What the table says; of a command that nobody has thought about, that nobody may ask for it."""
    return RULES.get(kind, _NOBODY)


class ServiceNotAllowed(NotAllowed):
    """This service account has not been allowed this command. Its agency's member administrator allows it."""


def rule_for(who: Who, kind: type[Command]) -> Rule:
    """The same for one who asks: a program may ask for the commands that it was allowed."""
    # A command without a key is None here, which no account can be allowed.
    allowed = who.service is None or (kind not in FOR_PEOPLE and KEY_OF_COMMAND.get(kind) in who.service.commands)
    return rule_of(kind) if allowed else _NOBODY


def may(who: Who, command: Command, reads: Reads, at: datetime) -> Role:
    """The role in which it is done. Raises a `Refused`: for a role that may not ask at all, before anything is read."""
    return allowed(who, type(command), command, reads, at)


class Unsaid(Exception):
    """What a rule asks for is not known of the command yet."""


class Sketch:
    """A command of which only what it is about is known, as before somebody fills in its form.

    To a rule it is of its command's class, whether that asks `isinstance` or matches: what the class decides is known.
    """

    def __init__(self, kind: type[Command], about: Mapping[str, object]) -> None:
        self.__class__ = kind
        self.__struct_fields__ = kind.__struct_fields__
        self.__dict__.update({name: id_ for name, id_ in about.items() if name in kind.__struct_fields__})

    @property
    def __class__(self) -> Any:
        return self._kind

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        raise Unsaid(name)


def may_ask_about(who: Who, kind: type[Command], about: Mapping[str, object], reads: Reads, at: datetime) -> bool:
    """Whether they may ask for it about this (`case`, `meeting`, `item`, `partner`), as far as that can be said before
    the rest of the command is: what is asked in the end is judged anew.
    """
    # The program's own rights are nobody's to be shown.
    if Role.SYSTEM in who.roles_held():
        return False
    try:
        allowed(who, kind, Sketch(kind, about), reads, at)
    except Unsaid:
        return True
    except Refused:
        return False
    return True


def allowed(who: Who, kind: type[Command], command: Any, reads: Reads, at: datetime) -> Role:
    held = who.roles_held()
    if Role.SYSTEM in held:
        return Role.SYSTEM
    rule = rule_for(who, kind)
    if who.service is not None and not rule:
        raise ServiceNotAllowed
    refusals: list[Refused] = []
    for role, relation in rule.items():
        if role in held:
            try:
                relation(Asked(who, command, reads, at, role))
            # Rights are the union of all roles: another one may still allow it.
            except Refused as refused:
                refusals.append(refused)
            else:
                return role
    raise closest(refusals)


def closest(refusals: Sequence[Refused]) -> Refused:
    """Who does not see it by one role may see it by another: what is said to the one who sees goes first."""
    seen = [refused for refused in refusals if not refused.not_there]
    return next(iter(seen or refusals), NotAllowed())


def asks(who: Who, kind: type[Command]) -> bool:
    """Whether any of their roles may ask such a thing at all; the case or the meeting may still forbid it."""
    return Role.SYSTEM in who.roles_held() or not who.roles_held().isdisjoint(rule_for(who, kind))
