"""Registered documents: allowed, compiled, found by text, hash and name. Others are answered where that is allowed."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec import Struct

from catch.access import Seat
from catch.api import documents
from catch.api.documents import shipped
from catch.api.engine import limits
from catch.api.engine.engine import Engine, UnusableDocument
from catch.api.engine.registered import Registered, registered
from catch.api.schema import schema
from catch.contracts.files import ROOT
from catch.domain.meeting.state import Interest, InterestAction
from catch.faults import Rejected
from catch.rates import Rates, rates
from catch.settings import BadSetting, Settings
from catch.web.requests import Parameters, Turned, decoded, from_url
from tests.place import ago

TEXT = "query Who { viewer { user } }"
HASH = hashlib.sha256(TEXT.encode()).hexdigest()


def test_every_document_is_compiled_and_allowed():
    assert list(documents.complaints(ROOT)) == []
    assert {*documents.unusable(shipped())} == set()


def test_a_document_that_cannot_be_used_is_named():
    unusable = documents.unusable({"bad": "query Bad { nothing }", "odd": "query Odd { __typename }"})
    assert list(unusable) == [
        "bad.graphql: Cannot query field 'nothing' on type 'Query'.",
        "odd.graphql: Odd (__typename of the operation itself) is not compiled",
    ]
    nobody = "no document asks for it, so that no server answers it outside development"
    assert f"viewer: {nobody}" in documents.unasked({})
    with pytest.raises(UnusableDocument, match=r"bad\.graphql"):
        Engine(schema(), registered=Registered({"bad": "query {"}))


def code(known: Registered, **asked: Any) -> str:
    with pytest.raises(Rejected) as refused:
        known.text(Parameters(**asked))
    return refused.value.errors[0].get("extensions", {})["code"]


def hashed(value: object) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": value}}


@pytest.mark.parametrize(
    "asked",
    [
        {"query": TEXT},
        {"documentId": "who"},
        {"documentId": HASH},
        {"documentId": f"sha256:{HASH.upper()}"},
        {"extensions": hashed(HASH)},
        {"query": TEXT, "extensions": hashed(HASH)},
    ],
)
@pytest.mark.parametrize("only", [True, False])
def test_a_registered_document_is_found_by_text_hash_and_name(asked: dict[str, Any], only: bool):
    assert Registered({"who": TEXT}, only=only).text(Parameters(**asked)) == TEXT


def test_what_is_not_registered_has_a_code():
    known = Registered({"who": TEXT}, only=True)
    assert code(known, documentId="nobody") == "PERSISTED_QUERY_NOT_FOUND"
    assert code(known, extensions=hashed("0" * 64)) == "PERSISTED_QUERY_NOT_FOUND"
    assert code(known, extensions=hashed(5)) == "NO_DOCUMENT"
    assert code(known, extensions={"persistedQuery": "x"}) == "NO_DOCUMENT"
    assert code(known) == "NO_DOCUMENT"
    assert code(known, query="{ viewer { user } }") == "OPERATION_NOT_REGISTERED"
    assert code(known, query=TEXT, extensions=hashed("0" * 64)) == "HASH_MISMATCH"


def test_only_a_development_server_learns_a_clients_own_document():
    own = "{ viewer { agency } }"
    own_hash = hashlib.sha256(own.encode()).hexdigest()
    for learns in (True, False):
        known = Registered({"who": TEXT}, learns=learns)
        assert code(known, extensions=hashed(own_hash)) == "PERSISTED_QUERY_NOT_FOUND"
        assert known.text(Parameters(query=own, extensions=hashed(own_hash))) == own
        if learns:
            assert known.text(Parameters(extensions=hashed(own_hash))) == own
        else:
            assert code(known, extensions=hashed(own_hash)) == "PERSISTED_QUERY_NOT_FOUND"


def test_outside_development_only_registered_documents_are_answered_unless_the_operator_says_so(tmp_path: Path):
    (tmp_path / "theirs.graphql").write_text(TEXT)
    for operations, development, only in (
        (None, False, True),
        (None, True, False),
        ("any", False, False),
        ("registered", True, True),
    ):
        assert registered(shipped(), operations, None, development=development).only is only
    theirs = registered(shipped(), None, tmp_path, development=False)
    assert theirs.text(Parameters(documentId="theirs")) == TEXT
    assert theirs.text(Parameters(documentId="agenda")).startswith("#")
    assert "draftAgenda(" in theirs.text(Parameters(documentId="draftAgenda"))


def test_settings_of_operations_and_rates():
    read = Settings.read({"CATCH_OPERATIONS": "any", "CATCH_RATE": "7", "CATCH_BURST": "9"})
    assert (read.operations, read.rate, read.burst) == ("any", 7, 9)
    with pytest.raises(BadSetting, match="CATCH_OPERATIONS"):
        Settings.read({"CATCH_OPERATIONS": "some"})
    assert rates(read, development=True).per_second == 7
    unset = Settings.read({})
    assert (rates(unset, development=True).per_second, rates(unset, development=False).per_second) == (0, 50)


class Counted(Struct):
    parsed: int = 0
    validated: int = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counts, parse, validate = Counted(), limits.parse, limits.validate

    def parsing(*given: Any, **more: Any) -> Any:
        counts.parsed += 1
        return parse(*given, **more)

    def validating(*given: Any, **more: Any) -> Any:
        counts.validated += 1
        return validate(*given, **more)

    monkeypatch.setattr(limits, "parse", parsing)
    monkeypatch.setattr(limits, "validate", validating)
    return counts


def test_a_repeated_document_is_neither_parsed_nor_validated_again(counted: Counted):
    engine = Engine(schema(), registered=Registered({"who": TEXT}))
    rules = engine.documents.rules
    for text in (TEXT, "{ viewer { agency } }"):
        engine.prepare(text)
        before = (counted.parsed, counted.validated)
        for _ in range(3):
            engine.prepare(text)
        assert (counted.parsed, counted.validated) == before
    assert counted.parsed == 2
    assert engine.documents.rules is rules
    engine.prepare("{ viewer { roles } }")
    assert counted.parsed == 3


def test_a_request_has_to_say_which_document_it_means():
    for body in (b"{}", b'{"query":null}', b'{"extensions":{}}', b"[]", b'[{"query":"{a}"}]'):
        with pytest.raises(Turned) as turned:
            decoded(body)
        assert turned.value.status == 400
        assert turned.value.errors[0].get("extensions", {})["code"] == "NOT_A_GRAPHQL_REQUEST"
    assert from_url(b"documentId=who&variables=%7B%22a%22%3A1%7D") == Parameters(documentId="who", variables={"a": 1})
    with pytest.raises(Turned):
        from_url(b"query=%ff")


class Clock(Struct):
    now: float = 0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_again_and_each_identity_has_its_own():
    clock = Clock()
    limit = Rates(2, 3, clock)
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limit.wait("b") == 0
    clock.now = 0.5
    assert [limit.wait("a"), limit.wait("a")] == [0, 0.5]
    clock.now = 100
    assert [limit.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert {Rates().wait("a") for _ in range(1000)} == {0}


def test_seats_are_compared_by_value():
    """What `Rights` rests on: equal seats may stand in for one another."""
    same: dict[str, Any] = {"meeting": uuid4(), "item": uuid4(), "programme": "p", "series": "s", "chair": "c"}
    same |= {"bound": frozenset[str](), "published_at": None} | dict.fromkeys(("opens", "over", "minuted"), ago(days=1))
    one = Seat(visible_to=frozenset({"a"}), interests=(), **same)
    assert one == Seat(visible_to=frozenset({"a"}), interests=(), **same)
    assert one != Seat(
        visible_to=frozenset({"a"}), interests=(Interest(uuid4(), "x", "a", InterestAction.RECUSED),), **same
    )
