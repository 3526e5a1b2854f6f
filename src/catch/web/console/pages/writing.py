"""Two people write in one item: what each changed is kept, and where both changed the same, the second sees both.

A form says which texts it was made from (`seen.…`, a digest of each). What its sender did not change is left as it is
now; what nobody else changed is as the sender has it. The update is sent against the version of the meeting that was
compared with: where somebody is faster still, it is compared again.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple
from uuid import UUID, uuid4

from catch.identity.flow import own_path
from catch.web.console import room
from catch.web.console.forms import Form
from catch.web.console.pages.meeting import SAID
from catch.web.console.visit import Json, Reply, Taken, Turned, Visit

TRIES = 6
"""So often somebody may be faster before the sender is told to try again."""


class Written(NamedTuple):
    """One text as its sender has it, as it is now, and as it was when they began; None where that is not known."""

    mine: str
    now: str
    seen: str | None

    @property
    def merged(self) -> str | None:
        """What is to be recorded; None where that is for the sender to say."""
        if room.seen(self.mine) == self.seen or self.mine == self.now or (self.seen is None and not self.mine):
            return self.now
        if room.seen(self.now) == self.seen or (self.seen is None and not self.now):
            return self.mine
        return None


def plain(text: str | None) -> str:
    """As a browser sends it back."""
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")


async def record(
    visit: Visit, form: Form, filled: Json, command_id: UUID, occurred: str | None
) -> Taken | Turned | Reply:
    answer: Taken | Turned | Reply | None = None
    for _ in range(TRIES):
        answer = await attempted(visit, form, filled, command_id, occurred)
        if not (isinstance(answer, Turned) and answer.code == "STALE"):
            break
    assert answer is not None
    return answer


async def attempted(
    visit: Visit, form: Form, filled: Json, command_id: UUID, occurred: str | None
) -> Taken | Turned | Reply:
    about = {name: filled.get(name) for name in ("meeting", "item")}
    found = await visit.ask("meeting_said", id=about["meeting"], item=about["item"])
    item = found["agendaItem"]
    said: Json = (item and item["discussion"]) or {}
    texts = {name: written(visit, filled, said, name) for name, _ in SAID}
    merged = {name: text.merged for name, text in texts.items()}
    if item and None in merged.values():
        return both(visit, form, item, texts, occurred)
    if item and all(merged[name] == text.now for name, text in texts.items()) and any(merged.values()):
        # All of it is there: it was sent before, or somebody else wrote the same.
        return visit.to(own_path(visit.sent("next") or "/"))
    version = found["meeting"]["version"] if found["meeting"] else None
    wanted = {name: text for name, text in merged.items() if text}
    return await visit.send(
        "recordUpdate", {**about, **wanted}, command_id, expected_version=version, occurred_at=occurred
    )


def written(visit: Visit, filled: Json, said: Json, name: str) -> Written:
    begun = visit.sent(f"seen.{name}") if f"seen.{name}" in visit.form else None
    return Written(plain(filled.get(name)), plain(said.get(name)), begun)


def both(visit: Visit, form: Form, item: Json, texts: Mapping[str, Written], occurred: str | None) -> Reply:
    """Theirs in the form, what is recorded now beside it. Whoever sends it then has read both."""
    back = own_path(visit.sent("next") or "/")
    return visit.page(
        "both.html",
        HTTPStatus.CONFLICT,
        fixed=form.fixed,
        title=room.title(item),
        texts=[(name, label, texts[name]) for name, label in SAID],
        occurred=occurred,
        command_id=str(uuid4()),
        back=back,
    )
