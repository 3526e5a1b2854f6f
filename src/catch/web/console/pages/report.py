"""The quarterly impact report, shown as tables and handed out as a file: for whoever sees every case of a programme."""

import asyncio
from urllib.parse import urlencode

from catch.api.figures.report import reported
from catch.domain.calendar import london_day
from catch.report.beside import written_beside
from catch.report.forms import FORMS
from catch.report.impact import ReportAudience
from catch.web.console.pages.figures import Period, own_programme, periods
from catch.web.console.site import Address
from catch.web.console.visit import Json, Page, Reply, Visit, nothing_here

AUDIENCES = {"published": "For everybody: no small groups", "internal": "For those who run the programme: exact"}
_WRITING = asyncio.Semaphore(1)


def quarters(visit: Visit) -> list[Period]:
    """Those that are over, the latest first."""
    return [each for each in periods(london_day(visit.console.now())) if each.value.endswith("-3")]


async def chosen(visit: Visit) -> tuple[str, Period, str]:
    """Programme, quarter and audience, as the address says or as most will want them."""
    offered = quarters(visit)
    quarter = next((each for each in offered if each.value == visit.query.get("quarter", "")), offered[0])
    audience = visit.query.get("audience", "")
    programme = visit.query.get("programme")
    if programme is None:
        programme = await own_programme(visit, [each["key"] for each in (await visit.ask("programmes"))["programmes"]])
    return programme, quarter, audience if audience in AUDIENCES else "published"


def variables(programme: str, quarter: Period, audience: str) -> Json:
    assert quarter.first is not None
    number = (quarter.first.month + 2) // 3
    return {"programme": programme, "year": quarter.first.year, "quarter": number, "audience": audience.upper()}


async def report(visit: Visit) -> Reply:
    programme, quarter, audience = await chosen(visit)
    answer = await visit.maybe("report", **variables(programme, quarter, audience))
    asked = {"programme": programme, "quarter": quarter.value, "audience": audience}
    return visit.page(
        "report.html",
        programmes=(await visit.ask("programmes"))["programmes"],
        programme=programme,
        quarters=quarters(visit),
        quarter=quarter,
        audiences=AUDIENCES,
        audience=audience,
        report=answer.get("report"),
        files=[
            (form.called, f"/figures/report/file?{urlencode(asked | {'form': ending})}")
            for ending, form in FORMS.items()
            if form.available
        ],
    )


async def file(visit: Visit) -> Reply:
    """The same as a file, with its charts."""
    form = FORMS.get(visit.query.get("form", ""))
    if form is None or not form.available:
        raise nothing_here()
    programme, quarter, audience = await chosen(visit)
    asked = variables(programme, quarter, audience)
    # Asked as every page asks: refused and counted in one place. What it is made of is at hand then.
    await visit.ask("report", **asked)
    assert visit.session is not None
    web = visit.console.web
    context = await web.context(visit.session.viewer, web.engine.registered.texts["report"])
    made = await reported(context, programme, asked["year"], asked["quarter"], ReportAudience(audience), None)
    async with _WRITING:
        body = await written_beside(visit.query["form"], made)
    name = f"{programme}-{asked['year']}Q{asked['quarter']}-{audience}{visit.query['form']}"
    return Page(body, media=form.media, headers={"content-disposition": f'attachment; filename="{name}"'})


ADDRESSES = (
    Address("/figures/report", report, text="Impact report", reads="report"),
    Address("/figures/report/file", file, reads="report"),
)
