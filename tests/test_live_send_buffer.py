"""What waits for a socket: in order, bounded, to be taken back, and told of a client that takes nothing."""

import asyncio
from functools import partial
from random import Random

import pytest
from websockets.frames import Frame, Opcode

from catch.live import frames
from catch.live.frames import Payload, text_frame, text_of
from catch.live.send_buffer import Lane, SendBuffer
from catch.live.timeouts import Timeouts


class Socket:
    """Takes `room` frames and then says so; `drain` makes room for more."""

    def __init__(self, room: int = 3, *, most: int = 200, stall: float = 10.0) -> None:
        self.room = room
        self.taken: list[bytes] = []
        self.stalled = 0
        self.buffer = SendBuffer(self.write, Timeouts(0.01), self.stalls, most=most, stall=stall)

    def write(self, frame: bytes) -> None:
        self.taken.append(frame)
        self.room -= 1
        if self.room == 0:
            self.buffer.pause()

    def drain(self, room: int) -> None:
        self.room = room
        self.buffer.resume()

    def stalls(self) -> None:
        self.stalled += 1

    def read(self) -> list[int]:
        return [int(text_of(frame).split('"payload":')[1][:-1]) for frame in self.taken]


def payload(number: int) -> Payload:
    return Payload(str(number).encode())


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_frame_is_the_one_that_a_library_makes_and_holds_its_text(length: int):
    text = "x" * length
    assert text_frame(text.encode()) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
    assert text_of(text_frame(text.encode())) == text


def test_a_ping_is_the_one_that_a_library_makes():
    assert Frame(Opcode.PING, b"").serialize(mask=False) == frames.PING


def test_a_payload_is_framed_once_for_those_of_one_operation_id():
    made = payload(7)
    one, same, other = (made.framed(frames.head(name)) for name in ("1", "1", "ä"))
    assert one is same
    assert text_of(one) == '{"id":"1","type":"next","payload":7}'
    assert text_of(other) == '{"id":"ä","type":"next","payload":7}'


async def test_while_the_socket_takes_everything_nothing_waits():
    socket = Socket(room=100)
    lane = Lane(socket.buffer, "1")
    assert all(lane.offer(number, payload(number)) for number in range(50))
    assert socket.read() == list(range(50))
    assert (lane.last, lane.cut()) == (49, None)


async def test_what_waits_is_written_in_order_and_what_does_not_fit_is_refused():
    socket = Socket(room=2, most=200)
    lane = Lane(socket.buffer, "1")
    accepted = [number for number in range(1, 20) if lane.offer(number, payload(number))]
    assert socket.read() == [1, 2]
    assert accepted == list(range(1, len(accepted) + 1))
    assert 4 < len(accepted) < 19
    assert lane.last == 2
    waiting = asyncio.create_task(lane.room())
    await asyncio.sleep(0)
    socket.drain(1)
    await asyncio.sleep(0)
    assert (lane.last, waiting.done()) == (3, False)
    assert not lane.offer(20, payload(20))
    socket.drain(100)
    await waiting
    assert socket.read() == accepted
    assert lane.offer(20, payload(20))
    assert lane.last == 20


async def test_one_frame_larger_than_the_bound_waits_like_any_other():
    socket = Socket(room=1, most=10)
    lane = Lane(socket.buffer, "1")
    assert [lane.offer(number, payload(number)) for number in (1, 2, 3)] == [True, True, False]


async def test_a_lane_takes_back_what_is_its_own():
    socket = Socket(room=1, most=10_000)
    one, two = Lane(socket.buffer, "1"), Lane(socket.buffer, "2")
    for number in range(1, 7):
        (one, two)[number % 2].offer(number, payload(number))
    assert (one.cut(), one.cut(), two.last) == (2, None, 1)
    socket.drain(100)
    assert socket.read() == [1, 3, 5]
    assert (one.last, two.last) == (0, 5)


async def test_answers_are_kept_even_where_there_is_no_room():
    socket = Socket(room=1, most=10)
    lane = Lane(socket.buffer, "1")
    while lane.offer(1, payload(1)):
        pass
    lane.write(payload(2))
    lane.finish(text_frame(b'"payload":3}'))
    socket.drain(100)
    assert socket.read()[-2:] == [2, 3]


async def test_once_shut_nothing_more_is_written_and_nobody_waits():
    socket = Socket(room=1, most=10)
    lane = Lane(socket.buffer, "1")
    while lane.offer(1, payload(1)):
        pass
    waiting = asyncio.create_task(lane.room())
    await asyncio.sleep(0)
    socket.buffer.shut()
    await waiting
    assert lane.offer(5, payload(5))
    assert socket.read() == [1]


async def test_a_socket_that_takes_nothing_is_told_of_once_and_one_that_takes_little_is_not():
    stuck, slow = Socket(room=1, stall=0.1), Socket(room=1, stall=0.1)
    for socket in (stuck, slow):
        socket.buffer.offer(b"")
    for _ in range(10):
        await asyncio.sleep(0.03)
        slow.buffer.offer(b"")
        slow.drain(1)
    assert (stuck.stalled, slow.stalled) == (1, 0)


@pytest.mark.parametrize("seed", range(20))
async def test_in_random_interleavings_each_lane_is_whole_and_in_order(seed: int):
    """Whoever is refused, or takes back, offers again from there: as the feed does."""
    dice = Random(seed)
    socket = Socket(room=dice.randint(1, 5), most=dice.choice([1, 120, 400]))
    lanes = [Lane(socket.buffer, str(name)) for name in range(3)]
    owed = [1, 1, 1]
    for _ in range(300):
        which = dice.randrange(3)
        match dice.randrange(6):
            case 0:
                socket.drain(dice.randint(1, 5))
            case 1 if (first := lanes[which].cut()) is not None:
                owed[which] = first
            case _ if lanes[which].offer(owed[which], payload(owed[which])):
                owed[which] += 1
            case _:
                pass
    socket.drain(10_000)
    for name, lane in enumerate(lanes):
        mine = [int(text_of(each).split('"payload":')[1][:-1]) for each in socket.taken
                if text_of(each).startswith(f'{{"id":"{name}"')]  # fmt: skip
        assert mine == list(range(1, owed[name]))
        assert lane.last == owed[name] - 1


async def test_the_wheel_calls_each_at_its_time_and_not_before():
    timeouts, loop = Timeouts(0.02), asyncio.get_running_loop()
    began, called = loop.time(), dict[int, float]()

    def note(number: int) -> None:
        called[number] = loop.time() - began

    for number in range(50):
        timeouts.after(number * 0.005, partial(note, number))
    async with asyncio.timeout(30):
        while len(called) < 50:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert all(at >= number * 0.005 for number, at in called.items())
