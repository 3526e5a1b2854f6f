"""What a reference stands for: a referral with its content. A row under the same reference is held to it, column by
column, so that nothing that was changed since passes for imported.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from catch.domain.calendar import london_day
from catch.domain.case.state import Referral
from catch.domain.facts import Sealed
from catch.domain.matching import Identifiers, Likeness, forms, likeness
from catch.importing.people import identifiers
from catch.importing.rows import ReferralRow, slug
from catch.personal import Keyring, Unopened, sealed_in

RECEIVED, REASON = "received", "reason for referral"


class Differs(NamedTuple):
    """The columns in which a row says something else than what stands under its reference. `another`: it is another
    referral, not the same one put right.
    """

    columns: tuple[str, ...]
    another: bool


class Stored(NamedTuple):
    """A referral that stands under a reference, its texts unsealed, and who it is about; None where that was not kept.

    Of what was imported before descriptions were kept, whoever was registered with the row is known alone.
    """

    referral: Referral
    texts: Mapping[Sealed, str]
    about: Identifiers | None

    def text(self, sealed: Sealed | None) -> str:
        return "" if sealed is None else plain(self.texts[sealed])


async def stored(keyring: Keyring, referral: Referral, registered: Identifiers | None) -> Stored | None:
    """None where it was erased or cannot be read: then nobody can say any more what it said."""
    sealed = sealed_in(referral)
    texts: dict[Sealed, str] = {}
    for text, opened in zip(sealed, await keyring.unseal(sealed), strict=True):
        if isinstance(opened, Unopened):
            return None
        texts[text] = opened
    said = referral.described
    if said is None:
        return Stored(referral, texts, registered)
    parts = (said.name, said.date_of_birth, said.phone, said.nhs_number, said.address)
    return Stored(referral, texts, Identifiers(*[None if part is None else texts[part] for part in parts]))


def differs(before: Stored, row: ReferralRow, referrer: str) -> Differs | None:
    """None where both say the same. `referrer` is the agency that the row's organisation is here.

    It is another referral where it is about somebody else, or where both the day on which it came and the reason are
    others: somebody's list has begun its numbers anew.
    """
    columns = (*_identity(before.about, row), *_referral(before, row, referrer))
    if not columns:
        return None
    return Differs(columns, _somebody_else(before.about, row) or {RECEIVED, REASON} <= {*columns})


def _somebody_else(before: Identifiers | None, row: ReferralRow) -> bool:
    """A birth date that was put right leaves the name; a name that was, the number, or the birth date and one more."""
    if before is None or plain(before.name) == plain(row.name):
        return False
    now = identifiers(row)
    same_name = forms(before).get("name", "") == forms(now).get("name")
    return not same_name and likeness(before, now) is Likeness.OTHER


def _identity(before: Identifiers | None, row: ReferralRow) -> Iterator[str]:
    if before is None:
        return
    now = identifiers(row)
    if plain(before.name) != plain(now.name):
        yield from _parts_of_name(plain(before.name), row)
    for column, one, other in (
        ("date of birth", before.date_of_birth, now.date_of_birth),
        ("nhs number", before.nhs_number, now.nhs_number),
        ("phone", *_phones(before, now)),
        ("address", before.address, now.address),
    ):
        if plain(one) != plain(other):
            yield column


def _phones(before: Identifiers, now: Identifiers) -> tuple[str | None, str | None]:
    """The same number, however it was typed then."""
    one, other = forms(before).get("phone"), forms(now).get("phone")
    return (one, other) if one and other else (before.phone, now.phone)


def _parts_of_name(before: str, row: ReferralRow) -> Iterator[str]:
    """It is kept as one: which part was changed is told by the one that was not."""
    first, last = before.startswith(plain(row.first_name)), before.endswith(plain(row.last_name))
    if last or not first:
        yield "first name"
    if not last:
        yield "last name"


def _referral(before: Stored, row: ReferralRow, referrer: str) -> Iterator[str]:
    held = before.referral
    agreement, contact = held.agreement, held.safe_contact
    if not _received_then(held, row):
        yield RECEIVED
    for column, one, other in (
        ("source", held.source, row.source),
        ("channel", held.channel, row.channel),
        ("needs", held.needs, row.needs),
        (REASON, before.text(held.reason), plain(row.reason)),
        ("urgency", held.urgency, row.urgency),
        ("person knows", agreement and agreement.knows, row.knows),
        ("person agrees", agreement and agreement.agrees, row.agrees),
        ("safe to contact", contact and contact.ok, row.safe),
        ("how to contact", before.text(contact.how if contact else None), plain(row.how)),
        ("referrer organisation", before.text(held.unverified_organisation) or held.referrer_agency, referrer),
    ):
        if one != other and not (column == "referrer organisation" and slug(str(one)) == slug(row.organisation)):
            yield column


def _received_then(held: Referral, row: ReferralRow) -> bool:
    """A day without a time stands for whatever time of it was taken then."""
    if row.timed:
        return held.received_at == row.received_at
    return london_day(held.received_at) == london_day(row.received_at)


def plain(text: str | None) -> str:
    """As it is compared: line ends and runs of spaces are what a program made of them."""
    return " ".join((text or "").split())
