"""The shared agenda as one participant's screen shows it: kept from the subscription's messages, drawn as lines.

Each participant draws only what the server sent to them, so what is withheld from somebody is withheld here too.
"""

from datetime import datetime, timedelta

from msgspec import Struct, field

SECTIONS = (
    "General", "Urgent", "Matters arising", "New", "Reviews", "At risk", "Close or extend", "Questions", "For noting",
    "Gaps",
)  # fmt: skip
MARKS = {"PENDING": " ", "OPEN": ">", "DISCUSSED": "x", "NOTED": "-", "DEFERRED": "~", "REMOVED": "#"}
MUST = "!"
LEGEND = "  ".join(
    [f"{MUST} must be heard", *(f"{mark} {state.lower()}" for state, mark in MARKS.items() if mark.strip())]
)
HEAD = 3
"""Lines above the items: the meeting, who is there, what the signs mean."""
OVER = frozenset({"ENDED", "CLOSED", "CANCELLED"})

REORDERS = frozenset(
    {
        "Present", "AgendaDrafted", "AgendaPublished", "AgendaItemAdded", "AgendaItemMoved", "AgendaItemRemoved",
        "ItemPulledForDiscussion", "LateItemAdded", "InterestDeclared", "InterestResolved", "ConfidentialityAccepted",
    }
)  # fmt: skip
"""After these the whole agenda is asked for: its order, or which of its items are shown, has changed. Every other
message carries the one item that it changed.
"""


class Redaction(Struct):
    path: str
    reason: str


class Person(Struct):
    name: str | None = None


class Case(Struct):
    person: Person | None = None


class Decision(Struct):
    code: str


class Action(Struct):
    owner: str
    state: str


class Why(Struct):
    code: str


class Listed(Struct):
    """An item as the agenda lists it; what is said of its case comes when something happens to it."""

    id: str
    section: int
    order: int
    minutes: int
    state: str
    must: bool | None
    redactions: list[Redaction]
    number: str | None = None
    case: Case | None = None
    decisions: list[Decision] = field(default_factory=list[Decision])
    actions: list[Action] = field(default_factory=list[Action])
    reasons: list[Why] = field(default_factory=list[Why])
    explanation: str = ""

    @property
    def name(self) -> str | None:
        return self.case.person.name if self.case and self.case.person else None


def present(meeting: "Meeting") -> frozenset[str]:
    return frozenset(one.agency or one.user for one in meeting.attendance if one.present)


def withheld(item: Listed) -> str | None:
    """Why the item is withheld; None where no more than some of it is."""
    return next((one.reason for one in item.redactions if one.path == "number"), None)


class Somebody(Struct):
    user: str
    agency: str | None = None
    present: bool = False


class Meeting(Struct):
    state: str
    attendance: list[Somebody]


class Update(Struct, tag_field="__typename", tag="MeetingUpdate"):
    position: str
    event: str
    at: datetime
    meeting: Meeting
    by: Somebody | None = None
    item: Listed | None = None


class Hidden(Struct, tag_field="__typename", tag="Hidden"):
    position: str


class ResyncRequired(Struct, tag_field="__typename", tag="ResyncRequired"):
    position: str
    reason: str


class AccessEnded(Struct, tag_field="__typename", tag="AccessEnded"):
    position: str
    reason: str


Message = Update | Hidden | ResyncRequired | AccessEnded


