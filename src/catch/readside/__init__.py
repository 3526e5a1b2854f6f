"""Keeps the projections current, builds them anew, and answers how they looked before.

What a read model is stands in `projections.read_model`. Read `projection` (history in memory), `tables` (its table,
generated from its row), `folding` (one page of facts into rows and checkpoint), `rebuilding` with its `checkpoints`,
`inventory` (which tables lack what), `lease` (which node of which release keeps which tables), and `runner` (who does
it, and who waits for it).
"""

from catch.readside.inventory import left_over, still_read
from catch.readside.projection import as_at, known_at, true_at, up_to
from catch.readside.rebuilding import AnotherRebuild, parked, rebuild, retry
from catch.readside.runner import NotCaughtUp, ReadSide
from catch.readside.tables import checksum, load
from projections.read_model import Key, ReadModel

__all__ = [
    "AnotherRebuild",
    "Key",
    "NotCaughtUp",
    "ReadModel",
    "ReadSide",
    "as_at",
    "checksum",
    "known_at",
    "left_over",
    "load",
    "parked",
    "rebuild",
    "retry",
    "still_read",
    "true_at",
    "up_to",
]
