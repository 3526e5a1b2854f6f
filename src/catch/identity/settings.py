"""Which issuers a server trusts, and how: one file for several, or the environment for one.

`CATCH_IDENTITY_FILE` names a YAML file with the fields of `Identity`, as deploy/identity.yaml shows them. Without it,
`CATCH_OIDC_ISSUER` and the other `CATCH_OIDC_` variables say the same of one issuer: `CATCH_OIDC_CLIENT_ID` is
`client_id`, lists with spaces between. Secrets stand in files of their own, never among the settings. All that is wrong
is told at once, each with its setting's name.
"""

import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct, UnsetType
from msgspec.structs import fields

from catch.domain.keys import is_key
from catch.identity import keys
from catch.identity.addresses import is_loopback, is_safe
from catch.identity.keys import ALGORITHMS, Key, KeyUnusable
from catch.programmes import NotTaken, settings_in, shape
from catch.settings import BadSetting, site

FILE: Final = "CATCH_IDENTITY_FILE"
PREFIX: Final = "CATCH_OIDC_"
TYPES: Final = frozenset({"at+jwt", "jwt"})
LONGEST_SESSION: Final = 7 * 24 * 60
"""Minutes: what is known of sessions that have ended is kept for a day more."""


class Issuer(Struct, frozen=True):
    """An issuer of OpenID Connect, as it is set up here.

    `key` is what members are bound by (`bindSubject`) and stands in the redirect address: once anybody is bound, it
    means this issuer for ever. `name` is what people read where they sign in. `issuer` is its address, letter for
    letter as it writes itself into tokens.

    We are its client `client_id`, and prove it by `client_secret_file` (sent as `client_auth` says: `basic` or `post`),
    or by a signature with the key in `private_key_file` (PEM or JWK), by `signing_algorithm` (the first that suits the
    key) and named `key_id`.

    `algorithms` are those that it may sign with, none of them symmetric. `audience` is what access tokens of API
    clients must be for; without it none are taken, and never is it `client_id`: ID tokens are for that. `token_type` is
    `at+jwt` (RFC 9068) or, where an issuer makes no such, `jwt`. `agency_claim` and `role_claim` name claims that
    narrow for which agency and as what somebody acts. `leeway`: seconds by which its clock and ours may differ.

    `acr_values` are asked for and needed at every sign-in, `step_up_acr_values` where more is needed. `ca_file` holds
    the certificates of whoever vouches for its address, where it is nobody that the system knows.
    """

    key: str
    name: str
    issuer: str
    client_id: str
    client_secret_file: str | None = None
    client_auth: str = "basic"
    private_key_file: str | None = None
    signing_algorithm: str | None = None
    key_id: str | None = None
    scopes: tuple[str, ...] = ("openid",)
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256")
    audience: str | None = None
    token_type: str = "at+jwt"  # noqa: S105  (a kind of token)
    agency_claim: str = "catch_agency"
    role_claim: str = "catch_role"
    leeway: int = 30
    acr_values: tuple[str, ...] = ()
    step_up_acr_values: tuple[str, ...] = ()
    ca_file: str | None = None


class Identity(Struct, frozen=True):
    """`address` is where browsers reach this place, `https://catch.example.org`: issuers send people back there.

    Somebody is signed out after `idle_minutes` without a request, and `absolute_minutes` after they signed in. `proxy`
    is through which issuers are reached, where they cannot be reached directly.
    """

    address: str | None = None
    idle_minutes: int = 30
    absolute_minutes: int = 600
    proxy: str | None = None
    issuers: tuple[Issuer, ...] = ()


class Secret(Struct, frozen=True):
    """How we prove to an issuer who we are: by one of these."""

    password: str | None = None
    key: Key | None = None


class Trusted(Struct, frozen=True):
    """Read and found in order. `secrets` by the issuer's key; files are named from `folder`."""

    identity: Identity = Identity()
    secrets: Mapping[str, Secret] = {}
    folder: Path = Path()

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        return self.identity.issuers


