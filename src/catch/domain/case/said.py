"""What follows from all that the person and the doors have said, in whatever order it was typed in."""

from datetime import datetime

from msgspec.structs import replace

from catch.domain.case.state import Agrees, Answer, Case, Disclosure, Referral, SafeContact, safer


def heard(case: Case) -> Case:
    """The case with what holds of agreement and safe contact."""
    last = case.answers[-1] if case.answers else None
    contact = reached(case)
    return replace(
        case,
        agrees=last.agrees if last else None,
        refused_at=last.at if last and last.agrees is Agrees.NO else None,
        door_refused_at=refused_at_the_door(case),
        disclosures_to_review=waiting_for_review(case, case.disclosures),
        safe_contact=contact,
        safe_contact_confirmed=case.contact_confirmed is not None and contact == case.contact_confirmed.safe_contact,
    )


def answer_at(case: Case, at: datetime) -> Answer | None:
    """What the person had last said by then."""
    return next((held for held in reversed(case.answers) if held.at <= at), None)


def waiting_for_review(case: Case, disclosures: tuple[Disclosure, ...]) -> bool:
    """Every disclosure that was open when the person said no, until they agree or it ends."""
    last = case.answers[-1] if case.answers else None
    if last is None or last.agrees is not Agrees.NO:
        return False
    return any(held.authorised_at <= last.at and held.open_at(last.at) for held in disclosures)


def with_disclosures(case: Case, disclosures: tuple[Disclosure, ...]) -> Case:
    """Nothing else of what was said follows from what may be told."""
    review = waiting_for_review(case, disclosures)
    return replace(case, disclosures=disclosures, disclosures_to_review=review)


def says_no(referral: Referral) -> bool:
    return referral.agreement is not None and referral.agreement.agrees is Agrees.NO


def refused_at_the_door(case: Case) -> datetime | None:
    """When the last referral came that says that the person does not agree, unless they have agreed since."""
    # Of nearly all cases: nothing to work out.
    if not any(map(says_no, case.referrals)):
        return None
    agreed = max((held.at for held in case.answers if held.agrees is Agrees.YES), default=None)
    doubts = (
        referral.received_at
        for referral, door in zip(case.referrals, case.doors, strict=True)
        if says_no(referral) and (agreed is None or max(referral.received_at, door.since) > agreed)
    )
    return max(doubts, default=None)


def reached(case: Case) -> SafeContact | None:
    """What was confirmed holds, whatever any door said before. Of what doors say, the more careful."""
    confirmed = case.contact_confirmed
    contact = confirmed.safe_contact if confirmed else None
    for referral, door in zip(case.referrals, case.doors, strict=True):
        if confirmed is None or door.since > confirmed.at:
            contact = safer(contact, referral.safe_contact)
    return contact
