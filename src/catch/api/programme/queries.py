"""The place, and the programmes that run here."""

import strawberry

from catch.api.common.context import Info
from catch.api.engine.costs import weighs
from catch.api.programme import types
from catch.api.programme.view import shown
from catch.domain.refusals import UnknownProgramme
from catch.domain.streams import programme_stream


@strawberry.type
class ProgrammeQueries:
    @strawberry.field(description="What kind of place this is.", metadata=weighs(1))
    async def place(self, info: Info) -> types.Place:
        return types.Place(invented=await info.context.catch.log.mark.invented())

    @strawberry.field(description="The programmes that run here, each in its present version.", metadata=weighs(5))
    async def programmes(self, info: Info) -> list[types.Programme]:
        keys = await info.context.catch.programme_keys()
        return [shown(await info.context.reading.facts.programme(key)) for key in keys]

    @strawberry.field(description="A programme; without a version, the present one.", metadata=weighs(2))
    async def programme(self, info: Info, key: str, version: int | None = None) -> types.Programme | None:
        facts = info.context.reading.facts
        facts.rests.name(programme_stream(key))
        try:
            return shown(await facts.programme(key, version))
        except UnknownProgramme:
            return None
