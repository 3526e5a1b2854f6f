"""NHS numbers: ten digits, the last of which checks the other nine (modulus 11)."""

import re

from catch.domain.refusals import Refused


class NhsNumberInvalid(Refused):
    """This is not a valid NHS number. Check its ten digits, or leave it out."""


def nhs_number(text: str) -> str | None:
    """The ten digits of a valid number, whatever spaces or hyphens it is written with; None when it is not one.

    NHS Data Dictionary, "NHS NUMBER": weights 10 to 2 on the first nine digits; 11 minus the sum modulo 11 is the
    tenth digit, 11 stands for 0, and 10 is never issued. Ten times the same digit fits, and is nobody's.
    """
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{10}", digits) or placeholder(digits):
        return None
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), digits, strict=False))
    # A check value of 10 never equals one digit, so it needs no case of its own.
    return digits if (11 - total % 11) % 11 == int(digits[9]) else None


def placeholder(text: str) -> bool:
    """Whether it is ten times one digit: what is typed where the number is not known."""
    digits = re.sub(r"[\s-]", "", text)
    return re.fullmatch(r"([0-9])\1{9}", digits) is not None
