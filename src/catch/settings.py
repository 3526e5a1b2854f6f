"""What an operator sets: read once, from the environment, into one frozen value.

`CATCH_<NAME>` is each field's variable; where a value is a secret, `CATCH_<NAME>_FILE` names a file that holds it.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct


class BadSetting(Exception):
    """A setting cannot be used."""


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Root's data lie under /var/lib: PostgreSQL runs as another user, who must be able to get there."""
    if os.geteuid() == 0:
        return Path("/var/lib/catch")
    home = environ.get("XDG_DATA_HOME")
    return Path(home) / "catch" if home else Path.home() / ".local" / "share" / "catch"


class Settings(Struct, frozen=True):
    """`database_url` None means the embedded PostgreSQL under `data_dir`.

    `owner_url` is who sets the schema up and migrates it (default: `database_url`). `host` is the address to listen
    at; in a container it has to be 0.0.0.0. `pool` is how many connections answer queries; one more appends and one
    more listens. `append_queue` and `append_deadline` (seconds) bound how many appends wait and for how long before
    they are refused as busy. `drain` is for how many seconds a server that is told to stop says that it is not ready
    before it sends its clients elsewhere: what a load balancer takes to notice. `origins` are the sites, as in
    `https://catch.example.org`, whose pages may ask from a browser besides those that this server's own address serves.

    `operations` is which documents are answered: `registered` (those of schema/graphql/operations, and what else lies
    in `operations_dir`) or `any`; without it, any in development and registered ones otherwise. `rate` is how many
    requests and messages a second one identity may send, `burst` how many at once; without them, 50 and 200, and in
    development as many as it likes.

    `otlp_endpoint` is where figures and traces go, by OTLP over HTTP; without it nothing is measured.

    `witnesses` are asked to cosign how far the log has come, by no default: each its public key and where it is asked.

    `ticker` says whether this server looks which clocks of cases have fallen due; one of a place's servers has to.

    `door` says whether anybody may refer without a token; `door_rate` is how many referrals a minute one address may
    send in.
    """

    data_dir: Path
    database_url: str | None = None
    owner_url: str | None = None
    schema: str = "catch"
    kek_file: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    development: bool = False
    pool: int = 8
    append_queue: int = 4096
    append_deadline: float = 5.0
    drain: float = 0.0
    origins: tuple[str, ...] = ()
    operations: str | None = None
    operations_dir: Path | None = None
    rate: int | None = None
    burst: int = 200
    ticker: bool = True
    door: bool = True
    door_rate: int = 6
    otlp_endpoint: str | None = None
    witnesses: tuple[tuple[str, str], ...] = ()

    @property
    def remembers(self) -> Path:
        """The folder that keeps which generation of each log this machine has worked with."""
        return self.data_dir / "generations"

    @property
    def signed(self) -> Path:
        """The folder that keeps which checkpoint of each log this machine saw last."""
        return self.data_dir / "checkpoints"

    @property
    def erased(self) -> Path:
        """The list of who was erased, which a backup of the database must not bring back."""
        return self.data_dir / "erased"

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Raises `BadSetting` with the variable's name."""
        kek_file = environ.get("CATCH_KEK_FILE")
        return cls(
            data_dir=Path(environ.get("CATCH_DATA_DIR") or default_data_dir(environ)),
            database_url=secret(environ, "CATCH_DATABASE_URL"),
            owner_url=secret(environ, "CATCH_OWNER_URL"),
            schema=environ.get("CATCH_SCHEMA") or "catch",
            kek_file=Path(kek_file) if kek_file else None,
            host=environ.get("CATCH_HOST") or "127.0.0.1",
            port=whole(environ, "CATCH_PORT", 8000, most=65_535),
            development=flag(environ, "CATCH_DEVELOPMENT"),
            pool=whole(environ, "CATCH_POOL", 8),
            append_queue=whole(environ, "CATCH_APPEND_QUEUE", 4096),
            append_deadline=float(whole(environ, "CATCH_APPEND_DEADLINE", 5)),
            drain=float(whole(environ, "CATCH_DRAIN", 0, least=0)),
            origins=sites(environ, "CATCH_ORIGINS"),
            operations=one_of(environ, "CATCH_OPERATIONS", ("registered", "any")),
            operations_dir=Path(folder) if (folder := environ.get("CATCH_OPERATIONS_DIR")) else None,
            rate=whole(environ, "CATCH_RATE", 0) or None,
            burst=whole(environ, "CATCH_BURST", 200),
            ticker=one_of(environ, "CATCH_TICKER", ("on", "off")) != "off",
            door=one_of(environ, "CATCH_DOOR", ("open", "closed")) != "closed",
            door_rate=whole(environ, "CATCH_DOOR_RATE", 6),
            otlp_endpoint=collector(environ, "CATCH_OTLP_ENDPOINT"),
            witnesses=witnessing(environ, "CATCH_WITNESSES"),
        )


