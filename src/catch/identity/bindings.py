"""An issuer says who somebody is to it; who that is here, and for which agency they act, is asked of the log."""

from collections.abc import Sequence
from typing import Protocol

from catch.database import Statements, lost
from catch.domain.partner import Binding
from catch.faults import RecordsAway
from catch.identity.tokens import TokenNeedsAgency, TokenRefused, Viewer
from catch.identity.verifying import Proven
from projections.members import Membership, bound_to


class UnknownForNow(TokenRefused):
    __doc__ = RecordsAway.__doc__

    STATUS = 503


UnknownForNow.code = RecordsAway.code


class Bindings(Protocol):
    async def of(self, binding: Binding) -> Sequence[Membership]: ...


class RecordedBindings:
    """Read each time: whoever keeps an answer keeps it for a second."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def of(self, binding: Binding) -> Sequence[Membership]:
        """Raises `UnknownForNow`."""
        try:
            return await bound_to(self._db, binding)
        except Exception as problem:
            if not lost(problem):
                raise
            raise UnknownForNow from None


async def viewer_of(proven: Proven, bindings: Bindings) -> Viewer:
    """Whom an access token means here: somebody without a user or an agency where nobody is bound to it. Raises
    `TokenNeedsAgency` where it may mean several, `UnknownForNow`.
    """
    found = await bindings.of(Binding(proven.issuer, proven.subject))
    meant = [each for each in found if proven.agency in (None, each.agency)]
    if len(meant) > 1:
        raise TokenNeedsAgency
    agency, user = (meant[0].agency, meant[0].user) if meant else ("", "")
    return Viewer(
        user,
        agency,
        proven.role,
        proven.expires_at,
        proven.session,
        proven.issued_at,
        proven.issuer,
        proven.subject,
        named=False,
        proved=proven.proved,
    )