class Screen(Struct):
    """What one participant has been told so far. `position` is how far that reaches; latencies are in seconds.

    `came` is who was ever present, `at` when the last thing happened, `opened` when the open item was opened.
    """

    title: str
    position: int = 0
    meeting: Meeting | None = None
    items: list[Listed] = field(default_factory=list[Listed])
    events: list[str] = field(default_factory=list[str])
    latencies: list[float] = field(default_factory=list[float])
    hidden: int = 0
    ended: str | None = None
    came: frozenset[str] = frozenset()
    at: datetime | None = None
    opened: datetime | None = None
    lines: list[str] = field(default_factory=list[str])

    def take(self, message: Message) -> bool:
        """One message of the subscription. True where the whole agenda has to be asked for before drawing."""
        match message:
            case Update():
                self.meeting, self.at = message.meeting, message.at
                self.came |= present(message.meeting)
                by = message.by.agency if message.by else None
                self.happened(f"{message.event}  {by or ''}")
                if message.item:
                    self.changed(message.item, message.at)
                return message.event in REORDERS
            case Hidden():
                self.hidden += 1
                self.happened("(something you may not see)")
            case ResyncRequired() | AccessEnded():
                self.ended = f"{type(message).__name__}: {message.reason}"
        return False

    def changed(self, item: Listed, at: datetime) -> None:
        before = self.item(item.id)
        if item.state == "OPEN" and not (before and before.state == "OPEN"):
            self.opened = at
        if before and withheld(item) is None:
            # Why it is there is told with the whole agenda alone.
            item.reasons, item.explanation = before.reasons, before.explanation
        # In its place: what moves an item asks for the whole agenda anyway.
        self.items = [item if one.id == item.id else one for one in self.items]

    def listed(self, items: list[Listed]) -> None:
        """The whole agenda; what was known of the items besides stays, where they are not withheld."""
        known = {item.id: item for item in self.items}
        for item in items:
            if (before := known.get(item.id)) and withheld(item) is None:
                item.case, item.decisions, item.actions = before.case, before.decisions, before.actions
        self.items = sorted(items, key=lambda item: (item.section, item.order))

    def draw(self, position: int) -> None:
        self.position = max(self.position, position)
        self.lines = self.drawn()

    def happened(self, what: str) -> None:
        self.events = [*self.events[-3:], what]

    def item(self, item: str) -> Listed | None:
        return next((one for one in self.items if one.id == item), None)

    def withheld(self, item: str) -> str | None:
        """Why this screen does not show the item; None where it does, or does not know of it."""
        listed = self.item(item)
        return withheld(listed) if listed else None

    def drawn(self) -> list[str]:
        if self.meeting is None:
            return [self.title]
        lines = [
            f"{self.title}  [{self.meeting.state.replace('_', ' ').lower()}]",
            self.attendance(self.meeting),
            LEGEND,
        ]
        section = -1
        for item in self.items:
            if item.section != section:
                section = item.section
                lines.append(SECTIONS[section])
            lines.append(self.line(item))
            if item.state == "OPEN" and item.explanation:
                lines.append(f"         why: {item.explanation}")
        return lines

    def attendance(self, meeting: Meeting) -> str:
        """Who is there; when it is over everybody has left, and what counts is who was."""
        if meeting.state in OVER:
            return f"were present: {', '.join(sorted(self.came)) or 'nobody that this screen was told of'}"
        return f"present: {', '.join(sorted(present(meeting))) or 'nobody yet'}"

    def elapsed(self) -> timedelta:
        """How long the open item has been discussed, when the last thing happened."""
        return max(self.at - self.opened, timedelta()) if self.at and self.opened else timedelta()

    def line(self, item: Listed) -> str:
        """One item: its mark, place, number, time box and state, and what is known of it."""
        number = item.number or withheld(item) or "withheld"
        mark, must = MARKS[item.state], MUST if item.must else " "
        parts = [f" {mark}{must}{item.order:>3}  {number:<12} {item.minutes:>2} min  {item.state.lower():<9}"]
        if item.state == "OPEN":
            minutes, seconds = divmod(int(self.elapsed().total_seconds()), 60)
            parts.append(f"{minutes}:{seconds:02} of {item.minutes} min")
            parts += [item.name] if item.name else []
        if item.state == "PENDING":
            parts += [", ".join(dict.fromkeys(each.code.lower().replace("_", " ") for each in item.reasons))]
        parts += [decision.code.lower().replace("_", " ") for decision in item.decisions]
        parts += [f"{action.owner}: {action.state.lower()}" for action in item.actions]
        return "  ".join(parts).rstrip()
