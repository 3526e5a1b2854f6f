"""Every figure there is: one definition value each, and what is worked out from it. Pure.

Read `definition` (what a metric is), `lines` (what it counts), `estimates` (what comes out), then the catalogue by
subject: `doors`, `times`, `support`, `wellbeing`, `actions`, `meetings`, `not_yet`. `reckoning` works figures out,
`care` says what of them is told to whoever does not see every case.
"""

import re
from collections.abc import Mapping

from catch.metrics.actions import OF_ACTIONS
from catch.metrics.definition import Metric
from catch.metrics.doors import DOORS
from catch.metrics.meetings import MEETINGS
from catch.metrics.not_yet import NOT_YET
from catch.metrics.support import SUPPORT
from catch.metrics.times import TIMES
from catch.metrics.wellbeing import WELLBEING


def _in_order(metric: Metric) -> tuple[int, str]:
    number = re.fullmatch(r"M(\d+)([a-z]?)", metric.code)
    if number is None:
        raise TypeError(f"{metric.code}: a code is M, a number, and perhaps a letter")
    return int(number[1]), number[2]


CATALOGUE: tuple[Metric, ...] = tuple(
    sorted((*DOORS, *TIMES, *SUPPORT, *WELLBEING, *OF_ACTIONS, *MEETINGS, *NOT_YET), key=_in_order)
)
BY_CODE: Mapping[str, Metric] = {metric.code: metric for metric in CATALOGUE}
if len(BY_CODE) < len(CATALOGUE):
    raise TypeError("two metrics have one code")
