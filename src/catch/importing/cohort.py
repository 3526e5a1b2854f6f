"""Case finding: whom a programme's rule finds in a cohort, and by which signs. Nothing of anybody is kept.

The rule is the programme's own (`case_finding` in its file). A cell that says nothing is no "no": whoever is found is
found by what is said of them, and of whoever is not, it is told where that rests on something unsaid.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from math import ceil, isfinite
from pathlib import Path
from typing import NamedTuple

from catch.domain.nhs_number import nhs_number
from catch.domain.programme.configuration import CaseFinding, Flag, Programme, Sign
from catch.importing.columns import COLUMNS, DECISION, FileUnusable, names_in
from catch.importing.delimited import Delimited, Record, quoted
from catch.importing.encodings import decoded
from catch.importing.referral_file import DELIMITERS, bytes_of
from catch.importing.workbook import SIGNATURE, WorkbookUnusable, sheets
from catch.spreadsheets import written_out

WHO = ("first name", "last name", "date of birth", "nhs number", "phone", "address")
"""Columns that go on into the list as they are."""
NEEDED = ("last name",)
YES, NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})
LARGEST = 200_000_000


class Fired(NamedTuple):
    """A flag, by the criterion that it meets, and what the cohort says for it: `falls: 3`."""

    criterion: str
    said: tuple[str, ...]


class Found(NamedTuple):
    """`unsaid`: columns of other flags in which nothing stands."""

    line: int
    who: Mapping[str, str]
    use: float
    fired: tuple[Fired, ...]
    unsaid: tuple[str, ...]


class Doubt(NamedTuple):
    """A row that cannot be judged, or not wholly: why, without what it says of anybody."""

    line: int
    why: str


class Finding(NamedTuple):
    """`ranked` people have a number by which to rank them; the `top` ones begin at `begins`, with all who have as much
    as the last of them. `left_out` rows are not ranked; of those in `unclear` nothing fired, and something is unsaid.
    """

    rows: int
    ranked: int
    top: int
    begins: float
    found: tuple[Found, ...]
    left_out: tuple[Doubt, ...]
    unclear: tuple[Doubt, ...]
    unused: tuple[str, ...]


class Row(NamedTuple):
    line: int
    cells: Mapping[str, str]
    use: float


def columns_of(finding: CaseFinding) -> tuple[str, ...]:
    """What a cohort has to have, besides who somebody is."""
    signs = chain.from_iterable(flag.any_of for flag in finding.flags)
    return tuple(dict.fromkeys((finding.ranked_by, *(sign.column for sign in signs))))


def find(path: Path, programme: Programme) -> Finding:
    """Raises FileUnusable, also where the programme has no such rule."""
    finding = programme.case_finding
    if finding is None:
        raise FileUnusable(f"{programme.key} finds no cases: its file says nothing under `case_finding`")
    header, records = _table(path)
    places = _places(path, header, finding)
    rows, left_out = _rows(records, places, finding)
    begins, top = _top([row.use for row in rows], finding.top_percent)
    found, unclear = list[Found](), list[Doubt]()
    for row in rows:
        if row.use < begins or row.use <= 0:
            continue
        fired = tuple(_fired(row, finding.flags))
        unsaid = tuple(_unsaid(row, finding.flags, {each.criterion for each in fired}))
        if fired:
            found.append(Found(row.line, {name: row.cells.get(name, "") for name in WHO}, row.use, fired, unsaid))
        elif unsaid:
            unclear.append(Doubt(row.line, f"nothing stands under {', '.join(unsaid)}"))
    unused = tuple(header[at].strip() for at, name in enumerate(names_in(header)) if name and name not in places)
    return Finding(
        len(rows) + len(left_out), len(rows), top, begins, tuple(found), tuple(left_out), tuple(unclear), unused
    )


def _table(path: Path) -> tuple[list[str], list[Record]]:
    raw = bytes_of(path, LARGEST)
    if raw.startswith(SIGNATURE):
        try:
            (first, *others) = [sheet for sheet in sheets(raw) if sheet.records] or [None]
        except WorkbookUnusable as problem:
            raise FileUnusable(f"{path}: {problem}") from None
        if first is None or others:
            raise FileUnusable(f"{path}: save the sheet with the cohort in a workbook of its own")
        records = first.records
    else:
        text = decoded(raw).text
        head = text[: text.find("\n")] if "\n" in text else text
        records = list(Delimited(text, max(DELIMITERS, key=head.count)).records())
    if not records:
        raise FileUnusable(f"{path}: the file is empty")
    return records[0].cells, records[1:]


def _places(path: Path, header: Sequence[str], finding: CaseFinding) -> dict[str, int]:
    names = names_in(header)
    wanted = [*WHO, *(_named(column) for column in columns_of(finding))]
    missing = [name for name in (*NEEDED, *wanted[len(WHO) :]) if name not in names]
    twice = sorted({name for name in wanted if names.count(name) > 1})
    problems = [
        f"{what}: {', '.join(found)}"
        for what, found in (("missing columns", missing), ("columns given twice", twice))
        if found
    ]
    if problems:
        raise FileUnusable(f"{path}: {'; '.join(problems)}. The first row has the names of the columns")
    return {name: names.index(name) for name in wanted if name in names}


def _named(column: str) -> str:
    return column.replace("-", " ")


def _rows(records: Iterable[Record], places: Mapping[str, int], finding: CaseFinding) -> tuple[list[Row], list[Doubt]]:
    rows, doubts = list[Row](), list[Doubt]()
    signs = (Sign(finding.ranked_by, 0), *chain.from_iterable(flag.any_of for flag in finding.flags))
    for record in records:
        cells = {name: record.cells[at].strip() for name, at in places.items() if at < len(record.cells)}
        why = record.fault or next(_wrong(cells, signs), "")
        use = _number(cells.get(_named(finding.ranked_by), ""))
        if why or use is None:
            doubts.append(Doubt(record.line, why or f"nothing stands under {finding.ranked_by}"))
        else:
            rows.append(Row(record.line, cells, use))
    known = [_known_by(row.cells) for row in rows]
    times = Counter(known)
    doubts += [
        Doubt(row.line, "stands there more than once") for row, who in zip(rows, known, strict=True) if times[who] > 1
    ]
    return [row for row, who in zip(rows, known, strict=True) if times[who] == 1], sorted(doubts)


def _wrong(cells: Mapping[str, str], signs: Iterable[Sign]) -> Iterator[str]:
    """What says neither a number nor a yes or no where it should: nobody is judged by a guess."""
    if not cells.get("last name"):
        yield "nothing stands under last name"
    for sign in signs:
        said = cells.get(_named(sign.column), "")
        if said and (_number(said) if sign.at_least is not None else _answer(said)) is None:
            yield f"{sign.column} is no {'number' if sign.at_least is not None else 'yes or no'}"


def _known_by(cells: Mapping[str, str]) -> tuple[str, ...]:
    number = nhs_number(cells.get("nhs number", ""))
    names = (cells.get(name, "").casefold() for name in ("first name", "last name", "date of birth"))
    return (number,) if number else (*names,)


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number if isfinite(number) and number >= 0 else None


def _answer(text: str) -> bool | None:
    said = text.casefold()
    return True if said in YES else False if said in NO else None


def _top(uses: Sequence[float], percent: int) -> tuple[float, int]:
    """Where the top begins, and how many there are with all who have as much as the last of them. Nobody who uses
    nothing is among those who use most.
    """
    if not uses:
        return 0.0, 0
    begins = sorted(uses, reverse=True)[ceil(len(uses) * percent / 100) - 1]
    return begins, sum(use >= begins and use > 0 for use in uses)


def _fired(row: Row, flags: Iterable[Flag]) -> Iterator[Fired]:
    for flag in flags:
        said = tuple(f"{sign.column}: {_said(row, sign)}" for sign in flag.any_of if _there(row, sign))
        if said:
            yield Fired(flag.criterion, said)


def _said(row: Row, sign: Sign) -> str:
    return row.cells.get(_named(sign.column), "")


def _there(row: Row, sign: Sign) -> bool:
    said = _said(row, sign)
    if sign.at_least is None:
        return _answer(said) is True
    number = _number(said)
    return number is not None and number >= sign.at_least


def _unsaid(row: Row, flags: Iterable[Flag], fired: set[str]) -> Iterator[str]:
    for flag in flags:
        if flag.criterion not in fired:
            yield from (sign.column for sign in flag.any_of if not _said(row, sign))


def list_of(finding: Finding, programme: Programme, as_of: date, received: date, source: str, channel: str) -> str:
    """The list of referrals that `catch import referrals` takes, each with why they were found. What nobody has asked
    them is left empty.
    """
    names = [column.name for column in COLUMNS if column.name != DECISION]
    lines = [names]
    for each in finding.found:
        said = {
            **each.who,
            # By its line: the same cohort again gives the same, and nothing of anybody can be read from it.
            "reference": f"cf-{as_of:%Y%m%d}-{each.line}",
            "received": received.isoformat(),
            "source": source,
            "channel": channel,
            "reason for referral": reason(each, finding, programme, as_of),
        }
        lines.append([said.get(name, "") for name in names])
    return "".join(",".join(quoted(written_out(cell)) for cell in line) + "\r\n" for line in lines)


def reason(found: Found, finding: Finding, programme: Programme, as_of: date) -> str:
    """In words: what fired, with what the cohort says, of which day that is, and what it does not say."""
    rule = programme.case_finding
    assert rule is not None
    label = {criterion.code: criterion.label for criterion in programme.eligibility.criteria}
    above = f"{rule.ranked_by} {found.use:g}, and the first {rule.top_percent} % begin at {finding.begins:g}"
    sentences = [
        f"Found in a cohort, by data of {as_of.day} {as_of:%B %Y}.",
        f"{label[rule.criterion]}: {above}.",
        *(f"{label[fired.criterion]}: {', '.join(fired.said)}." for fired in found.fired),
    ]
    if found.unsaid:
        sentences.append(f"Not said in the cohort: {', '.join(found.unsaid)}.")
    sentences.append("They have not been asked yet.")
    return " ".join(sentences)