def read(environ: Mapping[str, str] = os.environ) -> Trusted:
    """Raises `BadSetting` with a sentence a line."""
    named = environ.get(FILE)
    if named:
        wrong = [f"{name} and {FILE} are both set; keep one of them." for name in of_environment(environ)]
        return _judged(*_of_file(Path(named)), Path(named).parent, wrong, lambda path: f"{FILE}: {path}")
    data = said_in(environ)
    return _judged(data, [], Path(), [], variable)


def _of_file(path: Path) -> tuple[object, list[str]]:
    try:
        settings = settings_in(path)
    except NotTaken as problem:
        raise BadSetting(f"{FILE}: {path}: {problem}") from None
    except OSError as problem:
        raise BadSetting(f"{FILE}: {problem.strerror}: {path}") from None
    return ({} if settings.said is None else settings.said), [*settings.twice]


# The environment


OF_PLACE: Final = {"CATCH_ADDRESS": "address", "CATCH_IDLE_MINUTES": "idle_minutes",
                   "CATCH_ABSOLUTE_MINUTES": "absolute_minutes", "CATCH_ISSUER_PROXY": "proxy"}  # fmt: skip
LISTS: Final = frozenset({"scopes", "algorithms", "acr_values", "step_up_acr_values"})
NUMBERS: Final = frozenset({"leeway", "idle_minutes", "absolute_minutes"})
NEEDED: Final = {"key": "issuer", "name": "your organisation"}
"""What one issuer need not say: nobody chooses between it and another."""


def of_environment(environ: Mapping[str, str]) -> list[str]:
    known = {*OF_PLACE, *(PREFIX + field.name.upper() for field in fields(Issuer))}
    return sorted(name for name, text in environ.items() if text and (name in known or name.startswith(PREFIX)))


def said_in(environ: Mapping[str, str]) -> dict[str, object]:
    """The same as a file would say it."""
    place = {field: _value(field, environ[name]) for name, field in OF_PLACE.items() if environ.get(name)}
    one = {
        name.removeprefix(PREFIX).lower(): _value(name.removeprefix(PREFIX).lower(), environ[name])
        for name in of_environment(environ)
        if name not in OF_PLACE
    }
    return {**place, **({"issuers": [NEEDED | one]} if one else {})}


def _value(field: str, text: str) -> object:
    if field in LISTS:
        return text.split()
    return int(text) if field in NUMBERS and text.isascii() and text.isdecimal() and len(text) < 10 else text


def variable(path: str) -> str:
    """What the environment calls a setting of the file, and what stands behind its name in a sentence."""
    name, _, rest = path.removeprefix("issuers[0].").partition(":")
    own = {field: named for named, field in OF_PLACE.items()}
    return f"{own.get(name) or PREFIX + name.upper()}:{rest}"


# What makes no sense


def _judged(data: object, twice: list[str], folder: Path, wrong: list[str], named: Callable[[str], str]) -> Trusted:
    identity, found = shape.read(data, Identity)
    said = [*twice, *found.said]
    secrets: dict[str, Secret] = {}
    if not isinstance(identity, UnsetType) and not said:
        said += [*senseless(identity)]
        for number, issuer in enumerate(identity.issuers):
            held, problems = _secret(issuer, folder, f"issuers[{number}]")
            secrets[issuer.key] = held
            said += problems
        said += [*_certificates(identity, folder)]
    said = wrong + [named(each) for each in said]
    if said or isinstance(identity, UnsetType):
        raise BadSetting("\n".join(said))
    return Trusted(identity, secrets, folder)


def senseless(identity: Identity) -> Iterator[str]:
    """What is wrong beside the form, as path and sentence."""
    if identity.issuers and identity.address is None:
        yield "address: say where browsers reach this place, such as https://catch.example.org."
    if identity.address is not None and (site(identity.address) is None or not is_safe(identity.address)):
        yield "address: it must be a site such as https://catch.example.org, without a path; http only at 127.0.0.1."
    if not 1 <= identity.idle_minutes <= identity.absolute_minutes <= LONGEST_SESSION:
        yield f"idle_minutes: it must be at least 1, at most absolute_minutes, and that at most {LONGEST_SESSION:,}."
    if identity.proxy is not None and urlsplit(identity.proxy).scheme not in ("http", "https"):
        yield "proxy: it must be an address such as http://proxy.example.org:3128."
    yield from chain.from_iterable(
        senseless_issuer(issuer, f"issuers[{number}]") for number, issuer in enumerate(identity.issuers)
    )
    for field in ("key", "issuer"):
        held = [getattr(issuer, field) for issuer in identity.issuers]
        for number, value in enumerate(held):
            if value in held[:number]:
                yield f"issuers[{number}].{field}: another issuer has the same. Give each one of its own."


