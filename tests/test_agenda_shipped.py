"""The laws of agendas, for every series of the programmes that are shipped: `CATCH_MEETINGS=10000` for more of each."""

import os
from random import Random

import pytest
from msgspec.structs import replace

from catch.domain.agenda.draft import draft_agenda
from catch.domain.agenda.facts import CaseFacts
from catch.domain.meeting import Meeting
from catch.domain.meeting.listing import Agenda, Section, WhyNotPlaced
from catch.domain.programme.configuration import Series
from catch.programmes import shipped
from tests.agendas import MEETING, SALT, a_random_case, a_random_meeting
from tests.test_agenda_lossless import candidates, places

MEETINGS = int(os.environ.get("CATCH_MEETINGS", "150"))
SERIES = {series.key: series for programme in shipped() for series in programme.meetings}
UNLIKE = {(each.policy, each.duration_minutes): each for each in reversed(SERIES.values())}
"""Teams that hold the same meeting draft it alike."""


def drafted(series: Series, random: Random) -> tuple[Series, Meeting, list[CaseFacts], Agenda]:
    _, meeting, _ = a_random_meeting(random, most=0)
    facts = [a_random_case(random, n) for n in range(random.randint(0, 30))]
    held = replace(meeting, duration_minutes=series.duration_minutes, series=MEETING.series)
    # Under the name that the random cases are carried and proposed by.
    series = replace(series, key=MEETING.series)
    return series, held, facts, draft_agenda(series, held, facts, 7, SALT)


@pytest.mark.parametrize("series", UNLIKE.values(), ids=lambda series: series.key)
def test_nobody_is_lost_and_nothing_but_a_must_goes_over(series: Series):
    random, seen = Random(series.key), set[WhyNotPlaced]()
    for _ in range(MEETINGS):
        held, meeting, facts, agenda = drafted(series, random)
        waiting = candidates(held, meeting, facts)
        assert places(agenda) == dict.fromkeys(waiting, 1)
        talk = [item for item in agenda.items if item.section is not Section.NOTING]
        freely = [item for item in talk if not item.must]
        budget = series.duration_minutes - series.policy.minutes.opening - series.policy.minutes.gaps
        assert not freely or sum(item.minutes for item in talk) <= max(0, budget)
        assert not freely or len(talk) <= (series.policy.max_items or len(talk))
        assert [item.section for item in agenda.items] == sorted(item.section for item in agenda.items)
        seen |= {left.why for left in agenda.overflow}
        if series.policy.discuss_all:
            left = {each.case for each in agenda.overflow}
            # Somebody has spoken with them, and nobody about them.
            new = {each.case for each in facts if each.accepted_at and each.conversation_at and not each.discussed_at}
            assert not left & new & waiting
    assert seen
