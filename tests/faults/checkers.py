"""What the log must be, given what its clients were told. Each check names what it found: an empty list is good."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from uuid import UUID

from catch.log import Stored
from tests.faults.history import Answered, History
from tests.faults.ledger import decode

Log = Sequence[Stored]
Seen = Sequence[tuple[int, UUID, int]]


def by_command(log: Log) -> dict[UUID, list[Stored]]:
    found: defaultdict[UUID, list[Stored]] = defaultdict(list)
    for stored in log:
        found[decode(stored).envelope.command].append(stored)
    return found


def lost(history: History, log: Log) -> list[str]:
    """What was acknowledged is there, at the position and the version that the client was told."""
    commands = by_command(log)
    problems: list[str] = []
    for command, (answer, *_) in history.answers.items():
        events = commands.get(command, [])
        if not events or events[-1].position != answer.position:
            problems.append(f"lost: {command} was acknowledged at position {answer.position}")
        elif max((e.version for e in events if e.stream == history.tried[command].stream), default=0) != answer.version:
            problems.append(f"lost: {command} was acknowledged with version {answer.version}")
    return problems


def doubled(_: History, log: Log) -> list[str]:
    counts = Counter((decode(stored).envelope.command, decode(stored).event.number) for stored in log)
    return [f"doubled: event {n} of {command}, {times} times" for (command, n), times in counts.items() if times > 1]


def gapped(_: History, log: Log) -> list[str]:
    """Versions are dense from 1 in the order of positions."""
    reached: Counter[UUID] = Counter()
    problems: list[str] = []
    for stored in log:
        reached[stored.stream] += 1
        if stored.version != reached[stored.stream]:
            problems.append(f"gapped: version {stored.version} of {stored.stream} stands {reached[stored.stream]}th")
            reached[stored.stream] = stored.version
    return problems


def torn(_: History, log: Log) -> list[str]:
    """A command's events are all there, in their order, with nothing between them."""
    problems: list[str] = []
    for command, events in by_command(log).items():
        facts = [decode(stored).event for stored in events]
        if [fact.number for fact in facts] != list(range(1, facts[0].of + 1)):
            problems.append(f"torn: {command} has events {[fact.number for fact in facts]} of {facts[0].of}")
        elif events[-1].position - events[0].position != len(events) - 1:
            problems.append(f"torn: {command} is spread over {[event.position for event in events]}")
    return problems


def uninvited(history: History, log: Log) -> list[str]:
    """Nothing is in the log that nobody sent, or that its client was told is not recorded."""
    problems: list[str] = []
    for command, events in by_command(log).items():
        tried = history.tried.get(command)
        if tried is None or command in history.declined:
            problems.append(f"uninvited: {command}")
        elif [(event.stream, event.version) for event in events] != tried.places:
            problems.append(f"uninvited: {command} is not what was sent")
    return problems


def misanswered(history: History, _: Log) -> list[str]:
    """Every repetition gets the first answer, and at most one of the answers says that it recorded something."""
    problems: list[str] = []
    for command, answers in history.answers.items():
        if len({(one.position, one.version, one.events) for one in answers}) > 1:
            problems.append(f"misanswered: {command} was told {answers}")
        if sum(not one.repeated for one in answers) > 1:
            problems.append(f"misanswered: {command} was recorded more than once")
    return problems


def misordered(history: History, log: Log) -> list[str]:
    """Positions stand in the order of the log, and what was sent after an answer comes after it."""
    problems = [
        f"misordered: {later.position} after {earlier.position}"
        for earlier, later in pairwise(log)
        if later.position <= earlier.position
    ]
    answers = sorted((one for answers in history.answers.values() for one in answers), key=lambda one: one.at)
    commands = by_command(log)
    told, highest = iter([*answers, None]), 0
    answer: Answered | None = next(told)
    for tried in sorted(history.tried.values(), key=lambda one: one.at):
        while answer is not None and answer.at < tried.at:
            highest = max(highest, answer.position)
            answer = next(told)
        if tried.command in commands and commands[tried.command][0].position < highest:
            problems.append(f"misordered: {tried.command} was sent after position {highest} was known")
    return problems


CHECKS: tuple[Callable[[History, Log], list[str]], ...] = (
    lost,
    doubled,
    gapped,
    torn,
    uninvited,
    misanswered,
    misordered,
)


def problems(history: History, log: Log) -> list[str]:
    return [problem for check in CHECKS for problem in check(history, log)]


def missed(seen: Seen, log: Log) -> list[str]:
    """A follower saw the log, from its first event on, in its order, each event once, up to wherever it came."""
    there = [(event.position, event.stream, event.version) for event in log]
    if list(seen) == there[: len(seen)]:
        return []
    found = Counter(seen)
    gaps = [position for position, *_ in there if seen and position <= seen[-1][0]]
    absent = sorted(set(gaps) - {position for position, *_ in seen})
    twice = [position for (position, *_), times in found.items() if times > 1]
    unknown = sorted(position for position, *_ in found.keys() - set(there))
    order = "in order" if list(seen) == sorted(seen) else "out of order"
    return [f"missed: {absent[:5]}, doubled: {twice[:5]}, not in the log: {unknown[:5]}, {order}"]
