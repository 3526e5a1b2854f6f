"""A pack of papers sealed into one file: HTML that any current browser opens from disk, without network or server.

The key is made of a passphrase by PBKDF2 (RFC 8018) and seals by AES-256-GCM; browsers and Python have both. On the
file's face stands a title that tells nothing, and it is sealed with the rest: a file whose title was changed does not
open. Pure, but for what is drawn at random. The passphrase is nobody's to keep: it is in no log, file or address.
"""

import hashlib
import re
import secrets
import unicodedata
from base64 import b64decode, b64encode
from html import escape, unescape
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from catch.domain.refusals import NotAnswered

ITERATIONS = 600_000
"""What OWASP's Password Storage Cheat Sheet asks of PBKDF2 with HMAC-SHA-256."""
MOST_ITERATIONS = 10_000_000
"""Somebody else's file does not keep this machine busy."""
SALT, NONCE = 16, 12
GROUPS, OF_A_GROUP = 5, 4
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None is taken for another when it is read from paper. Twenty of them are 99 bits."""
FRESH, LONGEST = 20, 200
"""At four bits each, twenty characters that follow from nothing before them are 80 bits."""

HERE = Path(__file__).parent / "sealed"
STYLE, SCRIPT = ((HERE / name).read_text(encoding="utf-8") for name in ("pack.css", "pack.js"))
FACE = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main id="face">
<h1>{title}</h1>
<form id="form" hidden>
<label for="passphrase">Passphrase</label>
<input id="passphrase" type="password" autocomplete="off" autocapitalize="none" spellcheck="false" required>
<button>Open</button>
</form>
<p id="said" role="status"></p>
<noscript><p>This opens by its script. Switch scripts on for this file, or run: catch pack open FILE</p></noscript>
</main>
<div id="opened" hidden>
<button id="print" type="button">Print</button>
<button id="close" type="button">Close it</button>
</div>
<article id="pack" hidden></article>
<script type="text/plain" id="sealed" data-iterations="{iterations}" data-salt="{salt}" data-nonce="{nonce}">
{sealed}
</script>
<script>{script}</script>
</body>
</html>
"""
PLAIN = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<article>
{inside}
</article>
</body>
</html>
"""
_TITLE = re.compile(r"<title>([^<]{1,200})</title>")
_BOX = re.compile(
    r'<script type="text/plain" id="sealed" data-iterations="(\d{1,8})" data-salt="([\w+/=]{1,100})"'
    r' data-nonce="([\w+/=]{1,100})">\s*([\w+/=]+)\s*</script>'
)


class NotSealed(NotAnswered):
    """This is no sealed pack, or one that was cut off. Take the file as it was downloaded."""


class OtherPassphrase(NotAnswered):
    """This is another passphrase, or the file was changed on its way. Look at what you typed, and try again."""


class Opened(Struct, frozen=True):
    title: str
    inside: str
    """HTML."""


def suggested() -> str:
    """A passphrase that can be read from paper and typed."""
    while True:
        groups = ("".join(secrets.choice(LETTERS) for _ in range(OF_A_GROUP)) for _ in range(GROUPS))
        made = "-".join(groups)
        if weakness(made) is None:
            return made


def weakness(passphrase: str) -> str | None:
    """What is wrong with it, in a sentence; None where it will do."""
    if len(passphrase) > LONGEST:
        return f"This passphrase is too long: it may have {LONGEST} characters. Take the one that is suggested."
    if fresh(tidy(passphrase)) < FRESH:
        return (
            "This passphrase could be guessed. Take the one that is suggested, or one made up at random: 24 characters"
            " or more that neither repeat nor follow one another like abc and 123."
        )
    return None


def fresh(text: str) -> int:
    """How many of its characters do not follow from those before: no repetition, no row like abc, no pair once more."""
    return len({(one, other) for one, other in pairwise(text) if abs(ord(one) - ord(other)) > 1})


def tidy(passphrase: str) -> str:
    """The same however a keyboard composes its letters. As the file's own script has it."""
    return unicodedata.normalize("NFKC", passphrase).strip(" ")


def sealed(title: str, inside: str, passphrase: str, iterations: int = ITERATIONS) -> str:
    """The file. `inside` is HTML; `title` is all that can be read without the passphrase."""
    salt, nonce = secrets.token_bytes(SALT), secrets.token_bytes(NONCE)
    made = AESGCM(key(passphrase, salt, iterations)).encrypt(nonce, inside.encode(), title.encode())
    return FACE.format(
        policy=policy(script=True),
        title=escape(title),
        style=STYLE,
        script=SCRIPT,
        iterations=iterations,
        salt=text(salt),
        nonce=text(nonce),
        sealed=text(made),
    )


def opened(file: str, passphrase: str) -> Opened:
    """Raises `NotSealed`, `OtherPassphrase`."""
    titled, box = _TITLE.search(file), _BOX.search(file)
    if titled is None or box is None or not 0 < int(box[1]) <= MOST_ITERATIONS:
        raise NotSealed
    title = unescape(titled[1])
    try:
        salt, nonce, held = (b64decode(each, validate=True) for each in box.groups()[1:])
        inside = AESGCM(key(passphrase, salt, int(box[1]))).decrypt(nonce, held, title.encode())
    except ValueError:
        raise NotSealed from None
    except InvalidTag:
        raise OtherPassphrase from None
    return Opened(title, inside.decode())


def plain(found: Opened) -> str:
    """A page of what was sealed, which nothing protects any more."""
    return PLAIN.format(policy=policy(), title=escape(found.title), style=STYLE, inside=found.inside)


def key(passphrase: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", tidy(passphrase).encode(), salt, iterations, 32)


def policy(*, script: bool = False) -> str:
    """Nothing but what stands in the file itself, and nothing is sent anywhere."""
    own = f"; script-src {hashed(SCRIPT)}" if script else ""
    return f"default-src 'none'; style-src {hashed(STYLE)}{own}; base-uri 'none'; form-action 'none'"


def hashed(source: str) -> str:
    return f"'sha256-{text(hashlib.sha256(source.encode()).digest())}'"


def text(raw: bytes) -> str:
    return b64encode(raw).decode()
