"""Personal text: sealed under its subject's own key at the edge, unsealed only while an answer is written.

Read `keys` (what wraps the data keys), `tokens` (the form of a sealed text), `texts` (where a struct holds personal
text), `keyring` (the data keys, and everything the rest of the program calls), `erased` (whose have to stay gone),
`belonging` (which wrapping keys are the place's) and `rotating` (how another one takes the place of the last).
"""

from catch.personal.erased import ErasedList
from catch.personal.keyring import Keyring, KeyUnreadable, NewKey, Sealing, SubjectErased
from catch.personal.keys import KeyEncryption, KeyFile
from catch.personal.texts import MAX_TEXT, TextTooLong, UnusableText, sealed_in, sealed_in_field, with_texts
from catch.personal.tokens import ERASED, UNREAD, BrokenSeal, Erased, Unopened, Unread, named, subject_of

__all__ = [
    "ERASED",
    "MAX_TEXT",
    "UNREAD",
    "BrokenSeal",
    "Erased",
    "ErasedList",
    "KeyEncryption",
    "KeyFile",
    "KeyUnreadable",
    "Keyring",
    "NewKey",
    "Sealing",
    "SubjectErased",
    "TextTooLong",
    "Unopened",
    "Unread",
    "UnusableText",
    "named",
    "sealed_in",
    "sealed_in_field",
    "subject_of",
    "with_texts",
]
