"""Appending: order, density, conflicts alone and whole, several streams, and commands answered once."""

import asyncio
from uuid import UUID, uuid4

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from catch.database import Connection
from catch.log import Answer, Append, Conflict, Log, NewEvent
from catch.log.entries import CommandIdReused, First, Looked
from catch.log.waiting import Waiting, columns


def event(stream: UUID, version: int, topic: str = "Happened") -> NewEvent:
    return NewEvent(stream, version, topic, b"{}")


def one(stream: UUID, version: int, command: UUID | None = None) -> Append:
    return Append(command or uuid4(), stream, (event(stream, version),))


async def test_an_append_is_answered_with_its_last_position_and_the_streams_version(log: Log):
    stream, command = uuid4(), uuid4()
    answer = await log.append(Append(command, stream, (event(stream, 1, "Opened"), event(stream, 2, "Closed"))))
    stored = await log.stream(stream)
    assert [(e.version, e.topic, e.state) for e in stored] == [(1, "Opened", b"{}"), (2, "Closed", b"{}")]
    assert answer == Answer(stored[-1].position, stream, 2, ("Opened", "Closed"), repeated=False)
    assert await log.head() == answer.position


async def test_an_empty_log_has_head_zero(log: Log):
    assert await log.head() == 0
    assert await log.page(0, 10) == []
    assert await log.answer(uuid4()) is None


async def test_appends_that_arrive_together_are_recorded_whole_and_in_order(log: Log):
    streams = [uuid4() for _ in range(200)]
    answers = await asyncio.gather(
        *(log.append(Append(uuid4(), stream, (event(stream, 1), event(stream, 2)))) for stream in streams)
    )
    stored = await log.page(0, 1000)
    assert [e.position for e in stored] == sorted({e.position for e in stored})
    assert [e.stream for e in stored] == [stream for stream in streams for _ in range(2)]
    assert [answer.position for answer in answers] == [e.position for e in stored[1::2]]


async def test_of_two_that_act_on_the_same_version_one_wins_and_the_other_conflicts_whole(log: Log):
    stream, other = uuid4(), uuid4()
    await log.append(one(stream, 1))
    rivals = [Append(uuid4(), stream, (event(stream, 2), event(other, n))) for n in (1, 1)]
    bystanders = [one(uuid4(), 1) for _ in range(5)]
    outcomes = await asyncio.gather(*map(log.append, [*rivals, *bystanders]), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Answer, Conflict, *[Answer] * 5]
    conflict = outcomes[1]
    assert isinstance(conflict, Conflict)
    assert conflict.details == {"stream": str(stream), "expected": "1"}
    assert len(await log.stream(stream)) == 2
    assert len(await log.stream(other)) == 1


async def test_a_conflict_inside_a_batch_fails_alone(log: Log):
    taken = [uuid4() for _ in range(4)]
    for stream in taken:
        await log.append(one(stream, 1))
    fresh = [uuid4() for _ in range(4)]
    mixed = [
        Append(uuid4(), pair[1], (event(pair[1], 1), event(pair[0], 1))) for pair in zip(taken, fresh, strict=True)
    ]
    good = [one(uuid4(), 1) for _ in range(4)]
    appends = [append for pair in zip(mixed, good, strict=True) for append in pair]
    outcomes = await asyncio.gather(*map(log.append, appends), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Conflict, Answer] * 4
    assert [await log.stream(stream) for stream in fresh] == [[]] * 4
    assert [await log.answer(append.command) for append in mixed] == [None] * 4


async def test_a_lone_event_that_does_not_follow_fails_alone_in_its_batch(log: Log):
    known = [uuid4() for _ in range(3)]
    for stream in known:
        await log.append(one(stream, 1))
    taken, gap, next_ = one(known[0], 1), one(known[1], 3), one(known[2], 2)
    never_begun = one(uuid4(), 2)
    good = [one(uuid4(), 1) for _ in range(3)]
    outcomes = await asyncio.gather(*map(log.append, [taken, gap, next_, never_begun, *good]), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Conflict, Conflict, Answer, Conflict, *[Answer] * 3]
    assert [len(await log.stream(stream)) for stream in known] == [1, 1, 2]
    for append in (next_, *good):
        answer = await log.answer(append.command)
        assert answer is not None
        stored = (await log.stream(append.stream))[-1]
        assert answer == Answer(stored.position, append.stream, stored.version, ("Happened",), repeated=True)


