"""Scenarios of what an auditor asks: who looked, whether it is what was recorded, and what an erasure leaves."""

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any
from uuid import UUID

import msgspec

from catch.api.common.context import Context
from catch.api.served import engine
from catch.commands.ticker import Ticker
from catch.demo.helping import member
from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.erasing import ApproveErasure, ErasureReason, RequestErasure
from catch.domain.facts import Actor
from catch.domain.programme import ProgrammeHistory
from catch.domain.streams import CASE, PROGRAMME, programme_stream
from catch.evidence import kept, reads
from catch.evidence.exporting import Asked, export
from catch.evidence.notes import NotProved
from catch.evidence.verifying import verified
from catch.figures.gathering import Known
from catch.figures.making import Wanted, lacking, made
from catch.history.changes import steps
from catch.history.past import histories
from catch.identity.tokens import Viewer
from catch.log.migrations import event_schemas
from catch.metrics import CATALOGUE
from catch.metrics.definition import Cut
from catch.personal import sealed_in
from catch.personal.tokens import ERASED
from catch.scenarios.life import Life, Ways
from catch.scenarios.place import CALDICOTT
from catch.scenarios.scenario import Line, Played, Scenario, Stage

KEY = "snn-catch"
WAYS = Ways(to_meeting=0.85, stay=(30, 100, 60))
SIGNED_WITHIN = 60.0


async def nobody(_: object) -> None:
    """Nobody is shown these bundles: they are gone before anybody could look."""


async def lived(stage: Stage, weeks: int) -> Played:
    """Support North Northants, until some of its cases are over."""
    found = stage.weeks(52, weeks)
    running = stage.run(stage.crew(KEY, 4, 20, stage.shortened), WAYS, stage.poisson(9.6, found))
    stage.meet(running, found)
    played = await stage.live(found)
    # What follows happens after all of it.
    stage.place.acting.end()
    return played


def noted(name: str, papers: str = "not said", wanted: object = None) -> Line:
    """What the scenario saw; `wanted`: what it must have been."""
    if wanted is None:
        return Line(NAMES[name], papers, lambda p: p.noted[name])
    return Line(NAMES[name], papers, lambda p: p.noted[name], lambda p: p.noted[name] == wanted)


NAMES = {
    "opened": "records opened by partners",
    "looks": "of which the record of looks names viewer and record",
    "closed": "records asked for that were not theirs to see",
    "shown": "of which anything was shown",
    "named": "of which the record of looks names",
    "facts": "facts of the inspector's case, each replayed",
    "meetings": "meetings it was spoken of at, each in the bundle",
    "proved": "facts verified offline, as many as the log has of them",
    "altered": "bytes altered in a copy, each at another fact",
    "caught": "of which the verifier names the fact",
    "erased": "people erased",
    "texts": "texts of theirs",
    "readable": "of which anybody reads anything",
    "figures": "figures worked out before and after",
    "moved": "of which another came out after",
    "before": "facts in the bundle from before",
    "grown": "since which the log only grew",
}

# S20

RECORD = "query Record($id: UUID!) { case(id: $id) { number state referral { reason } person { name } } }"


async def read_only(stage: Stage) -> Played:
    """Every partner opens every record by its id: those that are theirs to see, and those that are not."""
    played = await lived(stage, 10)
    catch, opened, closed = stage.place.catch, set[tuple[str, UUID]](), set[tuple[str, UUID]]()
    shown = 0
    for agency in stage.programmes[KEY].crew.partners:
        by = member(agency)
        for case in played.cases[KEY]:
            answer = await ask(stage, RECORD, by, id=str(case.case))
            # For whoever may not see it there is no such record: they are told nothing at all.
            if answer["data"] and answer["data"]["case"]:
                opened.add((by.user, case.case))
            else:
                closed.add((by.user, case.case))
                shown += case.number in str(answer)
    found = set[tuple[str, UUID]]()
    for case in played.cases[KEY]:
        rows = await reads.of(catch.log.pool, [case.case], limit=reads.PAGE)
        found |= {(row.viewer, case.case) for row in rows}
    stage.noted |= {
        "opened": len(opened),
        "looks": len(found & opened),
        "all recorded": found >= opened > set(),
        "closed": len(closed),
        "shown": shown,
        "named": len(found & closed),
    }
    return played