PREFIX = "CATCH_"
SECRETS = ("CATCH_DATABASE_URL", "CATCH_OWNER_URL", "CATCH_WITNESSES")
OF_SIGNING_IN = (
    "CATCH_IDENTITY_FILE",
    "CATCH_ADDRESS",
    "CATCH_IDLE_MINUTES",
    "CATCH_ABSOLUTE_MINUTES",
    "CATCH_ISSUER_PROXY",
)
"""Read in `catch.identity.settings`, as all are that begin with `CATCH_OIDC_`."""
NAMES = frozenset(
    (
        *(PREFIX + field.upper() for field in Settings.__struct_fields__),
        *(f"{name}_FILE" for name in SECRETS),
        *OF_SIGNING_IN,
    )
)
NEAR = 0.8


def unknown(environ: Mapping[str, str] = os.environ) -> list[str]:
    """What is called like a setting and is none. Raises `BadSetting` for what can only be one that is misspelt: without
    it a place would be made where nobody looks for it, or be open where it was to be closed."""
    strange = [name for name in sorted(environ) if name.startswith(PREFIX) and name not in NAMES]
    strange = [name for name in strange if not name.startswith("CATCH_OIDC_")]
    # Beside what they all begin with, or any two would look alike.
    known = {name.removeprefix(PREFIX): name for name in sorted(NAMES)}
    for name in strange:
        if near := get_close_matches(name.removeprefix(PREFIX), known, 1, NEAR):
            raise BadSetting(f"{name} is no setting: is {known[near[0]]} meant? Correct its name, or take it away")
    return strange


def secret(environ: Mapping[str, str], name: str) -> str | None:
    path = environ.get(f"{name}_FILE")
    if not path:
        return environ.get(name) or None
    # Neither goes before the other: an operator would change one and see no effect.
    if environ.get(name):
        raise BadSetting(f"{name} and {name}_FILE are both set; keep one of them")
    try:
        # Editors end files with a line break.
        return Path(path).read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise BadSetting(f"{name}_FILE: {error.strerror}: {path}") from None


def whole(environ: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = 1_000_000) -> int:
    text = environ.get(name)
    if not text:
        return default
    # By length first: a number of a million digits takes its time to be read.
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise BadSetting(f"{name} must be a whole number from {least} to {most:,}, not {text[:80]!r}")
    return int(text)


def one_of(environ: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    text = environ.get(name) or None
    if text is not None and text not in allowed:
        raise BadSetting(f"{name} must be {' or '.join(allowed)}, not {text!r}")
    return text


PORTS = {"http": 80, "https": 443}


def site(text: str) -> str | None:
    """A site as a browser names it: in small letters, with a port where it is not the scheme's own. None: no site."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    # Put together again and compared: what holds more than a scheme, a host and a port is no site.
    named = f"[{host}]" if ":" in host else host
    written = f"{parts.scheme}://{named}" + (f":{port}" if port is not None else "")
    if parts.scheme not in PORTS or not host or not text.isascii() or text.lower().removesuffix("/") != written:
        return None
    return written.removesuffix(f":{PORTS[parts.scheme]}")


def collector(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name)
    if text and site(text) is None:
        raise BadSetting(f"{name} must be an address such as http://collector:4318, without a path, not {text!r}")
    return text.removesuffix("/") if text else None


def witnessing(environ: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    """Each a public key and an address, with spaces or line breaks between."""
    words = (secret(environ, name) or "").split()
    pairs = tuple(zip(words[::2], words[1::2], strict=False))
    if len(words) % 2 or not all(key.count("+") > 1 and beneath_a_site(address) for key, address in pairs):
        raise BadSetting(f"{name} must be, for each witness, its public key and its address: KEY https://host[/path]")
    return pairs


def beneath_a_site(address: str) -> bool:
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    return site(f"{scheme}://{host}") is not None and {*path}.isdisjoint("?#@")


def sites(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(one_site(name, text) for text in (environ.get(name) or "").split())


def one_site(name: str, text: str) -> str:
    found = site(text)
    if found is None:
        raise BadSetting(f"{name} must be sites such as https://catch.example.org, with spaces between, not {text!r}")
    return found


def flag(environ: Mapping[str, str], name: str) -> bool:
    text = (environ.get(name) or "no").lower()
    if text not in ("1", "true", "yes", "0", "false", "no"):
        raise BadSetting(f"{name} must be yes or no, not {text!r}")
    return text in ("1", "true", "yes")
