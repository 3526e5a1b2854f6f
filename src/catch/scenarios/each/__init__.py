"""The scenarios, each a value. Whoever adds one names it here."""

from catch.scenarios.each.ageing_well import S03
from catch.scenarios.each.at_once import S08, S17, S19
from catch.scenarios.each.evidence import S20, S22, S24
from catch.scenarios.each.front_doors import S12, S15
from catch.scenarios.each.link_workers import S04, S05, S10
from catch.scenarios.each.north_northants import S01, S02, S23
from catch.scenarios.each.others import S06, S13, S14, S16, S18, S21
from catch.scenarios.each.teams import S07, S09, S11
from catch.scenarios.scenario import Scenario

ALL: tuple[Scenario, ...] = (
    S01, S02, S03, S04, S05, S06, S07, S08, S09, S10, S11, S12,
    S13, S14, S15, S16, S17, S18, S19, S20, S21, S22, S23, S24,
)  # fmt: skip
