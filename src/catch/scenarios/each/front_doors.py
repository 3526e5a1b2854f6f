"""Scenarios of front doors that take contacts: North East Lincolnshire, and Gloucestershire's fire service."""

from datetime import timedelta

from catch.domain.contact import ContactState
from catch.domain.programme.configuration import Disposition
from catch.scenarios.contacts import Doing, Door, Kind
from catch.scenarios.reading import per_cent
from catch.scenarios.scenario import Line, Played, Scenario, Stage
from projections import contacts
from projections.contacts import FirstContact, first_contact

# S12: North East Lincolnshire

LINCS = "nel-spa"
OTHERWISE = ("led-on", "visit-sent", "emergency")
KINDS = (
    Kind("social-care", 50, "settled-social-care", 73, OTHERWISE),
    Kind("mental-health", 15, "settled-mental-health", 67, OTHERWISE),
    Kind("health", 35, "settled-health", 26, OTHERWISE),
)
REPORTED = {"social-care": 73, "mental-health": 67, "health": 26}
A_MONTH = 12_000


async def lincs(stage: Stage) -> Played:
    """A month of contacts at any hour, and four weeks in which some of them come again."""
    moments = stage.contacts(A_MONTH * 7 / 31, 31)
    crew = stage.crew(LINCS, 20 / stage.rate)
    stage.play(Door(stage.place, crew, Doing(KINDS, again=0.12), LINCS, moments))
    played = await stage.live(31 / 7 + 4.2)
    stage.noted["contacts"] = await contacts.of_programme(stage.place.catch.log.pool, LINCS)
    return played


def settled(played: Played, need: str | None = None) -> FirstContact:
    rows: list[contacts.Row] = played.noted["contacts"]
    of_kind = [row for row in rows if need is None or need in row.contact.received.needs]
    return first_contact(of_kind, None, played.until.date() - timedelta(days=29), played.until)


def at_once(need: str) -> Line:
    reported = REPORTED[need]
    return Line(
        f"resolved at first contact, {need.replace('-', ' ')}",
        f"{reported} % in 2017 [S4]",
        lambda p: f"{told(settled(p, need))}; {lasting(settled(p, need))} within 28 days",
        lambda p: settled(p, need).lasting <= settled(p, need).resolved,
    )


def told(found: FirstContact) -> str:
    return f"{per_cent(found.resolved, found.contacts)} of {found.contacts:,}"


def lasting(found: FirstContact) -> str:
    return f"{per_cent(found.lasting, found.followed)} and nobody came again"


S12 = Scenario(
    "S12",
    "North East Lincolnshire: a month of contacts",
    (LINCS,),
    lincs,
    (
        Line("contacts in the month", "12,000 [S4]", lambda p: f"{settled(p).contacts:,}"),
        *map(at_once, REPORTED),
        Line(
            "the honest variant is lower",
            "not said (10-hazards §6)",
            lambda p: f"{settled(p).resolved:,} resolved, {settled(p).lasting:,} of them for good",
            lambda p: 0 < settled(p).lasting < settled(p).resolved,
        ),
    ),
    lacks="consent that is asked for each time a record is opened",
)


# S15: the fire service of Gloucestershire

FIRE = "glos-fire-telecare"
USERS = 500
ALARMS = Doing(
    (
        Kind(
            "alarm",
            100,
            "self-resolved",
            45,
            ("responder-sent", "ambulance", "rapid-domiciliary-care", "third-sector-help"),
        ),
    ),
    again=0.2,
    referred=0.35,
    concern=0.2,
)


async def fire(stage: Stage) -> Played:
    weeks = stage.weeks(13, 6)
    moments = stage.poisson(USERS / 10, weeks, always=True)
    stage.play(Door(stage.place, stage.crew(FIRE, 4 / stage.rate), ALARMS, FIRE, moments))
    played = await stage.live(weeks)
    stage.noted["contacts"] = await contacts.of_programme(stage.place.catch.log.pool, FIRE)
    log = stage.place.catch.log.pool
    stage.noted["concerns"] = await log.fetchval(
        "select count(*) from stored_events where topic = 'SafeguardingConcernRaised'"
    )
    return played


def ended(played: Played, means: Disposition) -> int:
    rows: list[contacts.Row] = played.noted["contacts"]
    return sum(row.contact.resolution is not None and row.contact.resolution.said.means is means for row in rows)


def led_on(played: Played) -> int:
    rows: list[contacts.Row] = played.noted["contacts"]
    return sum(row.state is ContactState.CONVERTED for row in rows)


S15 = Scenario(
    "S15",
    "Gloucestershire: alarms that a firefighter answers",
    (FIRE,),
    fire,
    (
        Line("alarms", "about 500 users with a firefighter [S4]", lambda p: len(p.noted["contacts"])),
        Line("settled by itself", "one of the outcomes [S4]", lambda p: ended(p, Disposition.RESOLVED)),
        Line("somebody went there", "another", lambda p: ended(p, Disposition.RESPONSE_SENT)),
        Line("an ambulance", "another", lambda p: ended(p, Disposition.EMERGENCY)),
        Line("led on into a referral", "onward referral [S4]", led_on),
        Line(
            "safeguarding concerns",
            "raised by the firefighter [S4]",
            lambda p: p.noted["concerns"],
            lambda p: p.noted["concerns"] > 0,
        ),
    ),
    lacks="alarms that come in from the monitoring centre by themselves; equipment by a trusted assessor",
)
