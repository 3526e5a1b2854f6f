"""A refusal is an answer, not a fault: the class's name is its code and its docstring is what the person reads."""

import re
from collections.abc import Iterable
from typing import ClassVar, Self


class Refused(Exception):
    """The request was refused."""

    code: ClassVar[str] = "REFUSED"
    not_there: ClassVar[bool] = False
    """Whether it is what one is answered, too, for something that is there and that one does not see."""

    def __init__(self, /, **details: object) -> None:
        """`details` name what the refusal rests on (a field, a limit, an id); never personal text."""
        super().__init__(self.message)
        self.details = {name: str(value) for name, value in details.items()}
        self.otherwise: tuple[str, ...] = ()

    def where(self, paths: Iterable[str]) -> Self:
        """The same, of a command that says something else than what is on record, in these fields. Apart from the
        details, so that a field may have whatever name: `field` and `value`, too.
        """
        self.otherwise = tuple(paths)
        return self

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).upper()

    @property
    def message(self) -> str:
        return " ".join((type(self).__doc__ or "").split())


class NotAnswered(Refused):
    """A query, a subscription, a token or a cursor is refused. No command meets it: it is no code of a mutation's."""


class UnknownCase(Refused):
    """There is no such case, or you have no part in it. Check the id, or ask who coordinates it for a part in it."""

    not_there = True


class UnknownMeeting(Refused):
    """There is no such meeting, or you have no part in it. Check the id, or ask those who prepare it to invite you."""

    not_there = True


class UnknownPerson(Refused):
    """There is no such person, or you have no part in a case of theirs. Check the id."""

    not_there = True


class UnknownPartner(Refused):
    """No partner is registered under this key. Check it, or have the partner registered first: `registerPartner`."""

    not_there = True


class UnknownProgramme(Refused):
    """No programme runs under this key. Ask the agency that leads it how it is called here."""


class IdAlreadyUsed(Refused):
    """This id already names something else. Make a new id and try again."""


class IdNotAllowed(Refused):
    """An id of this kind is not for something new: make a random one (a UUID of version 4 or 7) and try again."""


class NothingExtended(Refused):
    """A new planned end belongs to the decision to extend: leave it out, or decide to extend."""


class MissingText(Refused):
    """This field must not be empty. Fill it in."""


class OutOfRange(Refused):
    """This value is outside what is allowed. The details say what is."""
