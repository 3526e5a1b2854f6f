"""The text of graphql-transport-ws, rule by rule. Query `me` says ann; the room says what happens in it."""

from tests.probes import (
    ANYTHING,
    HERE,
    SOME_ERRORS,
    TRANSPORT,
    Closes,
    Happens,
    Hear,
    HearAll,
    Leaves,
    Quiet,
    Rule,
    Say,
    Step,
    answered,
    failed,
    hear,
    say,
    subscribe,
)

ROOM = 'subscription Follow($id: String!) { room(id: $id, after: "0") { ... on Update { text } } }'
TWO = 'subscription { a: room(id: "r") { __typename } b: room(id: "r") { __typename } }'
R = {"id": HERE}
INIT = (say(type="connection_init"), hear(type="connection_ack"))
PINGED = (say(type="ping"), hear(type="pong"))
FOLLOWING = (*INIT, subscribe("s", ROOM, variables=R), *PINGED)


def told(name: str, text: str) -> Hear:
    return hear(id=name, type="next", payload={"data": {"room": {"text": text}}})


def invalid(says: str, *sent: str | bytes, after: tuple[Step, ...] = INIT, own: bool = False) -> list[Rule]:
    return [Rule(f"{says}: {text[:60]!r}", (*after, Say(text), Closes(4400)), own=own) for text in sent]


CONNECTING = [
    Rule("the subprotocol is agreed", INIT),
    Rule("it is found among others that are offered", INIT, offered=("mqtt", TRANSPORT, "soap")),
    Rule("without it the socket is closed with 4406", (Closes(4406),), offered=(), chosen=None, own=True),
    Rule("another alone is not accepted", (Closes(4406),), offered=("mqtt",), chosen=None, own=True),
    Rule("the older protocol is not spoken", (Closes(4406),), offered=("graphql-ws",), chosen=None, own=True),
    Rule("connection_init is acknowledged, once", (*INIT, Quiet())),
    Rule("its payload may be null", (say(type="connection_init", payload=None), hear(type="connection_ack"))),
    Rule("its payload may be empty", (say(type="connection_init", payload={}), hear(type="connection_ack"))),
    Rule(
        "its payload may say anything",
        (say(type="connection_init", payload={"a": [1, {"b": None}]}), hear(type="connection_ack")),
    ),
    Rule("a second one closes with 4429", (*INIT, say(type="connection_init"), Closes(4429))),
    Rule("so it does while something is followed", (*FOLLOWING, say(type="connection_init"), Closes(4429))),
    Rule("who does not initialise is closed with 4408", (Closes(4408),), bounds={"init": 1}),
    Rule("pings do not stand for it", (*PINGED, *PINGED, Closes(4408)), bounds={"init": 1}),
    Rule("once initialised, time does not matter", (*INIT, Quiet(1.5), *PINGED), bounds={"init": 1}),
    Rule("whoever is not let in is closed with 4403", (
        say(type="connection_init", payload={"authorization": "Basic x"}), Closes(4403)), own=True),
    Rule("nothing comes before the client has spoken", (Quiet(),)),
    *invalid(
        "its payload is an object",
        '{"type":"connection_init","payload":"x"}',
        '{"type":"connection_init","payload":5}',
        '{"type":"connection_init","payload":[]}',
        after=(),
    ),
]  # fmt: skip

PINGS = [
    Rule("ping is answered with pong", (*INIT, *PINGED)),
    Rule("before connection_init as well", PINGED),
    Rule(
        "the payload comes back",
        (*INIT, say(type="ping", payload={"a": ["ä"]}), hear(type="pong", payload={"a": ["ä"]})),
        own=True,
    ),
    Rule("a null payload is none", (*INIT, say(type="ping", payload=None), hear(type="pong"))),
    Rule("a pong that nobody asked for is passed over", (*INIT, say(type="pong"), Quiet(), *PINGED)),
    Rule("with a payload too", (say(type="pong", payload={"a": 1}), Quiet(), *PINGED)),
    Rule("pings do not disturb what is followed", (*FOLLOWING, *PINGED, Happens("a"), told("s", "a"), *PINGED)),
    Rule("who is there may be silent for long", (*INIT, Quiet(2.5), *PINGED), own=True, bounds={"init": 1, "ping": 1}),
    *invalid(
        "the payload of a ping or a pong is an object",
        '{"type":"ping","payload":5}', '{"type":"ping","payload":"x"}', '{"type":"pong","payload":[1]}',
    ),
]  # fmt: skip

