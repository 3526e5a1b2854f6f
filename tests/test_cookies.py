"""Sessions sealed in cookies: who is in them, when they end, and that nobody else's key, use or hand makes one."""

import base64

import pytest
from msgspec.structs import replace

from catch.domain.facts import Role
from catch.identity.cookies import ABSOLUTE, IDLE, TICKET, Cookies, NotSignedIn, SessionExpired
from catch.identity.tokens import Viewer

CHAIR = Viewer("chair-1", "snn", Role.CHAIR, 1e12, "", 0, "catch-development", "digest")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def cookies(clock: Clock, secret: bytes = b"s" * 32) -> Cookies:
    return Cookies(lambda: [secret], clock=clock)


def test_a_cookie_says_who_signed_in_and_until_when() -> None:
    clock = Clock()
    held = cookies(clock)
    session = held.opened(held.sealed(held.begun(replace(CHAIR, issued_at=990_000.7))))
    assert (session.viewer.user, session.viewer.agency, session.viewer.role) == ("chair-1", "snn", Role.CHAIR)
    assert session.viewer.expires_at == clock.now + ABSOLUTE
    # By the issuer's clock, as a sign-out by it is.
    assert session.viewer.issued_at == 990_000
    assert session.viewer.browser


def test_a_session_that_nobody_uses_ends_and_one_that_is_used_does_not() -> None:
    clock = Clock()
    held = cookies(clock)
    session = held.begun(CHAIR)
    sealed = held.sealed(session)
    clock.now += IDLE - 1
    used = held.sealed(held.opened(sealed).at(clock.now))
    clock.now += IDLE - 1
    assert held.opened(used).viewer.user == "chair-1"
    with pytest.raises(SessionExpired):
        held.opened(sealed)


def test_no_session_is_longer_than_a_working_day_however_busy_it_is() -> None:
    clock = Clock()
    held = cookies(clock)
    session = held.begun(CHAIR)
    while clock.now < session.viewer.expires_at - IDLE / 2:
        clock.now += IDLE / 2
        session = held.opened(held.sealed(session)).at(clock.now)
    clock.now = session.viewer.expires_at
    with pytest.raises(SessionExpired):
        held.opened(held.sealed(session.at(clock.now)))


@pytest.mark.parametrize("back", [IDLE, 3600, 86_400])
def test_what_was_begun_or_used_before_the_clock_was_set_back_is_good_no_longer_for_it(back: float) -> None:
    clock = Clock()
    held = cookies(clock)
    session = held.begun(CHAIR)
    for kept, proven in ((held.sealed(session), held.opened), (f"Session {held.ticket(session)}", held.verify)):
        assert proven(kept)
        clock.now -= back
        with pytest.raises(SessionExpired):
            proven(kept)
        clock.now += back
    # So much as clocks may differ nobody is signed out for.
    clock.now -= 60
    assert held.opened(held.sealed(session)).viewer.user == "chair-1"
    assert held.verify(f"Session {held.ticket(session)}").user == "chair-1"


def test_a_session_ends_with_what_the_issuer_vouched_for() -> None:
    clock = Clock()
    held = cookies(clock)
    brief = Viewer("chair-1", "snn", None, clock.now + 60)
    assert held.begun(brief).viewer.expires_at == clock.now + 60


@pytest.mark.parametrize("spoilt", ["", "x", "AAAA", "é", "a" * 4000, "====", " "])
def test_what_is_no_cookie_of_ours_is_nobodys(spoilt: str) -> None:
    with pytest.raises(NotSignedIn):
        cookies(Clock()).opened(spoilt)


def test_another_places_cookie_and_a_changed_one_are_nobodys() -> None:
    held, other = cookies(Clock()), cookies(Clock(), b"t" * 32)
    sealed = held.sealed(held.begun(CHAIR))
    with pytest.raises(NotSignedIn):
        other.opened(sealed)
    raw = bytearray(base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)))
    for place in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(NotSignedIn):
            held.opened(base64.urlsafe_b64encode(bytes(changed)).decode())


def test_a_cookie_is_no_ticket_and_a_ticket_no_cookie() -> None:
    held = cookies(Clock())
    session = held.begun(CHAIR)
    with pytest.raises(NotSignedIn):
        held.verify(f"Session {held.sealed(session)}")
    with pytest.raises(NotSignedIn):
        held.opened(held.ticket(session))
    assert held.verify(f"Session {held.ticket(session)}").user == "chair-1"


def test_a_ticket_is_good_for_minutes() -> None:
    clock = Clock()
    held = cookies(clock)
    ticket = held.ticket(held.begun(CHAIR))
    clock.now += TICKET - 1
    assert held.verify(f"Session {ticket}").expires_at == Clock.now + TICKET
    clock.now += 1
    with pytest.raises(SessionExpired):
        held.verify(f"Session {ticket}")


def test_a_forms_key_is_somebodys_in_a_role_whichever_session_they_are_in() -> None:
    held = cookies(Clock())
    key = held.form_key(held.begun(CHAIR))
    assert held.form_key(held.begun(CHAIR)) == key
    others = (
        Viewer("chair-2", "snn", Role.CHAIR, 1e12),
        Viewer("chair-1", "snn-2", Role.CHAIR, 1e12),
        Viewer("chair-1", "snn", None, 1e12),
    )
    assert all(held.form_key(held.begun(each)) != key for each in others)
    assert cookies(Clock(), b"t" * 32).form_key(held.begun(CHAIR)) != key


def test_a_session_by_an_issuer_that_this_server_does_not_trust_is_none() -> None:
    anybody, real = cookies(Clock()), Cookies(lambda: [b"s" * 32], clock=Clock(), issuers=("county",))
    session = anybody.begun(CHAIR)
    with pytest.raises(NotSignedIn):
        real.opened(anybody.sealed(session))
    with pytest.raises(NotSignedIn):
        real.verify(f"Session {anybody.ticket(session)}")
    assert Cookies(lambda: [b"s" * 32], clock=Clock(), issuers=("catch-development",)).opened(anybody.sealed(session))