async def ask(stage: Stage, query: str, by: Actor, **variables: Any) -> Any:
    catch = stage.place.catch
    viewer = Viewer(by.user, by.agency, by.role, expires_at=0)
    context, answers = await Context.of(catch, viewer), engine(None, None, development=True)
    answer = await answers.execute(answers.prepare(query), variables, context)
    return msgspec.json.decode(answer.encoded())


S20 = Scenario(
    "S20",
    "Connect Care: a record that is only read, and who read it",
    (KEY,),
    read_only,
    (
        noted("opened"),
        Line(
            NAMES["looks"], "every look (10-hazards §6)", lambda p: p.noted["looks"], lambda p: p.noted["all recorded"]
        ),
        noted("closed"),
        noted("shown", "nothing", 0),
        noted("named", "none", 0),
    ),
    lacks="the record is Support North Northants', not another system's that is read here",
)


# S22


async def audit_day(stage: Stage) -> Played:
    """An inspector picks a closed case: replayed, taken away as a bundle with its meetings, verified, and spoilt."""
    played = await lived(stage, 26)
    catch = stage.place.catch
    case = max((each for each in played.cases[KEY] if not each.live), key=lambda each: len(each.discussions))
    meetings = sorted({each.meeting for each in case.discussions})
    told = await histories(catch.log, [case.case, *meetings])
    await catch.signing.reached(await catch.log.head(), SIGNED_WITHIN)
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "case.catch"
        secret, asked = catch.keyring.secret(kept.PURPOSE), Asked((case.case, *meetings))
        await export(catch.log, secret, bundle, asked, schemas=event_schemas(), shown=nobody)
        found = verified(bundle)
        positions = stage.place.random.sample(
            [each.position for each in told[case.case]], min(10, len(told[case.case]))
        )
        caught = sum(spoilt(bundle, Path(folder) / f"{position}.catch", position) == position for position in positions)
    stage.noted |= {
        "facts": f"{len(steps(CASE, told[case.case]))} of {len(told[case.case])}",
        "meetings": len(meetings),
        "proved": f"{found.facts} of {sum(map(len, told.values()))}",
        "whole": found.facts == sum(map(len, told.values())) and len(meetings) > 0,
        "altered": len(positions),
        "caught": caught,
    }
    return played


def spoilt(bundle: Path, copy: Path, position: int) -> int | None:
    """One byte of one fact is otherwise in a copy: at which position a verifier stops."""
    copyfile(bundle, copy)
    with closing(sqlite3.connect(copy)) as file:
        (state,) = file.execute("select state from stored_events where rowid = ?", (position,)).fetchone()
        middle = len(state) // 2
        changed = state[:middle] + bytes([state[middle] ^ 1]) + state[middle + 1 :]
        file.execute("update stored_events set state = ? where rowid = ?", (changed, position))
        file.commit()
    try:
        verified(copy)
    except NotProved as problem:
        return problem.position
    return None


S22 = Scenario(
    "S22",
    "Audit day: an inspector replays a closed case, and verifies it offline",
    (KEY,),
    audit_day,
    (
        noted("facts", "every one (10-hazards §6)"),
        noted("meetings", "every meeting (10-hazards §6)"),
        Line(NAMES["proved"], "offline (10-hazards §6)", lambda p: p.noted["proved"], lambda p: p.noted["whole"]),
        noted("altered", "one (10-hazards §6)"),
        Line(
            NAMES["caught"],
            "all",
            lambda p: p.noted["caught"],
            lambda p: p.noted["caught"] == p.noted["altered"] > 0,
        ),
    ),
)


# S24


