"""One agency, or one who acts for it, as whoever looks after them reads it, with what they may do about it."""

from collections.abc import Iterable, Iterator

from catch.access.listing import administers_members, lists_members, members
from catch.api.common.context import Context
from catch.api.standing import types
from catch.api.standing import view as views
from catch.commands.offered import allowed_of, offered_at
from catch.domain.calendar import london_day
from catch.domain.facts import Role, Tag
from catch.domain.partner import EndRole, GiveRole, GiveTag
from catch.domain.partner.members import IN_THE_PLACE
from catch.domain.streams import partner_stream
from projections import agencies as agency_rows
from projections import members as member_rows


async def looking_after(context: Context, row: agency_rows.Row, user: str | None) -> types.LookedAfter:
    who, facts, records = context.who, context.reading.facts, context.catch.records
    held = await member_of(context, row, user) if user is not None else None
    offered = await offered_at(who, row.agency, user, records, facts.at) if held or user is None else []
    told = types.LookedAfter(
        agency=views.agency(who, row),
        member=held,
        offered=[views.mutation(kind) for kind in offered],
        gives=[],
        ends=[],
        tag_programmes=[],
    )
    if held is not None:
        await judged(context, told, held)
    return told


async def judged(context: Context, told: types.LookedAfter, held: types.Member) -> None:
    """What the viewer may give them and take from them: each asked of the rule itself, as if it were sent."""
    who, records, at = context.who, context.catch.records, context.reading.facts.at
    keys, day, agency, user = await context.catch.programme_keys(), london_day(at), held.agency, held.user
    roles = [GiveRole(agency, user, role, day, None, key) for role, key in roles_in(keys)]
    told.gives = givable(await allowed_of(who, roles, records, at))
    ends = [EndRole(agency, user, role, key) for role, key in dict.fromkeys((r.role, r.programme) for r in held.roles)]
    told.ends = givable(await allowed_of(who, ends, records, at))
    tags = [GiveTag(agency, user, Tag.WARNING, key, day) for key in keys]
    told.tag_programmes = [each.programme for each in await allowed_of(who, tags, records, at)]


def givable(commands: Iterable[GiveRole | EndRole]) -> list[types.Givable]:
    return [types.Givable(role=each.role, programme=each.programme) for each in commands]


def roles_in(programmes: Iterable[str]) -> Iterator[tuple[Role, str | None]]:
    keys = [*programmes]
    for role in Role:
        if role is not Role.SYSTEM:
            yield from ((role, key) for key in ([None] if role in IN_THE_PLACE else keys))


async def member_of(context: Context, row: agency_rows.Row, user: str) -> types.Member | None:
    """None as well where the agency's members are not theirs to list."""
    if not (lists_members(context.who) and members(context.who, row.agency, row.programmes)):
        return None
    held = await member_rows.one(context.catch.log.pool, row.agency, user)
    if held is None:
        return None
    names = administers_members(context.who, row.agency)
    texts = await context.reading.facts.texts(partner_stream(row.agency)) if names else None
    return views.member(context.who, held, texts)