RESULTS = [
    Rule("a query is answered with next, then complete", (
        *INIT, subscribe("q", "{ me }"), *answered("q", me="ann"), Quiet())),
    Rule("a mutation as well", (
        *INIT, subscribe("m", 'mutation { change(to: "x") }'), *answered("m", change=True), Quiet())),
    Rule("a subscription is answered with next, each time, and stands", (
        *FOLLOWING, Happens("a"), told("s", "a"), Happens("b"), told("s", "b"), Quiet())),
    Rule("variables are heeded", (
        *INIT, subscribe("q", "query($a: Boolean!) { me @include(if: $a) }", variables={"a": False}), *answered("q"))),
    Rule("the operation is the one that is named", (
        *INIT, subscribe("q", "query A { a: me } query B { b: me }", operationName="B"), *answered("q", b="ann"))),
    Rule("nulls are as if they were absent", (
        *INIT, subscribe("q", "{ me }", operationName=None, variables=None, extensions=None),
        *answered("q", me="ann"))),
    Rule("extensions may say anything", (
        *INIT, subscribe("q", "{ me }", extensions={"a": {"b": 1}}), *answered("q", me="ann"))),
    Rule("messages are answered in the order they come, without waiting", (
        say(type="connection_init"), subscribe("q", "{ me }"), hear(type="connection_ack"), *answered("q", me="ann"))),
    Rule("operations at once each have their own answer", (
        *INIT, subscribe("1", "{ slow }"), subscribe("2", "{ me }"), subscribe("3", "{ me }"),
        HearAll((*answered("1", slow="at last"), *answered("2", me="ann"), *answered("3", me="ann"))))),
    Rule("a query is answered while something is followed", (
        *FOLLOWING, subscribe("q", "{ me }"), *answered("q", me="ann"), Happens("a"), told("s", "a"))),
    Rule("one socket follows the same thing twice", (
        *FOLLOWING, subscribe("t", ROOM, variables=R), *PINGED, Happens("a"),
        HearAll((told("s", "a"), told("t", "a"))))),
    Rule("an error of a resolver comes with next", (
        *INIT, subscribe("q", "{ me fails }"),
        hear(id="q", type="next", payload={"data": {"me": "ann", "fails": None}, "errors": SOME_ERRORS}),
        hear(id="q", type="complete"), *PINGED)),
    Rule("without saying what went wrong inside", (
        *INIT, subscribe("q", "{ fails }"), hear(id="q", type="next", payload={"data": {"fails": None}, "errors": [{
            "message": ANYTHING, "path": ["fails"], "locations": ANYTHING, "extensions": {
                "code": "INTERNAL", "id": ANYTHING}}]}),
        hear(id="q", type="complete")), own=True),
    Rule("a message may come in fragments", (
        *INIT, Say(('{"id":"q","type":"subscribe",', '"payload":{"query":', '"{me}"}}')), *answered("q", me="ann"))),
    Rule("white space between tokens means nothing", (
        *INIT, Say(' {\n"id" :\t"q", "type":"subscribe","payload":{"query":"{me}"} } '), *answered("q", me="ann"))),
    Rule("members that are not known are passed over", (
        say(type="connection_init", extra=1), hear(type="connection_ack"),
        say(id="q", type="subscribe", extra=[], payload={"query": "{ me }", "also": 2}), *answered("q", me="ann"))),
]  # fmt: skip