async def test_lone_events_and_others_are_recorded_in_one_batch(log: Log):
    known = uuid4()
    await log.append(one(known, 1))
    several = [Append(uuid4(), stream, (event(stream, 1), event(stream, 2))) for stream in (uuid4(), uuid4())]
    appends = [one(known, 2), several[0], one(uuid4(), 1), several[1]]
    answers = await asyncio.gather(*map(log.append, appends))
    for append, answer in zip(appends, answers, strict=True):
        stored = await log.stream(append.stream)
        assert (answer.position, answer.version) == (stored[-1].position, stored[-1].version)
        assert await log.answer(append.command) == answer._replace(repeated=True)


@pytest.mark.parametrize("callers", [5, 6, 7, 40])
async def test_callers_who_go_on_and_on_are_all_answered_with_what_was_recorded(log: Log, callers: int):
    """Whether a batch is halved or not, and however many are left for the next one."""

    async def caller() -> list[Answer]:
        stream = uuid4()
        return [await log.append(one(stream, version)) for version in range(1, 11)]

    answers = await asyncio.gather(*(caller() for _ in range(callers)))
    stored = await log.page(0, 1000)
    assert len(stored) == callers * 10
    recorded = {(event.stream, event.version): event.position for event in stored}
    assert {(a.stream, a.version): a.position for each in answers for a in each} == recorded


@pytest.mark.parametrize("version", [3, 7])
async def test_a_version_that_would_leave_a_gap_conflicts(log: Log, version: int):
    stream = uuid4()
    await log.append(one(stream, 1))
    with pytest.raises(Conflict):
        await log.append(one(stream, version))
    assert len(await log.stream(stream)) == 1


async def test_a_gap_inside_one_append_is_a_mistake_of_the_program(log: Log):
    stream = uuid4()
    with pytest.raises(ValueError, match="does not follow"):
        await log.append(Append(uuid4(), stream, (event(stream, 1), event(stream, 3))))


async def test_a_stream_that_gets_no_event_must_still_be_where_it_was(log: Log):
    meeting, case, fresh = uuid4(), uuid4(), uuid4()
    await log.append(one(case, 1))
    await log.append(Append(uuid4(), meeting, (event(meeting, 1),), expects=((case, 1), (fresh, 0))))
    await log.append(one(case, 2))
    for stale in ((case, 1), (case, 3), (case, 0), (fresh, 1)):
        with pytest.raises(Conflict):
            await log.append(Append(uuid4(), meeting, (event(meeting, 2),), expects=(stale,)))
    assert len(await log.stream(meeting)) == 1


async def test_a_repeated_command_gets_its_first_answer_and_records_nothing(log: Log):
    stream, command = uuid4(), uuid4()
    first = await log.append(one(stream, 1, command))
    again = await asyncio.gather(*(log.append(one(stream, version, command)) for version in (1, 2, 2)))
    assert again == [first._replace(repeated=True)] * 3
    assert await log.answer(command) == first._replace(repeated=True)
    assert len(await log.stream(stream)) == 1


@pytest.mark.parametrize("beside", [0, 1, 40])
async def test_an_append_is_recorded_only_while_what_it_rests_on_stands(log: Log, beside: int):
    """Alone, and in batches on each of the ways; any number may rest on the same stream at once."""
    partner, others = uuid4(), [one(uuid4(), 1) for _ in range(beside)]
    await log.append(one(partner, 1))
    resting = [one(uuid4(), 1)._replace(expects=((partner, 1),)) for _ in range(3)]
    answers = await asyncio.gather(*map(log.append, [*others, *resting]))
    assert len({answer.position for answer in answers}) == len(answers)
    await log.append(one(partner, 2))
    late = [one(uuid4(), 1)._replace(expects=((partner, 1),)), *(one(uuid4(), 1) for _ in range(beside))]
    outcomes = await asyncio.gather(*map(log.append, late), return_exceptions=True)
    assert [isinstance(outcome, Conflict) for outcome in outcomes] == [True, *[False] * beside]


async def test_what_rests_on_a_stream_and_what_writes_it_keep_their_order(log: Log):
    """Sent at the same moment: whoever comes behind the writer, and rests on what was before, conflicts."""
    partner = uuid4()
    await log.append(one(partner, 1))
    before = one(uuid4(), 1)._replace(expects=((partner, 1),))
    behind = one(uuid4(), 1)._replace(expects=((partner, 1),))
    first, written, last = await asyncio.gather(
        *map(log.append, (before, one(partner, 2), behind)), return_exceptions=True
    )
    assert isinstance(first, Answer)
    assert isinstance(written, Answer)
    assert first.position < written.position
    assert isinstance(last, Conflict)


