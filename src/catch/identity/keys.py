"""Public keys of issuers, our own private ones, and by which algorithm each may sign. None is symmetric."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

Key = RSAKey | ECKey | OKPKey

ALGORITHMS: Final[Mapping[str, tuple[str, str | None]]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""Each with the type and the curve of the keys that it takes. RFC 9864 has `Ed25519` for what was called EdDSA."""
_KINDS: Final = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
SMALLEST: Final = 2048
"""Bits of an RSA key."""
MOST: Final = 100
"""Keys of one issuer that are looked at."""
Jwk = dict[str, Any]


class KeyUnusable(Exception):
    """Why, in a sentence."""


class Published:
    """An issuer's keys as it published them at one time. Raises ValueError where that is no set of keys."""

    def __init__(self, text: bytes) -> None:
        said = cast("object", msgspec.json.decode(text))
        keys = cast("dict[str, object]", said).get("keys") if isinstance(said, dict) else None
        if not isinstance(keys, list):
            raise ValueError("it has no list `keys`")
        self.keys = [*_usable(cast("list[object]", keys)[:MOST])]

    def fitting(self, kid: str | None, algorithm: str) -> Key | None:
        """The one key that such a token can be by; none where there are several, which nothing tells apart."""
        found = [key for key in self.keys if kid in (None, key.get("kid")) and suits(key, algorithm)]
        return found[0] if len(found) == 1 else None


def _usable(keys: Iterable[object]) -> Iterable[Key]:
    """What is not understood is passed over, as RFC 7517 asks; so is what could not have signed a token."""
    for held in keys:
        if not isinstance(held, dict):
            continue
        jwk = cast("Jwk", held)
        kind = _KINDS.get(str(jwk.get("kty")))
        if kind is None or jwk.get("use") not in (None, "sig") or "verify" not in jwk.get("key_ops", ["verify"]):
            continue
        key = imported(kind, {name: value for name, value in jwk.items() if name not in ("x5c", "x5u", "key_ops")})
        if key is not None and not key.is_private and large(key):
            yield key


def imported(kind: type[Key], held: str | Jwk) -> Key | None:
    """None for what is no key of this kind."""
    # A key that is too small is told by a warning, and by us.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        try:
            return kind.import_key(cast("Any", held))
        except (JoseError, ValueError, TypeError, KeyError):
            return None


def large(key: Key) -> bool:
    raw: object = key.raw_value
    return not isinstance(raw, RSAPublicKey | RSAPrivateKey) or raw.key_size >= SMALLEST


def suits(key: Key, algorithm: str) -> bool:
    kind, curve = ALGORITHMS[algorithm]
    said = key.get("alg")
    of_it = said in (None, algorithm) or (algorithm, said) == ("Ed25519", "EdDSA")
    return of_it and key.key_type == kind and curve in (None, key.get("crv"))


def own(text: str, algorithm: str | None, key_id: str | None) -> Key:
    """Our private key, with the algorithm that we sign by and the name it has with the issuer. Raises `KeyUnusable`."""
    key = _private(text)
    if not key.is_private:
        raise KeyUnusable("it holds a public key; the private one is needed.")
    if not large(key):
        raise KeyUnusable(f"an RSA key must have at least {SMALLEST:,} bits.")
    suiting = [each for each in ALGORITHMS if suits(key, each)]
    if not suiting or (algorithm is not None and algorithm not in suiting):
        raise KeyUnusable(f"the key cannot sign by {algorithm or 'any of our algorithms'}; it can by {suiting}.")
    extra = {"alg": algorithm or suiting[0], **({"kid": key_id} if key_id else {})}
    held = {name: value for name, value in key.as_dict(private=True).items() if name not in ("use", "key_ops")}
    return _KINDS[key.key_type].import_key({**held, **extra})


def _private(text: str) -> Key:
    try:
        held = msgspec.json.decode(text, type=Jwk) if text.startswith("{") else text
    except msgspec.MsgspecError:
        held = ""
    for kind in _KINDS.values():
        if key := imported(kind, held):
            return key
    raise KeyUnusable("it holds no private key as PEM or JWK, without a password.")