def senseless_issuer(issuer: Issuer, path: str) -> Iterator[str]:  # noqa: C901
    if not is_key(issuer.key) or issuer.key.startswith("catch"):
        yield f"{path}.key: it must be a key of small letters, digits and single hyphens, and not begin with catch."
    if not is_safe(issuer.issuer) or urlsplit(issuer.issuer).query:
        yield f"{path}.issuer: it must be an https address without a query; http only on this machine (127.0.0.1)."
    if "openid" not in issuer.scopes:
        yield f"{path}.scopes: openid must be among them."
    if unknown := sorted({*issuer.algorithms} - ALGORITHMS.keys()) or not issuer.algorithms:
        named = f", not {unknown[0]}" if isinstance(unknown, list) else ""
        yield f"{path}.algorithms: they must be among {' '.join(ALGORITHMS)}{named}."
    if issuer.audience is not None and issuer.audience == issuer.client_id:
        yield f"{path}.audience: it must differ from client_id, or an ID token would be taken for an access token."
    if issuer.token_type.lower() not in TYPES:
        yield f"{path}.token_type: it must be at+jwt or jwt."
    if issuer.client_auth not in ("basic", "post"):
        yield f"{path}.client_auth: it must be basic or post."
    if not 0 <= issuer.leeway <= 120:
        yield f"{path}.leeway: it must be from 0 to 120 seconds."
    for name in ("name", "client_id"):
        if not getattr(issuer, name).strip():
            yield f"{path}.{name}: it must not be empty."


def _secret(issuer: Issuer, folder: Path, path: str) -> tuple[Secret, list[str]]:
    given = [name for name in ("client_secret_file", "private_key_file") if getattr(issuer, name)]
    if len(given) != 1:
        return Secret(), [f"{path}.client_secret_file: set this, or private_key_file, and not both."]
    text, problem = _contents(folder / getattr(issuer, given[0]))
    if problem:
        return Secret(), [f"{path}.{given[0]}: {problem}"]
    problems = [*_without_key(issuer, path)] if given[0] == "client_secret_file" else []
    if given[0] == "client_secret_file":
        return Secret(password=text), problems
    try:
        return Secret(key=keys.own(text, issuer.signing_algorithm, issuer.key_id)), []
    except KeyUnusable as unusable:
        return Secret(), [f"{path}.private_key_file: {unusable}"]


def _without_key(issuer: Issuer, path: str) -> Iterator[str]:
    for name in ("signing_algorithm", "key_id"):
        if getattr(issuer, name) is not None:
            yield f"{path}.{name}: this belongs to private_key_file. Leave it out."


def _certificates(identity: Identity, folder: Path) -> Iterator[str]:
    for number, issuer in enumerate(identity.issuers):
        try:
            ssl.create_default_context(cafile=vouched(issuer, folder))
        except OSError as problem:  # as those of `ssl` are
            yield f"issuers[{number}].ca_file: {problem.strerror or 'no certificates in PEM'}: {issuer.ca_file}"


def vouched(issuer: Issuer, folder: Path) -> str | None:
    return str(folder / issuer.ca_file) if issuer.ca_file else None


def _contents(path: Path) -> tuple[str, str | None]:
    """What stands in a secret's file, or what is wrong with the file; nothing of what stands there is told."""
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        return "", f"{problem.strerror if isinstance(problem, OSError) else 'not text'}: {path}"
    return text, None if text else f"the file is empty: {path}"


def where_to_sign_in(trusted: Trusted, key: str) -> str:
    """The redirect address that is registered with an issuer. Each has its own (RFC 9700, 4.4.2)."""
    return f"{trusted.identity.address}/sign-in/callback/{key}"


def is_local(trusted: Trusted) -> bool:
    """Whether pages are reached without TLS, as only on this machine."""
    address = trusted.identity.address
    return address is None or (address.startswith("http://") and is_loopback(address))