ERRORS: list[Rule] = [
    *(
        Rule(f"{says} is answered with error, and no complete", (
            *INIT, subscribe("q", query, **payload), failed("q"), Quiet(), *PINGED))
        for says, query, payload in (
            ("bad syntax", "{", {}),
            ("no text", "", {}),
            ("an unknown field", "{ nothing }", {}),
            ("a bad variable", ROOM, {"variables": {"id": None}}),
            ("a missing variable", ROOM, {}),
            ("an unknown operation", "query A { me }", {"operationName": "B"}),
            ("a choice of operations", "query A { me } query B { me }", {}),
            ("a document without an operation", "fragment F on Query { me }", {}),
            ("a subscription to two things", TWO, {}),
        )
    ),
    Rule("a mistake in one operation leaves the others alone", (
        *FOLLOWING, subscribe("1", "{"), failed("1"), subscribe("2", "{ nothing }"), failed("2"),
        subscribe("3", ROOM), failed("3"), Happens("a"), told("s", "a"))),
    Rule("a resolver's error does as well", (
        *FOLLOWING, subscribe("1", "{ fails }"), hear(id="1", type="next", payload=ANYTHING),
        hear(id="1", type="complete"), Happens("a"), told("s", "a"))),
    Rule("what cannot be followed is an error of its operation", (
        *INIT, subscribe("s", ROOM, variables={"id": "nowhere"}), failed("s"), *PINGED), own=True),
]  # fmt: skip

IDS = [
    Rule("an id that is in use closes with 4409", (*FOLLOWING, subscribe("s", ROOM, variables=R), Closes(4409))),
    Rule("whatever the operation is", (*FOLLOWING, subscribe("s", "{ me }"), Closes(4409))),
    Rule("also while a query runs", (*INIT, subscribe("q", "{ slow }"), subscribe("q", "{ slow }"), Closes(4409))),
    Rule("after complete from the server it is free again", (
        *INIT, subscribe("q", "{ me }"), *answered("q", me="ann"), subscribe("q", "{ me }"), *answered("q", me="ann"))),
    Rule("after complete from the client as well", (
        *FOLLOWING, say(id="s", type="complete"), subscribe("s", ROOM, variables=R), *PINGED, Happens("a"),
        told("s", "a"), Quiet())),
    Rule("after an error as well", (
        *INIT, subscribe("q", "{"), failed("q"), subscribe("q", "{ me }"), *answered("q", me="ann"))),
    Rule("complete ends it without an answer", (
        *FOLLOWING, say(id="s", type="complete"), Quiet(), Happens("a"), Quiet(), *PINGED)),
    Rule("a query that runs is left as well", (
        *INIT, subscribe("q", "{ slow }"), say(id="q", type="complete"), Quiet(), Quiet(), *PINGED)),
    Rule("complete ends one and leaves the others", (
        *FOLLOWING, subscribe("t", ROOM, variables=R), *PINGED, say(id="s", type="complete"), *PINGED, Happens("a"),
        told("t", "a"), Quiet())),
    Rule("complete of what is unknown means nothing", (*INIT, say(id="x", type="complete"), Quiet(), *PINGED)),
    Rule("complete of what has ended means nothing", (
        *INIT, subscribe("q", "{ me }"), *answered("q", me="ann"), say(id="q", type="complete"), Quiet(), *PINGED)),
    Rule("complete twice means nothing", (
        *FOLLOWING, say(id="s", type="complete"), say(id="s", type="complete"), Quiet(), *PINGED)),
    *(
        Rule(f"an id may be any text: {name[:20]!r}", (*INIT, subscribe(name, "{ me }"), *answered(name, me="ann")))
        for name in ('"', "\\", "\n\t\r", "\0", "ä😀\u202e", "a" * 256, "1", "null", " ")
    ),
    Rule("a longer one closes with 4400", (*INIT, subscribe("a" * 257, "{ me }"), Closes(4400)), own=True),
]  # fmt: skip

