"""What whoever looks in with a browser is told: where things are, and nothing of the place that is kept here."""

from catch.web.requests import Heading

HEAD = """\
CATCH: a multi-agency case meeting.

  GET /               pages for people, in a browser.
  POST /graphql       queries and commands as JSON, with the header "Authorization: Bearer TOKEN".
                      Subscriptions: a websocket at the same address, graphql-transport-ws.
"""
REFER = """\
  POST /refer         a referral by anybody, as JSON, without a token.
"""
FOOT = """\
  GET /health/live    whether the server answers.
  GET /health/ready   whether it has what it needs.

Whoever runs this server gives out tokens (on a development server: catch token --help) and has the schema,
schema/graphql/catch.graphql. A browser's page that asks from another site has to be named in CATCH_ORIGINS.
"""


def about(*, door: bool = False) -> bytes:
    """As plain text. `door`: whether anybody may refer here."""
    return f"{HEAD}{REFER if door else ''}{FOOT}".encode()


def looks_in(heading: Heading) -> bool:
    """Whether somebody typed the address into a browser: nothing is asked, and a page would be liked."""
    return heading.method == "GET" and not heading.query_string and "text/html" in heading.accept.lower()
