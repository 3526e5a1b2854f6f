"""The checks put to a place: all of them over the whole log, or at a start the quick ones and what is new."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

from catch.doctor.checks import AT_START, COMMANDS, FACTS, QUICK, STRETCH, Finding, known, place_at, wrapping
from catch.log import Log
from catch.log.codec import Codec
from catch.personal import KeyEncryption
from catch.personal.rotating import WrappingKey
from catch.readside.building import Progress, pages
from projections.read_model import ReadModel

PAGE = 5_000
STRETCH_AT_START = 200_000
NAMED = 100
"""So many findings of one code are told one by one; the others are counted."""


class Report:
    def __init__(self, head: int = 0) -> None:
        self.head = head
        self.invented = False
        self.facts = 0
        self.keys: list[WrappingKey] = []
        self.findings: list[Finding] = []
        self.counts: dict[str, int] = {}

    def add(self, finding: Finding) -> None:
        count = self.counts[finding.code] = self.counts.get(finding.code, 0) + 1
        if count <= NAMED:
            self.findings.append(finding)

    @property
    def more(self) -> dict[str, int]:
        """How many of a code were found beyond those that are told."""
        return {code: count - NAMED for code, count in self.counts.items() if count > NAMED}


async def examined(
    log: Log,
    codec: Codec,
    projections: Sequence[ReadModel],
    progress: Progress | None = None,
    encryption: KeyEncryption | None = None,
    signed: Path | None = None,
    erased: Path | None = None,
) -> Report:
    """Everything, from the first fact on; with the key, texts and signatures as well."""
    connection = await log.database.connect()
    try:
        place = await place_at(log, connection, codec, projections, encryption, signed, erased)
        report = Report(place.head)
        report.invented = await log.mark.invented()
        report.keys = await wrapping(place)
        for check in QUICK:
            await _added(report, check(place))
        after = 0
        async with aclosing(pages(lambda after: log.page(after, PAGE, place.head))) as all_pages:
            async for page in all_pages:
                upto = page[-1].position
                for check in STRETCH:
                    await _added(report, check(place, after, upto))
                for look in FACTS:
                    await _added(report, look(place, page))
                after, report.facts = upto, report.facts + len(page)
                if progress:
                    progress(after, place.head)
        for check in COMMANDS:
            await _added(report, check(place))
        return report
    finally:
        connection.terminate()


MARK = """
    select v.position from verified v join stored_events e
    on e.notification_id = v.position and e.recorded_at = v.recorded_at where v.release = $1
"""
VERIFIED = """
    insert into verified (release, position, recorded_at)
    select $1, notification_id, recorded_at from stored_events
    where notification_id <= $2 order by notification_id desc limit 1
    on conflict (release) do update set position = excluded.position, recorded_at = excluded.recorded_at
"""


async def examined_at_start(
    log: Log,
    codec: Codec,
    projections: Sequence[ReadModel],
    encryption: KeyEncryption | None = None,
    signed: Path | None = None,
    erased: Path | None = None,
) -> Report:
    """What is quick, and what was recorded since a release that knows the same facts last found nothing."""
    # How far that was may be forgotten, and must not wait for a standby that is lost.
    connection = await log.database.connect({"synchronous_commit": "off"})
    try:
        place = await place_at(log, connection, codec, projections, encryption, signed, erased)
        report = Report(place.head)
        for check in QUICK:
            await _added(report, check(place))
        release = hashlib.sha256(" ".join(known(codec)).encode()).hexdigest()
        after = await connection.fetchval(MARK, release) or 0
        found = len(report.findings)
        while after < place.head:
            upto = min(after + STRETCH_AT_START, place.head)
            for look in (*STRETCH, *AT_START):
                await _added(report, look(place, after, upto))
            if len(report.findings) == found:  # what was found is told again at the next start
                await connection.execute(VERIFIED, release, upto)
            after = upto
        return report
    finally:
        connection.terminate()


async def _added(report: Report, findings: AsyncIterator[Finding]) -> None:
    async for finding in findings:
        report.add(finding)
