"""Whom a server trusts for who somebody is: its configured issuers, or in development its own, and never both."""

from collections.abc import Callable
from pathlib import Path

from catch.database import Statements
from catch.identity.bindings import Bindings, RecordedBindings, viewer_of
from catch.identity.issuers import Known
from catch.identity.reaching import Reach
from catch.identity.settings import Trusted, vouched
from catch.identity.tokens import DevelopmentIssuer, Either, Hashed, Logout, NoTokens, Viewer, bearer
from catch.identity.verifying import Tokens
from catch.log.clock import Clock
from catch.settings import BadSetting


class Issuers:
    """The issuers that are configured, each with what it published, by their keys."""

    def __init__(
        self,
        trusted: Trusted,
        hashed: Hashed,
        bindings: Bindings,
        clock: Callable[[], float],
        either: Either | None = None,
    ) -> None:
        self.trusted = trusted
        self.bindings = bindings
        self.clock = clock
        self.known = {issuer.key: known(trusted, issuer.key) for issuer in trusted.issuers}
        self.tokens = Tokens(self.known, hashed, clock, either)

    def step_up_acr(self, issuer: str) -> tuple[str, ...]:
        """How closely somebody has to be looked at, as this issuer calls it, for what needs stepping up."""
        found = self.known.get(issuer)
        return (found.issuer.step_up_acr_values or found.issuer.acr_values) if found else ()

    async def verify(self, authorization: str | None) -> Viewer:
        """Raises a `TokenRefused`."""
        return await viewer_of(await self.tokens.access(bearer(authorization)), self.bindings)

    async def verify_logout(self, token: str) -> Logout:
        return await self.tokens.logout(token)

    async def close(self) -> None:
        for each in self.known.values():
            await each.close()


def known(trusted: Trusted, key: str) -> Known:
    issuer = next(each for each in trusted.issuers if each.key == key)
    reach = Reach(issuer.issuer, ca_file=vouched(issuer, trusted.folder), proxy=trusted.identity.proxy)
    return Known(issuer, trusted.secrets[key], reach)


def verifier(
    folder: Path, hashed: Hashed, trusted: Trusted, db: Statements, clock: Clock, *, development: bool
) -> DevelopmentIssuer | Issuers | NoTokens:
    """Raises `BadSetting`, as `refuse_both` does."""
    refuse_both(trusted, development=development)
    if development:
        return DevelopmentIssuer(folder, clock=clock.time, either=clock.either, hashed=hashed)
    return Issuers(trusted, hashed, RecordedBindings(db), clock.time, clock.either) if trusted.issuers else NoTokens()


def refuse_both(trusted: Trusted, *, development: bool) -> None:
    """Raises `BadSetting` where development and a real issuer are to be trusted side by side."""
    if development and trusted.issuers:
        named = ", ".join(issuer.key for issuer in trusted.issuers)
        raise BadSetting(
            "--development (or CATCH_DEVELOPMENT) trusts tokens that anybody here can make, and real issuers are set"
            f" up as well ({named}). Take away one of them: --development, or CATCH_IDENTITY_FILE and CATCH_OIDC_ISSUER"
        )