@pytest.mark.parametrize("beside", [0, 1, 40])
async def test_an_id_that_was_used_for_something_else_is_told_from_a_repetition(log: Log, beside: int):
    first = one(uuid4(), 1)._replace(digest=b"this")
    answer = await log.append(first)
    for digest, expected in ((b"this", answer._replace(repeated=True)), (b"that", None), (None, None)):
        again = one(uuid4(), 1, first.command)._replace(digest=digest)
        others = [one(uuid4(), 1) for _ in range(beside)]
        outcome, *rest = await asyncio.gather(*map(log.append, [again, *others]), return_exceptions=True)
        assert outcome == expected if expected else isinstance(outcome, CommandIdReused)
        assert all(isinstance(each, Answer) for each in rest)
        assert await log.stream(again.stream) == []


async def test_two_uses_of_one_id_at_the_same_moment_do_not_both_count(log: Log, dsn: str):
    other, command = await Log.open(dsn), uuid4()
    appends = [one(uuid4(), 1, command)._replace(digest=bytes([number])) for number in range(2)]
    outcomes = await asyncio.gather(log.append(appends[0]), other.append(appends[1]), return_exceptions=True)
    await other.close()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Answer", "CommandIdReused"]


async def test_how_things_stand_is_told_in_one_look(log: Log):
    known, unknown = uuid4(), uuid4()
    append = one(known, 1)._replace(digest=b"this")
    answer = await log.append(append)
    await log.append(one(known, 2))
    looked = await log.look(append.command, [known, unknown, known])
    assert looked.versions == (2, 0, 2)
    assert looked.first == First(answer._replace(repeated=True), b"this")
    assert (await log.look(uuid4(), [])) == Looked(None, ())


async def test_a_command_without_events_is_kept_with_its_answer(log: Log):
    stream, silent, unknown = uuid4(), uuid4(), uuid4()
    empty = await log.append(Append(uuid4(), unknown, ()))
    assert empty == Answer(0, unknown, 0, (), repeated=False)
    recorded = await log.append(one(stream, 1))
    answer = await log.append(Append(silent, stream, ()))
    assert answer == Answer(recorded.position, stream, 1, (), repeated=False)
    await log.append(one(stream, 2))
    assert await log.append(Append(silent, stream, ())) == answer._replace(repeated=True)


async def test_the_same_commands_sent_to_two_processes_at_once_are_recorded_once(log: Log, dsn: str):
    other = await Log.open(dsn)
    commands = [(uuid4(), uuid4()) for _ in range(100)]
    appends = [one(stream, 1, command) for stream, command in commands]
    ours, theirs = await asyncio.gather(
        asyncio.gather(*map(log.append, appends)), asyncio.gather(*map(other.append, appends))
    )
    await other.close()
    assert [a._replace(repeated=False) for a in ours] == [a._replace(repeated=False) for a in theirs]
    assert [a.repeated + b.repeated for a, b in zip(ours, theirs, strict=True)] == [1] * 100
    assert len(await log.page(0, 1000)) == 100


async def test_an_append_that_cannot_be_stored_fails_alone(log: Log):
    stream, bad = uuid4(), uuid4()
    outcomes = await asyncio.gather(
        log.append(one(stream, 1)),
        log.append(Append(uuid4(), bad, (event(bad, 1, "nul\0"),))),
        log.append(one(uuid4(), 1)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True, False, True]


SHAPES = st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=3), max_size=12)


@forall(SHAPES)
def test_columns_describe_each_append_exactly(shapes: list[list[tuple[int, int]]]):
    """The arrays, cut at the marks that the database is given, are the appends again."""
    loop = asyncio.new_event_loop()
    appends: list[Append] = []
    for shape in shapes:
        versions: dict[UUID, int] = {}
        events: list[NewEvent] = []
        for stream, count in shape:
            for _ in range(count):
                versions[UUID(int=stream)] = versions.get(UUID(int=stream), 0) + 1
                events.append(event(UUID(int=stream), versions[UUID(int=stream)]))
        appends.append(Append(uuid4(), UUID(int=0), tuple(events)))
    arrays = columns([Waiting(append, loop.create_future(), 0) for append in appends])
    loop.close()
    for append, first, last in zip(appends, arrays[9], arrays[10], strict=True):
        assert isinstance(first, int)
        assert isinstance(last, int)
        assert list(zip(*(array[first - 1 : last] for array in arrays[:4]), strict=True)) == list(append.events)


async def test_the_events_table_stays_indexed_for_the_checks(admin: Connection):
    """The look at a stream's version must never become a scan of the log."""
    plan = await admin.fetch(
        "explain select 1 from unnest($1::uuid[], $2::bigint[]) as base (stream, version) where base.version"
        " <> coalesce((select e.originator_version from catch.stored_events e where e.originator_id = base.stream"
        " order by e.originator_version desc limit 1), 0)",
        [uuid4()],
        [1],
    )
    text = "\n".join(row[0] for row in plan)
    assert "stored_events_pkey" in text
    assert "Seq Scan" not in text
