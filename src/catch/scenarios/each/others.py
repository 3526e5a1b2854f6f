"""Scenarios that are played as far as the program goes: people come, are helped and leave, by the configuration."""

from catch.scenarios.life import Ways
from catch.scenarios.reading import endings, kept, middle, plan_days
from catch.scenarios.scenario import Line, Played, Scenario, Stage


def through(code: str, title: str, each: dict[str, float], papers: str, lacks: str) -> Scenario:
    """Each programme with so many referrals a week, for half a year."""

    async def play(stage: Stage) -> Played:
        weeks = stage.weeks(26, 8)
        for key, a_week in each.items():
            running = stage.run(stage.crew(key, 4), Ways(kinds=(1, 2), goals=1), stage.poisson(a_week, weeks))
            stage.meet(running, weeks)
        return await stage.live(weeks)

    lines = (
        Line("referrals", papers, lambda p: ", ".join(f"{key} {len(held)}" for key, held in p.cases.items())),
        Line("closed", "not said", lambda p: sum(sum(endings(held).values()) for held in p.cases.values())),
        Line(
            "days from plan to end, median",
            "not said",
            lambda p: middle([d for held in p.cases.values() for d in plan_days(held)]),
        ),
        Line("clocks in time", "not said", in_time),
    )
    return Scenario(code, title, tuple(each), play, lines, lacks)


def in_time(played: Played) -> str:
    return ", ".join(
        f"{rule.code} {kept(played.cases[name], rule, played.until)}"
        for name, running in played.programmes.items()
        for rule in running.programme.clocks
    )


S06 = through(
    "S06",
    "Leicestershire: a front door, and coordinators in some localities",
    {"first-contact-plus": 20, "local-area-coordination": 4},
    "+20 % a year [S3]",
    "people are not handed from the one to the other, nor is there a locality without a coordinator",
)
S13 = through(
    "S13",
    "Wokingham: a team meeting for those who use services most",
    {"wokingham-mdt": 6},
    "the top 10 % of 160,000 with one of five flags [S4]",
    "nobody is found by flags, and nothing is measured before and after, so no regression to the mean is shown",
)
S14 = through(
    "S14",
    "Bracknell: community connectors",
    {"bracknell-community-connectors": 12},
    "3 connectors [S4]",
    "there is no directory of services, so none of its entries is stale",
)
S16 = through(
    "S16",
    "Wirral: calls from care homes",
    {"wirral-teletriage": 40},
    "76 care homes [S4]",
    "care homes are not told apart, and no chart is drawn anew at go-live",
)
S18 = through(
    "S18",
    "Lincolnshire: an assessor trusted by care homes",
    {"lincs-trusted-assessor": 10},
    "not said [S4]",
    "nobody acts on behalf of a home, and no home accepts or rejects an assessment",
)
S21 = through(
    "S21",
    "iCAN: several programmes together",
    {"ican": 10, "ageing-well": 10, "pcn-link-worker": 10},
    "12 % of people are in more than one (10-hazards §6)",
    "nobody is in two of them, and figures are not rolled up",
)