async def erasure(stage: Stage) -> Played:
    """Of whoever's case has been over the longest, the first ten are erased: asked for, agreed, and seven days later
    done.
    """
    played = await lived(stage, 30)
    catch = stage.place.catch
    over = sorted((each for each in played.cases[KEY] if not each.live), key=ended)[:10]
    texts = [seal for facts in (await histories(catch.log, streams(over))).values() for each in facts
             for seal in sealed_in(each.event)]  # fmt: skip
    before = await figures(stage, played)
    await catch.signing.reached(await catch.log.head(), SIGNED_WITHIN)
    with tempfile.TemporaryDirectory() as folder:
        first, later = (Path(folder) / name for name in ("before.catch", "after.catch"))
        secret, asked = catch.keyring.secret(kept.PURPOSE), Asked(streams(over))
        facts = (await export(catch.log, secret, first, asked, schemas=event_schemas(), shown=nobody)).facts
        await erased(stage, played.until, over)
        await catch.signing.reached(await catch.log.head(), SIGNED_WITHIN)
        await export(catch.log, secret, later, asked, schemas=event_schemas(), shown=nobody, since=first)
        grown = verified(later, since=first).since is not None
    left = [each for each in await catch.keyring.unseal(texts) if each is not ERASED]
    after = await figures(stage, played)
    stage.noted |= {
        "erased": len(over),
        "texts": len(texts),
        "readable": len(left),
        "figures": len(before),
        "moved": sum(one != other for one, other in zip(before, after, strict=True)),
        "before": facts,
        "grown": grown and bool(over),
    }
    return played


def ended(case: Case) -> datetime:
    at = case.milestones
    return at.closed_at or at.turned_away_at or at.received_at


def streams(cases: Sequence[Case]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys([*(each.person for each in cases), *(each.case for each in cases)]))


async def erased(stage: Stage, at: datetime, cases: Sequence[Case]) -> None:
    place, asked_at = stage.place, at + timedelta(days=1)
    lives: dict[UUID, Life] = stage.programmes[KEY].lives
    for case in cases:
        id_ = place.named(f"erasure of {case.person}")
        asked = RequestErasure(case.person, id_, ErasureReason.RETENTION_ENDED)
        await place.acting.take(asked, lives[case.case].worker, asked_at, place.named(f"asked {id_}"))
    for case in cases:
        id_ = place.named(f"erasure of {case.person}")
        agreed = ApproveErasure(case.person, id_)
        await place.acting.take(agreed, CALDICOTT, asked_at + timedelta(days=1), place.named(f"agreed {id_}"))
    # What happens now happens today.
    place.acting.end()
    catch = place.catch
    await catch.reached(await catch.log.head())
    await Ticker(catch.commands, catch.records, catch.present.follower).tick()
    await catch.reached(await catch.log.head())


async def figures(stage: Stage, played: Played) -> list[Any]:
    """All metrics that the programme's configuration allows, of the whole time."""
    catch = stage.place.catch
    history: ProgrammeHistory = (await catch.present.states.get(PROGRAMME, programme_stream(KEY))).state
    cut = Cut(played.until, {held.version: held for held in history.versions})
    able = [metric for metric in CATALOGUE if lacking(metric, history.current) is None]
    first: date = stage.begins
    wanted = [Wanted(metric, first, london_day(played.until), (), grouped=False) for metric in able]
    found = await made(catch, KEY, Known(await catch.log.head(), None), cut, wanted)
    return [each.figure for each in found]


S24 = Scenario(
    "S24",
    "Erasure after the time of keeping",
    (KEY,),
    erasure,
    (
        noted("erased"),
        noted("texts"),
        noted("readable", "names gone (10-hazards §6)", 0),
        noted("figures"),
        noted("moved", "statistics unchanged (10-hazards §6)", 0),
        noted("before"),
        noted("grown", "the chain verifies (10-hazards §6)", True),
    ),
    lacks="how long something is kept: no paper says so, and the people are erased as if it were over",
)
