"""Following the log: in order, each once, no gap, made once per group, and never past the end of a right."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec
import pytest

from catch.live.feed import AT_ONCE, Patience
from catch.live.frames import Payload
from catch.live.source import NotYet, Seen, Shown, TooFar
from catch.personal.looks import told
from tests.toy_feed import NoSuchRoom, Said, Toy, Viewer

CHAIR, HOUSING, SCHOOL = Viewer("ann", "chair"), Viewer("bob", "housing"), Viewer("cat", "school")


class Reader:
    """Stands where a lane stands: keeps what it is handed, up to `room` until it is read."""

    def __init__(self, room: int = 10_000) -> None:
        self.most = room
        self.waiting: list[tuple[int, Any]] = []
        self.read: list[Any] = []
        self.words: list[int] = []
        """Where it was handed the present state because it is shown something else."""
        self.has_room = asyncio.Event()
        self.has_room.set()

    def offer(self, position: int, payload: Payload) -> bool:
        if len(self.waiting) >= self.most:
            self.has_room.clear()
            return False
        self.waiting.append((position, msgspec.json.decode(payload)["data"]["room"]))
        return True

    def note(self, position: int, payload: Payload) -> bool:
        if not self.offer(position + 1, payload):
            return False
        self.waiting[-1][1]["noted"] = True
        return True

    async def room(self) -> None:
        await self.has_room.wait()

    def cut(self) -> int | None:
        first = self.waiting[0][0] if self.waiting else None
        self.waiting.clear()
        self.has_room.set()
        return first

    def take(self, count: int = 10_000) -> list[Any]:
        waited = [message for _, message in self.waiting[:count]]
        del self.waiting[:count]
        taken = [each for each in waited if "noted" not in each]
        self.words += positions([each for each in waited if "noted" in each])
        self.read += taken
        self.has_room.set()
        return taken


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


class Following:
    """A subscriber in a task, cancelled at the end."""

    def __init__(self, toy: Toy, viewer: Viewer, after: int | None = 0, reader: Reader | None = None) -> None:
        self.reader = reader or Reader()
        self.task = asyncio.create_task(toy.feed.follow(viewer, toy.standing(after), self.reader))

    async def __aenter__(self) -> Reader:
        await settled()
        return self.reader

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def positions(messages: list[Any]) -> list[int]:
    return [int(message["position"]) for message in messages]


@pytest.mark.parametrize("batch", range(6))
async def test_in_300_interleavings_each_event_arrives_once_and_in_order(batch: int):
    async def one(seed: int) -> None:
        chance = random.Random(seed)
        toy = Toy(delay=chance.choice([0, 0.002]))
        for _ in range(chance.randrange(200)):
            toy.say(room=chance.choice(["r", "r", "other"]))
        after, storm = chance.randrange(len(toy.log.events) + 1), chance.randrange(1, 8)
        reader = Reader(chance.choice([3, 20, 10_000]))
        following = asyncio.create_task(toy.feed.follow(CHAIR, toy.standing(after), reader))
        for _ in range(storm):
            for _ in range(chance.randrange(20)):
                toy.say(room=chance.choice(["r", "r", "other"]))
            reader.take(chance.randrange(30))
            await asyncio.sleep(chance.random() * 0.004)
        expected = [event.position for event in toy.log.events if event.position > after and event.room == "r"]
        await until(lambda: (reader.take(), len(reader.read) >= len(expected))[1])
        await settled()
        reader.take()
        following.cancel()
        assert positions(reader.read) == expected, f"seed {seed}"

    await asyncio.gather(*(one(batch * 50 + seed) for seed in range(50)))


async def test_without_after_the_present_state_comes_first():
    toy = Toy()
    toy.say("before")
    async with Following(toy, CHAIR, None) as reader:
        toy.say("later")
        await until(lambda: len(reader.waiting) == 2)
        assert [message["__typename"] for message in reader.take()] == ["Present", "Update"]
        assert positions(reader.read) == [1, 2]


async def test_a_group_is_executed_once_for_each_event():
    toy = Toy()
    followers = [Following(toy, viewer) for viewer in [CHAIR] * 20 + [HOUSING] * 30]
    await settled()
    for _ in range(10):
        toy.say("x")
    await until(lambda: all(len(follower.reader.waiting) == 10 for follower in followers))
    assert toy.log.made == 20
    assert {message["seenAs"] for message in followers[0].reader.take()} == {"chair"}
    for follower in followers:
        await follower.__aexit__()


async def test_where_subscribers_resume_does_not_keep_them_apart():
    toy = Toy()
    for _ in range(3):
        toy.say("x")
    async with Following(toy, CHAIR, 1) as one, Following(toy, CHAIR, 3) as two:
        made = toy.log.made
        toy.say("y")
        await until(lambda: len(one.waiting) == 3 and len(two.waiting) == 1)
        assert toy.log.made == made + 1


async def test_what_a_class_may_not_see_is_hidden_or_untold():
    toy = Toy()
    async with Following(toy, CHAIR) as chair, Following(toy, HOUSING) as housing:
        toy.say("open")
        toy.say("closed", secret=True)
        toy.say("untold")
        toy.say("open")
        await until(lambda: len(chair.waiting) == 3 and len(housing.waiting) == 3)
        assert [message.get("text") for message in chair.take()] == ["open", "closed", "open"]
        assert [message["__typename"] for message in housing.take()] == ["Update", "Hidden", "Update"]
        assert positions(housing.read) == [1, 2, 4]


async def test_losing_the_right_ends_the_stream_before_the_next_event():
    toy = Toy()
    following = Following(toy, HOUSING)
    async with following as housing, Following(toy, CHAIR) as chair:
        toy.say("one")
        await until(lambda: len(housing.waiting) == 1)
        housing.take()
        toy.say("two", bars="housing")
        toy.say("three")
        await asyncio.wait_for(following.task, 5)
        assert housing.take() == [{"__typename": "AccessEnded", "position": "2", "reason": "You have left the room."}]
        await until(lambda: len(chair.waiting) == 3)


async def test_what_was_not_yet_written_when_the_right_ended_is_never_written():
    toy = Toy()
    following = Following(toy, HOUSING)
    async with following as housing:
        toy.say("one")
        await until(lambda: len(housing.waiting) == 1)
        toy.say("two", bars="housing")
        await asyncio.wait_for(following.task, 5)
        assert [message["__typename"] for message in housing.take()] == ["AccessEnded"]


async def test_a_right_that_runs_out_in_silence_ends_the_stream_when_rights_are_looked_at_again():
    toy = Toy()
    following = Following(toy, HOUSING)
    async with following as housing:
        toy.log.barred.add("housing")
        toy.feed.reconsider()
        await asyncio.wait_for(following.task, 5)
        assert [message["__typename"] for message in housing.take()] == ["AccessEnded"]


async def test_narrower_rights_move_a_subscriber_and_rewrite_what_waits():
    toy = Toy()
    async with Following(toy, CHAIR) as reader:
        toy.say("one", secret=True)
        toy.say("two", secret=True)
        await until(lambda: len(reader.waiting) == 2)
        reader.take(1)
        toy.say("three", bars="ann", room="other")
        toy.say("four", secret=True)
        toy.say("five")
        await until(lambda: len(reader.waiting) == 3)
        assert [message["__typename"] for message in reader.take()] == ["Hidden", "Hidden", "Update"]
        assert positions(reader.read) == [1, 2, 4, 5]
        assert reader.read[-1]["seenAs"] == "guest"
        toy.say(admits="ann")
        await until(lambda: len(reader.waiting) == 1)
        assert reader.take()[0]["seenAs"] == "chair"


def secrets_shown(toy: Toy) -> None:
    """Chairs stay chairs; what they are shown is more or less."""

    async def view(topic: Any, viewer_class: Any) -> Any:
        return viewer_class, viewer_class == "chair" and "secrets" not in toy.log.barred

    toy.log.view = view


async def test_whoever_is_shown_something_else_is_handed_the_state_at_once_and_nobody_else_is():
    toy = Toy()
    secrets_shown(toy)
    toy.say("one")
    async with Following(toy, CHAIR, after=1) as chair, Following(toy, HOUSING, after=1) as housing:
        await until(lambda: all(each.live for each in toy.feed.following()))
        toy.say(bars="secrets", room="other")
        await until(lambda: bool(chair.waiting))
        chair.take()
        # By the clock, without anything recorded.
        toy.log.barred.clear()
        toy.feed.reconsider()
        await until(lambda: bool(chair.waiting))
        chair.take()
        assert chair.words == [2, 2]
        # What shows it anyway needs no word, and nothing has changed for who looks again.
        toy.say("three", bars="secrets")
        toy.feed.reconsider()
        await settled()
        assert positions(chair.take()) == positions(housing.take()) == [3]
        assert (chair.words, housing.words) == ([2, 2], [])


async def test_the_state_that_was_not_read_yet_is_written_again_and_nothing_is_told_twice():
    toy = Toy()
    secrets_shown(toy)
    toy.say("one")
    async with Following(toy, CHAIR, after=0) as chair:
        await until(lambda: len(chair.waiting) == 1)
        chair.take()
        toy.say(bars="secrets", room="other")
        await until(lambda: bool(chair.waiting))
        toy.say(bars="others", room="other")
        await settled()
        chair.take()
        assert (positions(chair.read), chair.words) == ([1], [3])


def recorded(toy: Toy) -> list[tuple[str, str, int]]:
    """Whom it is recorded that they were shown something, as what, and where."""
    found: list[tuple[str, str, int]] = []
    message, present = toy.log.message, toy.log.present

    async def noted_message(topic: Any, viewer_class: Any, event: Said) -> Any:
        told(UUID(int=1), viewer_class)
        return await message(topic, viewer_class, event)

    async def noted_present(topic: Any, viewer_class: Any) -> Any:
        told(UUID(int=1), viewer_class)
        return await present(topic, viewer_class)

    async def shown(to: Sequence[Shown[Viewer]], position: int) -> None:
        await asyncio.sleep(0)
        found.extend((each.viewer.user, "".join(look.categories), position) for each in to for look in each.looks)

    toy.log.message, toy.log.present, toy.log.shown = noted_message, noted_present, shown
    return found


async def test_what_follows_from_a_change_of_rights_is_recorded_as_shown():
    toy = Toy()
    found = recorded(toy)
    toy.say("one")
    async with Following(toy, CHAIR, after=1) as chair, Following(toy, HOUSING, after=1):
        await until(lambda: all(each.live for each in toy.feed.following()))
        # Nobody is shown anything yet.
        assert found == []
        toy.say(bars=CHAIR.user, room="other")
        await until(lambda: bool(chair.waiting))
        chair.take()
        assert (chair.words, found) == ([2], [(CHAIR.user, "guest", 2)])
        toy.say("three", admits=CHAIR.user)
        await until(lambda: bool(chair.waiting))
        assert {*found[1:]} == {(CHAIR.user, "chair", 3), (HOUSING.user, "housing", 3)}


async def test_what_was_written_for_rights_that_have_ended_meanwhile_is_recorded_of_nobody():
    toy = Toy()
    found = recorded(toy)
    toy.say("one")
    message = toy.log.message

    async def meanwhile(topic: Any, viewer_class: Any, event: Said) -> Any:
        if viewer_class == "chair" and not toy.log.barred:
            toy.say(bars=CHAIR.user, room="other")
        return await message(topic, viewer_class, event)

    toy.log.message = meanwhile
    async with Following(toy, CHAIR, after=1) as chair:
        await until(lambda: all(each.live for each in toy.feed.following()))
        toy.say("two")
        await until(lambda: bool(chair.waiting))
        assert [each["seenAs"] for each in chair.take()] == ["guest"]
        assert found == [(CHAIR.user, "guest", 2)]


async def test_whose_right_ends_while_they_are_to_be_handed_the_state_is_shown_nothing_of_it():
    toy = Toy()
    secrets_shown(toy)
    found = recorded(toy)
    toy.say("one")
    head = toy.log.head

    async def ends() -> int:
        if toy.log.barred == {"secrets"}:
            toy.say(bars="chair", room="other")
        return await head()

    toy.log.head = ends
    following = Following(toy, CHAIR, after=1)
    async with following as chair:
        await until(lambda: all(each.live for each in toy.feed.following()))
        toy.say(bars="secrets", room="other")
        await asyncio.wait_for(following.task, 5)
        assert [each["__typename"] for each in chair.take()] == ["AccessEnded"]
        assert (chair.words, found) == ([], [])


async def test_whoever_comes_back_is_told_nothing_of_what_others_recorded_meanwhile():
    toy = Toy()
    toy.say("one")
    toy.say("two", room="other")
    toy.say(bars="guest", room="other")
    async with Following(toy, CHAIR, after=1) as chair:
        await until(lambda: all(each.live for each in toy.feed.following()))
        assert (chair.take(), chair.words) == ([], [])


async def test_what_waits_is_written_anew_when_rights_change_that_leave_its_reader_in_the_same_class():
    toy = Toy()
    sees = toy.log.sees

    async def as_now(topic: Any, viewer_class: Any, event: Said) -> Any:
        return Seen.HIDDEN if "secrets" in toy.log.barred else await sees(topic, viewer_class, event)

    toy.log.sees = as_now
    async with Following(toy, CHAIR) as reader:
        toy.say("one")
        toy.say("two")
        await until(lambda: len(reader.waiting) == 2)
        reader.take(1)
        toy.say("three", bars="secrets", room="other")
        await until(lambda: [message["__typename"] for _, message in reader.waiting] == ["Hidden"])
        toy.say("four")
        await until(lambda: len(reader.waiting) == 2)
        assert positions([*reader.read, *reader.take()]) == [1, 2, 4]


@pytest.mark.parametrize("batch", range(4))
async def test_in_random_interleavings_nothing_arrives_after_the_right_has_ended(batch: int):
    async def one(seed: int) -> None:
        chance = random.Random(seed)
        toy = Toy(delay=0.001)
        reader = Reader(chance.choice([2, 10_000]))
        following = Following(toy, HOUSING, 0, reader)
        ends_at, read = 0, 0
        for step in range(12):
            for _ in range(chance.randrange(6)):
                toy.say("x", secret=chance.random() < 0.3)
            if step == 8:
                ends_at = toy.say("bar", bars="housing")
                read = len(reader.read)
            reader.take(chance.randrange(4))
            await asyncio.sleep(chance.random() * 0.003)
        await until(lambda: (reader.take(), following.task.done())[1])
        reader.take()
        if following.task.exception() is None:
            assert reader.read[-1]["__typename"] == "AccessEnded"
            assert all(position < ends_at for position in positions(reader.read[:-1]))
            assert positions(reader.read[:-1]) == list(range(1, len(reader.read)))
            assert len(reader.read) >= read

    await asyncio.gather(*(one(batch * 25 + seed) for seed in range(25)))


async def test_a_slow_consumer_reads_on_from_the_log_and_holds_nobody_up():
    toy = Toy()
    slow = Reader(room=5)
    async with Following(toy, CHAIR, 0, slow), Following(toy, CHAIR) as quick:
        for _ in range(200):
            toy.say("x")
            await asyncio.sleep(0)
        await until(lambda: len(quick.waiting) == 200)
        assert len(slow.waiting) == 5
        await until(lambda: (slow.take(3), len(slow.read) >= 200)[1])
        assert positions(slow.read) == list(range(1, 201))


async def test_who_is_too_far_behind_is_told_to_resynchronise():
    toy = Toy(patience=Patience(events=50))
    for _ in range(60):
        toy.say("x")
    following = Following(toy, CHAIR, 0)
    async with following as reader:
        await asyncio.wait_for(following.task, 5)
        assert reader.take()[-1]["__typename"] == "ResyncRequired"
        assert reader.read[-1]["position"] == "60"


async def test_a_position_that_this_server_has_not_reached_is_waited_for_but_not_for_ever():
    toy = Toy(patience=Patience(seconds=0.1))
    following = Following(toy, CHAIR, 2)
    async with following as reader:
        for _ in range(3):
            toy.say("x")
        await until(lambda: len(reader.waiting) == 1)
        assert positions(reader.take()) == [3]
    lost = Following(toy, CHAIR, 99)
    async with lost as reader:
        await asyncio.wait_for(lost.task, 5)
        [message] = reader.take()
        assert (message["__typename"], message["position"]) == ("ResyncRequired", "3")


async def test_a_message_that_cannot_be_made_ends_in_resynchronisation_not_in_silence(
    caplog: pytest.LogCaptureFixture,
):
    toy = Toy()
    following = Following(toy, CHAIR)
    async with following as reader:
        toy.say("x")
        await until(lambda: len(reader.waiting) == 1)
        reader.take()
        toy.say("x", breaks=True)
        await asyncio.wait_for(following.task, 5)
        [message] = reader.take()
        assert (message["__typename"], message["position"]) == ("ResyncRequired", "2")
        assert "private" not in message["reason"] + caplog.text


async def test_a_log_that_cannot_be_read_ends_in_resynchronisation():
    toy = Toy()
    toy.say("x")
    toy.log.broken = RuntimeError("something private")
    following = Following(toy, CHAIR)
    async with following as reader:
        await asyncio.wait_for(following.task, 5)
        [message] = reader.take()
        assert message["__typename"] == "ResyncRequired"
        assert "private" not in message["reason"]


async def test_while_the_log_is_away_nobody_is_sent_away():
    toy = Toy()
    toy.say("x")
    toy.log.broken = ConnectionError("the database said something private")
    following = Following(toy, CHAIR)
    async with following as reader:
        await asyncio.sleep(0.3)
        assert reader.take() == []
        toy.log.broken = None
        async with asyncio.timeout(30):
            while not (found := reader.take()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert found[0]["__typename"] != "ResyncRequired"


async def test_more_than_can_sensibly_be_read_ends_in_resynchronisation_at_the_head():
    toy = Toy()
    for _ in range(3):
        toy.say("x")
    toy.log.broken = TooFar()
    following = Following(toy, CHAIR)
    async with following as reader:
        await asyncio.wait_for(following.task, 5)
        [message] = reader.take()
        assert (message["__typename"], message["position"]) == ("ResyncRequired", "3")


async def test_what_cannot_be_read_yet_is_waited_for():
    toy = Toy()
    toy.say("x")
    toy.log.broken = NotYet()
    async with Following(toy, CHAIR) as reader:
        toy.say("y")
        await settled()
        assert reader.take() == []
        toy.log.broken = None
        await until(lambda: len(reader.waiting) == 2)
        assert positions(reader.take()) == [1, 2]


async def test_a_resynchronised_client_goes_on_from_the_position_it_was_given():
    toy = Toy(patience=Patience(events=5))
    for _ in range(20):
        toy.say("x")
    behind = Following(toy, CHAIR, 3)
    async with behind as reader:
        await asyncio.wait_for(behind.task, 5)
        told = int(reader.take()[-1]["position"])
    async with Following(toy, CHAIR, told) as reader:
        toy.say("y")
        await until(lambda: len(reader.waiting) == 1)
        assert positions(reader.take()) == [21]


async def test_a_present_state_that_was_not_yet_read_is_written_anew_for_narrower_rights():
    toy = Toy()
    async with Following(toy, CHAIR, None) as reader:
        toy.say("one", secret=True)
        await until(lambda: len(reader.waiting) == 2)
        toy.say("two", bars="ann", room="other")
        await until(lambda: len(reader.waiting) == 1)
        [message] = reader.take()
        assert (message["__typename"], message["position"]) == ("Present", "2")
        toy.say("three", secret=True)
        await until(lambda: len(reader.waiting) == 1)
        assert reader.take()[0]["__typename"] == "Hidden"


async def test_who_has_no_part_in_it_is_refused():
    toy = Toy()
    with pytest.raises(NoSuchRoom):
        await toy.feed.follow(CHAIR, toy.standing(0, "nowhere"), Reader())


async def test_a_topic_nobody_follows_is_forgotten():
    toy = Toy()
    async with Following(toy, SCHOOL):
        toy.say("x")
    made = toy.log.made
    toy.say("y")
    await settled()
    assert toy.log.made == made


async def test_an_event_published_twice_is_delivered_once():
    toy = Toy()
    async with Following(toy, CHAIR) as reader:
        toy.say("x")
        toy.feed.publish(toy.log.events[0])
        toy.say("y")
        await until(lambda: len(reader.waiting) == 2)
        await settled()
        assert positions(reader.take()) == [1, 2]


@pytest.mark.parametrize("after", [None, 0])
async def test_of_many_who_come_at_once_a_few_ask_and_all_are_let_in(
    monkeypatch: pytest.MonkeyPatch, after: int | None
):
    """As the records do, the source has time for few at once: it turns away whoever comes on top of them."""
    toy, asking = Toy(), 0
    opens, classifies = toy.log.open, toy.log.classify

    def bounded(ask: Callable[..., Any]) -> Callable[..., Any]:
        async def within(*of: Any) -> Any:
            nonlocal asking
            asking += 1
            try:
                if asking > AT_ONCE:
                    raise TimeoutError
                await asyncio.sleep(0.001)
                return await ask(*of)
            finally:
                asking -= 1

        return within

    monkeypatch.setattr(toy.log, "open", bounded(opens))
    monkeypatch.setattr(toy.log, "classify", bounded(classifies))
    toy.say("before they came")
    coming = [Following(toy, Viewer(f"user {n}", "housing"), after) for n in range(10 * AT_ONCE)]
    await until(lambda: all(each.task.done() or each.reader.waiting for each in coming))
    assert not any(each.task.done() for each in coming)
    for each in coming:
        each.task.cancel()
    await asyncio.gather(*(each.task for each in coming), return_exceptions=True)
