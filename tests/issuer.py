"""An issuer of OpenID Connect of our own, over HTTP on this machine: it does what the standards say, and can rotate its
keys, lie, dawdle and go away.
"""

import asyncio
import json
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit
from uuid import uuid4

from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, RSAKey
from msgspec import Struct
from msgspec.structs import replace

from catch.identity.claims import half_hash
from catch.identity.settings import Identity, Issuer, Secret, Trusted
from catch.identity.tokens import LOGOUT_EVENT, LOGOUT_TYPE

CLIENT, AUDIENCE = "catch-client", "catch-api"
SECRET = "a secret: with 100% ü"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = RSAKey.generate_key(2048, {"use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"use": "sig"})
CURVE = ECKey.generate_key("P-256", {"use": "sig"})


class Answer(Struct):
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = {}


class Request(Struct):
    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]


class Granted(Struct):
    """What a code stands for."""

    redirect: str
    nonce: str
    challenge: str
    max_age: str | None
    acr: str | None
    state: str = ""


class LocalIssuer:
    """`person` is who signs in at its pages. `lies` change what is signed into ID tokens, `answers` whole paths.
    `asked` are the paths that were asked for, in order.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.keys: dict[str, Key] = {"one": KEY}
        self.signs_with = "one"
        self.person = "person-1"
        self.session = "session-1"
        self.acr: str | None = None
        self.seen: float | None = None
        self.lies: dict[str, Any] = {}
        self.answers: dict[str, Callable[[Request], Answer]] = {}
        self.names_itself = True
        self.secret: str | None = SECRET
        self.public_key: Key | None = None
        self.asked: list[str] = []
        self.assertions: list[dict[str, Any]] = []
        self.codes: dict[str, Granted] = {}
        self.dawdles = 0.0
        self.headers: dict[str, str] = {}
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # Going and coming back

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._served, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def go_away(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def rotate(self, kid: str, key: Key) -> None:
        """From now on it signs with this one, and publishes no other."""
        self.keys, self.signs_with = {kid: key}, kid

    # Tokens

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        made: dict[str, Any] = {"iss": self.url, "sub": self.person, "iat": now, "exp": now + 300}
        made |= {"jti": uuid4().hex, "sid": self.session}
        return {name: value for name, value in (made | changed).items() if value is not None}

    def sign(self, claims: Any, header: Mapping[str, Any] | None = None, key: Key | None = None) -> str:
        head: dict[str, Any] = {"alg": "RS256", "kid": self.signs_with, "typ": "at+jwt"} | dict(header or {})
        head = {name: value for name, value in head.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
        body = json.dumps(claims)
        return jws.serialize_compact(head, body, key or self.keys[self.signs_with], registry=registry)

    def access(self, **changed: Any) -> str:
        return self.sign(self.claims(**({"aud": AUDIENCE} | changed)))

    def logout(self, header: Mapping[str, Any] | None = None, **changed: Any) -> str:
        event: dict[str, Any] = {}
        made: dict[str, Any] = {"aud": CLIENT, "events": {LOGOUT_EVENT: event}} | changed
        return self.sign(self.claims(**made), {"typ": LOGOUT_TYPE} | dict(header or {}))

    def identity(self, granted: Granted, access_token: str) -> str:
        made: dict[str, Any] = self.claims(aud=CLIENT, nonce=granted.nonce, at_hash=half_hash("RS256", access_token))
        seen = self.seen if self.seen is not None else time.time()
        made |= {"auth_time": int(seen)} if granted.max_age is not None else {}
        made |= {"acr": self.acr or granted.acr} if self.acr or granted.acr else {}
        lied = {name: value for name, value in (made | self.lies).items() if value is not None}
        return self.sign(lied, {"typ": "JWT"})

    # What is asked of it

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/end",
            "authorization_response_iss_parameter_supported": self.names_itself,
            "code_challenge_methods_supported": ["S256"],
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        }

    def answer(self, request: Request) -> Answer:
        if special := self.answers.get(request.path):
            return special(request)
        match request.path:
            case "/.well-known/openid-configuration":
                return said(self.metadata())
            case "/keys":
                return said({"keys": [{**key.as_dict(private=False), "kid": kid} for kid, key in self.keys.items()]})
            case "/authorize":
                return self.authorised(request.query)
            case "/token":
                return self.exchanged(request)
            case _:
                return Answer(404)

    def authorised(self, asked: Mapping[str, str]) -> Answer:
        """The person signs in, without a page."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code, acr = uuid4().hex, asked.get("acr_values", "").split()
        self.codes[code] = Granted(
            asked["redirect_uri"],
            asked["nonce"],
            asked["code_challenge"],
            asked.get("max_age"),
            acr[0] if acr else None,
        )
        back = {"code": code, "state": asked["state"]} | ({"iss": self.url} if self.names_itself else {})
        return Answer(302, b"", {"location": f"{asked['redirect_uri']}?{urlencode(back)}"})

    def exchanged(self, request: Request) -> Answer:
        if not self.is_our_client(request):
            return said({"error": "invalid_client"}, 401)
        if request.form["grant_type"] == "client_credentials":
            return said({"error": "unauthorized_client"}, 400)
        granted = self.codes.pop(request.form.get("code", ""), None)
        verifier = request.form.get("code_verifier", "")
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if granted is None or granted.challenge != challenge or granted.redirect != request.form["redirect_uri"]:
            return said({"error": "invalid_grant"}, 400)
        access = self.access()
        return said({"access_token": access, "token_type": "Bearer", "id_token": self.identity(granted, access)})

    def is_our_client(self, request: Request) -> bool:
        form, header = request.form, request.headers.get("authorization", "")
        if self.public_key is not None:
            proved = jwt.decode(form.get("client_assertion", ""), self.public_key, algorithms=["RS512", "ES256"]).claims
            self.assertions.append(proved)
            good = form.get("client_assertion_type") == ASSERTION and proved["iss"] == proved["sub"] == CLIENT
            return good and proved["aud"] == f"{self.url}/token" and proved["exp"] - proved["iat"] <= 60
        if header.startswith("Basic "):
            user, _, password = b64decode(header[6:]).decode().partition(":")
            return (unquote_plus(user), unquote_plus(password)) == (CLIENT, self.secret)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, self.secret)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await requested(reader)
            self.asked.append(request.path)
            await asyncio.sleep(self.dawdles)
            answer = self.answer(request)
            headers = {"content-type": "application/json", "content-length": str(len(answer.body))}
            headers |= self.headers | answer.headers
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            head = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\nconnection: close\r\n{lines}\r\n"
            writer.write(head.encode() + answer.body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def requested(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), dict(parse_qsl(body)), headers)


def said(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


@asynccontextmanager
async def local_issuer() -> AsyncGenerator[LocalIssuer]:
    issuer = LocalIssuer()
    await issuer.start()
    try:
        yield issuer
    finally:
        await issuer.go_away()


def trusting(*issuers: LocalIssuer, address: str = "http://127.0.0.1:1", **changed: Any) -> Trusted:
    """These are trusted, by the keys `first`, `second` ..."""
    names = ("first", "second", "third")
    held = tuple(
        replace(Issuer(key, f"Example {key}", each.url, CLIENT, audience=AUDIENCE), **changed)
        for key, each in zip(names, issuers, strict=False)
    )
    secrets = {issuer.key: Secret(password=SECRET) for issuer in held}
    return Trusted(Identity(address, issuers=held), secrets)
