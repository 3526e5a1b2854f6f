"""The checkers find what is wrong: each is shown a history and a log that were damaged in the way it looks for."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from catch.log import Stored
from tests.faults import checkers
from tests.faults.history import Answered, History, Tried
from tests.faults.ledger import written
from tests.faults.memory import Memory

A, B = UUID(int=1), UUID(int=2)
PLACES = [[(A, 1)], [(A, 2), (B, 1)], [(B, 2), (B, 3)], [(A, 3)]]


def command(number: int) -> UUID:
    return UUID(int=100 + number)


def healthy() -> tuple[History, list[Stored]]:
    """Four commands, one of two streams, sent one after the other; the last was repeated and answered as before."""
    history, log = History({}, {}, set()), list[Stored]()
    for number, places in enumerate(PLACES):
        id_ = command(number)
        history.tried[id_] = Tried(id_, places[-1][0], places, at=float(number))
        for event in written(id_, places):
            log.append(Stored(10 + len(log), *event, datetime.now(UTC)))
        answer = Answered(id_, log[-1].position, places[-1][1], ("Written",) * len(places), False, at=number + 0.5)
        history.answers[id_] = [answer]
    again = history.answers[command(3)]
    again.append(replace(again[0], repeated=True, at=9.0))
    return history, log


def without(*places: int) -> Callable[[History, list[Stored]], None]:
    def damage(_: History, log: list[Stored]) -> None:
        for place in sorted(places, reverse=True):
            del log[place]

    return damage


def repeat(_: History, log: list[Stored]) -> None:
    log.append(log[-1]._replace(position=99, version=4))


def swap(_: History, log: list[Stored]) -> None:
    log[0], log[5] = log[5]._replace(position=log[0].position), log[0]._replace(position=log[5].position)


def part(_: History, log: list[Stored]) -> None:
    log[1:4] = [log[1], log[3]._replace(position=12), log[2]._replace(position=13)]


def forge(_: History, log: list[Stored]) -> None:
    log.append(Stored(99, *written(command(9), [(A, 4)])[0], datetime.now(UTC)))


def decline(history: History, _: list[Stored]) -> None:
    history.declined.add(command(1))
    del history.answers[command(1)]


def answer_otherwise(history: History, _: list[Stored]) -> None:
    history.answers[command(3)].append(replace(history.answers[command(3)][0], position=3, repeated=True))


def answer_anew(history: History, _: list[Stored]) -> None:
    history.answers[command(3)].append(history.answers[command(3)][0])


DAMAGES = [
    (without(5), "lost"),
    (without(3, 4), "lost"),
    (without(0), "lost"),
    (repeat, "doubled"),
    (without(3), "gapped"),
    (without(1), "torn"),
    (part, "torn"),
    (forge, "uninvited"),
    (decline, "uninvited"),
    (answer_otherwise, "misanswered"),
    (answer_anew, "misanswered"),
    (swap, "misordered"),
]


def test_a_healthy_log_passes_every_check():
    assert checkers.problems(*healthy()) == []


@pytest.mark.parametrize(("damage", "check"), DAMAGES)
def test_damage_is_found_by_the_check_that_looks_for_it(damage: Callable[..., None], check: str):
    history, log = healthy()
    damage(history, log)
    found: list[str] = getattr(checkers, check)(history, log)
    assert found
    assert all(problem.startswith(check) for problem in found)


def test_a_log_that_goes_back_is_found():
    history, log = healthy()
    log.reverse()
    assert checkers.misordered(history, log)


def test_a_follower_that_misses_doubles_or_swaps_an_event_is_found():
    _, log = healthy()
    seen = [(event.position, event.stream, event.version) for event in log]
    assert checkers.missed(seen, log) == checkers.missed(seen[:3], log) == checkers.missed([], log) == []
    assert checkers.missed([*seen[:2], *seen[3:]], log)
    assert checkers.missed([*seen, seen[-1]], log)
    assert checkers.missed([seen[1], seen[0], *seen[2:]], log)
    assert checkers.missed([*seen, (99, A, 4)], log)


@pytest.mark.parametrize(
    ("viewed", "series", "found"),
    [
        (390, [300, 310, 305, 300, 320, 300, 306, 301, 303, 302], 0),
        (401, [], 1),
        # It creeps: no two neighbours differ by much.
        (300, [300 + number for number in range(60)], 1),
        (300, [300] * 9 + [250], 1),
    ],
)
def test_memory_that_is_too_much_or_grows_is_found(viewed: float, series: list[float], found: int):
    memory = Memory(1, viewed, series=[float(each) for each in series])
    memory.judge()
    assert len(memory.problems) == found
