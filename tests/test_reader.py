"""A reader of sealed texts that shares what was unsealed still reads only what it was made for."""

from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from catch.domain.facts import Sealed
from catch.personal.keyring import Reader
from catch.personal.tokens import ERASED, UNREAD, Erased, seal


def test_what_one_reader_unsealed_another_reads_only_if_it_is_for_that_subject():
    ada, basil = uuid4(), uuid4()
    cipher = AESGCM(AESGCM.generate_key(256))
    said = seal(cipher, ada, "The boiler is broken.")
    whole = Reader({ada, basil}, {ada: cipher})
    assert [whole.only(ada).get(said), whole.only(ada, basil).get(said)] == ["The boiler is broken."] * 2
    assert whole.only(basil).get(said) == UNREAD
    assert Reader({basil}, {basil: cipher}).get(said) == UNREAD


def test_what_is_erased_stays_erased_when_it_is_read_again():
    ada = uuid4()
    said = seal(AESGCM(AESGCM.generate_key(256)), ada, "The boiler is broken.")
    reader = Reader({ada}, {ada: ERASED})
    assert all(isinstance(reader.only(ada).get(said), Erased) for _ in range(2))


def test_what_cannot_be_read_is_told_from_what_was_erased():
    ada, cipher = uuid4(), AESGCM(AESGCM.generate_key(256))
    said = seal(cipher, ada, "The boiler is broken.")
    assert Reader({ada}, {}).get(said) == UNREAD, "no key"
    assert Reader({ada}, {ada: UNREAD}).get(said) == UNREAD, "another place's key"
    assert Reader({ada}, {ada: AESGCM(AESGCM.generate_key(256))}).get(said) == UNREAD, "another key"
    assert Reader({ada}, {ada: cipher}).get(Sealed(said[:-2])) == UNREAD, "damaged"
    assert not isinstance(UNREAD, Erased)
