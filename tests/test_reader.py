"""A reader of sealed texts that shares what was unsealed still reads only what it was made for."""

from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from catch.personal.keyring import Reader
from catch.personal.tokens import Erased, seal


def test_what_one_reader_unsealed_another_reads_only_if_it_is_for_that_subject():
    ada, basil = uuid4(), uuid4()
    cipher = AESGCM(AESGCM.generate_key(256))
    said = seal(cipher, ada, "The boiler is broken.")
    whole = Reader({ada, basil}, {ada: cipher})
    assert [whole.only(ada).get(said), whole.only(ada, basil).get(said)] == ["The boiler is broken."] * 2
    with pytest.raises(LookupError):
        whole.only(basil).get(said)


def test_what_is_erased_stays_erased_when_it_is_read_again():
    ada = uuid4()
    said = seal(AESGCM(AESGCM.generate_key(256)), ada, "The boiler is broken.")
    reader = Reader({ada}, {})
    assert all(isinstance(reader.only(ada).get(said), Erased) for _ in range(2))
