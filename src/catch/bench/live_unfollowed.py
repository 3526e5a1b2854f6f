"""What a server does with a fact of a meeting that nobody follows there: most of what is said in a country is such.

Heard in this process, page by page, as a server hears that is busy. Beside it, what it takes to decode the same facts:
nobody can do with less who is to know what they say.
"""

from collections.abc import Sequence
from time import process_time

from catch.api.case.subscription import CaseSource
from catch.api.common.messages import GraphQLNotices
from catch.api.common.recording import LiveReads
from catch.api.inbox.subscription import InboxSource
from catch.api.meeting.subscription import MeetingSource
from catch.app import Catch
from catch.bench.live_run import Bench
from catch.bench.live_shape import Unfollowed
from catch.bench.room import Room
from catch.domain.streams import MEETING
from catch.live.feed import Feed
from catch.log import Stored
from catch.log.codec import decode

TURNS = 5
AT_ONCE = 200


async def unfollowed(bench: Bench, rooms: Sequence[Room], after: int) -> Unfollowed:
    """Of what was said in these meetings since position `after`."""
    log = bench.catch.log
    facts = await log.page(after, 1_000_000)
    before = [
        fact
        for begin in range(0, len(rooms), AT_ONCE)
        for fact in await log.rows([each.meeting for each in rooms[begin : begin + AT_ONCE]])
        if fact.position <= after
    ]
    bench.say(f"{len(facts)} facts of meetings that nobody follows")
    turns = [(await heard(bench, before, after, facts[-1].position), decoded(facts)) for _ in range(TURNS)]
    # The least of each: the rest is what neighbours cost.
    ours, theirs = (min(each) * 1e6 / len(facts) for each in zip(*turns, strict=True))
    return Unfollowed(len(facts), ours, theirs, ours / theirs)


async def heard(bench: Bench, before: Sequence[Stored], after: int, upto: int) -> float:
    """Processor seconds, with all of these meetings at hand, as they are where anybody has ever looked at them."""
    catch = Catch(bench.catch.log, bench.catch.keyring, bench.catch.settings)
    for fact in before:
        catch.present.states.advance(decode(fact), MEETING, len(fact.state))
    rights, follower = catch.present.rights, catch.present.follower
    sources = {
        "meeting": MeetingSource(catch, rights),
        "caseUpdates": CaseSource(catch, rights),
        "agencyInbox": InboxSource(catch, rights),
    }
    follower.listeners.append(Feed(sources, GraphQLNotices(), LiveReads(catch), bench.catch.log.clock.now).publish)
    began = process_time()
    # Here and now, and not as a task: nothing else is to run meanwhile.
    while follower.position < upto:
        await follower.take(await bench.catch.log.page(max(after, follower.position), 1000))
    return process_time() - began


def decoded(facts: Sequence[Stored]) -> float:
    began = process_time()
    for fact in facts:
        decode(fact)
    return process_time() - began
