"""What names and codes are called for people: plain words for what the program calls by one.

A name that is not here is said as it is written, in words.
"""

import re


def words(name: str) -> str:
    """A field's, a code's or a command's name as somebody would say it."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " ").strip().lower()
    return SAID.get(plain) or plain[:1].upper() + plain[1:]


SAID = {
    "6 1 a": "Consent",
    "6 1 c": "Legal obligation",
    "6 1 d": "Vital interests",
    "6 1 e": "Public task",
    "6 1 f": "Legitimate interests",
    "9 2 a": "Explicit consent",
    "9 2 c": "Vital interests",
    "9 2 g": "Substantial public interest",
    "9 2 h": "Health or social care",
    "caldicott": "Caldicott contact",
    "max support": "End of support",
    "nhs number": "NHS number",
    "ons4": "ONS4, four questions on wellbeing",
    "swemwbs": "SWEMWBS, short wellbeing scale",
    "wemwbs": "WEMWBS, wellbeing scale",
    "partly": "Partly achieved",
    "ae frequent attender": "A&E, often attended",
    "pcn link worker": "Link worker of a primary care network",
    "vcse": "Voluntary, community or social enterprise",
}
"""Codes whose words say little by themselves."""