ORDER = [
    Rule("subscribe before connection_init closes with 4401", (subscribe("q", "{ me }"), Closes(4401))),
    Rule("the client may leave at any time", (Leaves(),)),
    Rule("also while something is followed", (*FOLLOWING, Leaves())),
    Rule("with a code of its own", (*FOLLOWING, Leaves(4000))),
    Rule("more operations than are allowed at once are refused, one by one", (
        *INIT, *(subscribe(name, ROOM, variables=R) for name in "abc"), failed("c"), say(id="a", type="complete"),
        subscribe("c", "{ me }"), *answered("c", me="ann")), own=True, bounds={"operations": 2}),
    Rule("a message that is too large closes with 1009", (
        *INIT, say(type="ping", payload={"a": "x" * 300}), Closes(1009)), own=True, bounds={"message": 256}),
    Rule("one that is just small enough is heeded", (
        Say('{"type":"ping"}' + " " * 241), hear(type="pong")), own=True, bounds={"message": 256}),
]  # fmt: skip

SUBSCRIBE = '{"id":"q","type":"subscribe","payload":{"query":"{me}"'
MALFORMED = [
    *invalid("a message is JSON", "", "nonsense", "{", '{"type":"ping"}}', "\ufeff" + '{"type":"ping"}', "{'type':1}"),
    *invalid("a message is an object", "5", "null", '"ping"', "[]", '[{"type":"ping"}]', "true"),
    *invalid("a message has a type", "{}", '{"id":"q"}', '{"type":null}', '{"type":5}', '{"type":["ping"]}'),
    *invalid("of those that are specified", '{"type":"dance"}', '{"type":""}', '{"type":"PING"}', '{"type":"start"}'),
    *invalid(
        "and that a client sends",
        '{"type":"connection_ack"}',
        '{"id":"q","type":"next","payload":{}}',
        '{"id":"q","type":"error","payload":[]}',
    ),
    *invalid("a message is text", b'{"type":"ping"}', b"\xff\xfe", b""),
    *invalid(
        "subscribe has an id",
        '{"type":"subscribe","payload":{"query":"{me}"}}',
        '{"id":5,"type":"subscribe","payload":{"query":"{me}"}}',
        '{"id":null,"type":"subscribe","payload":{"query":"{me}"}}',
        '{"id":"","type":"subscribe","payload":{"query":"{me}"}}',
    ),
    *invalid(
        "and a payload",
        '{"id":"q","type":"subscribe"}',
        '{"id":"q","type":"subscribe","payload":null}',
        '{"id":"q","type":"subscribe","payload":"{me}"}',
        '{"id":"q","type":"subscribe","payload":[]}',
    ),
    *invalid(
        "with a query",
        '{"id":"q","type":"subscribe","payload":{}}',
        '{"id":"q","type":"subscribe","payload":{"query":null}}',
        '{"id":"q","type":"subscribe","payload":{"query":5}}',
        '{"id":"q","type":"subscribe","payload":{"query":{"text":"{me}"}}}',
    ),
    *invalid(
        "whose members are of their kind",
        SUBSCRIBE + ',"variables":[]}}',
        SUBSCRIBE + ',"variables":"{}"}}',
        SUBSCRIBE + ',"operationName":5}}',
        SUBSCRIBE + ',"extensions":"x"}}',
    ),
    *invalid(
        "complete has an id", '{"type":"complete"}', '{"id":7,"type":"complete"}', '{"id":null,"type":"complete"}'
    ),
    *invalid("also while something is followed", "nonsense", '{"type":"dance"}', b"{}", after=FOLLOWING),
    *invalid(
        "JSON that no program could hold is refused like any other",
        "[" * 100_000,
        '{"type":"ping","payload":' + '{"a":' * 20_000 + "1" + "}" * 20_001,
        '{"id":"\\ud800","type":"complete"}',
        '{"type":"ping","payload":{"a":1e999999999999}}',
        own=True,
    ),
]

RULES: list[Rule] = [*CONNECTING, *PINGS, *RESULTS, *ERRORS, *IDS, *ORDER, *MALFORMED]
