"""Which issuers a server trusts: every mistake is told at once, by its setting's name, and no secret is repeated."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from joserfc.jwk import OctKey

from catch.identity.settings import FILE, Trusted, read, where_to_sign_in
from catch.identity.trust import refuse_both, verifier
from catch.settings import BadSetting
from tests.issuer import CURVE, KEY

ONE: dict[str, Any] = {
    "key": "county",
    "name": "Example County",
    "issuer": "https://id.example.org/realms/catch",
    "client_id": "catch",
    "client_secret_file": "secret",
}


def file_of(folder: Path, content: object) -> dict[str, str]:
    (folder / "secret").write_text("s3cret\n")
    (folder / "identity.yaml").write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return {FILE: str(folder / "identity.yaml")}


def told(folder: Path, *issuers: dict[str, Any], **place: Any) -> str:
    """What is said to be wrong."""
    content = {"address": "https://catch.example.org", "issuers": [*issuers]} | place
    with pytest.raises(BadSetting) as refused:
        read(file_of(folder, content))
    assert "s3cret" not in str(refused.value)
    return str(refused.value)


def test_nothing_said_is_nobody_trusted():
    assert read({}) == Trusted()


def test_a_file_names_several_issuers(tmp_path: Path):
    second = ONE | {"key": "health", "issuer": "https://am.example.nhs.uk:443/openam", "private_key_file": "key"}
    (tmp_path / "key").write_bytes(KEY.as_pem(private=True))
    del second["client_secret_file"]
    second |= {"signing_algorithm": "RS512", "key_id": "one", "acr_values": ["AAL3"], "leeway": 60}
    content = {"address": "https://catch.example.org", "idle_minutes": 15, "issuers": [ONE, second]}
    trusted = read(file_of(tmp_path, content))
    assert [each.key for each in trusted.issuers] == ["county", "health"]
    assert trusted.secrets["county"].password == "s3cret"
    held = trusted.secrets["health"].key
    assert held is not None
    assert (held.get("alg"), held.get("kid")) == ("RS512", "one")
    assert where_to_sign_in(trusted, "health") == "https://catch.example.org/sign-in/callback/health"
    assert (trusted.identity.idle_minutes, trusted.identity.absolute_minutes) == (15, 600)


def test_one_issuer_is_named_by_the_environment(tmp_path: Path):
    (tmp_path / "secret").write_text("s3cret\n")
    trusted = read(
        {
            "CATCH_ADDRESS": "http://127.0.0.1:8000",
            "CATCH_IDLE_MINUTES": "10",
            "CATCH_OIDC_ISSUER": "https://id.example.org",
            "CATCH_OIDC_CLIENT_ID": "catch",
            "CATCH_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
            "CATCH_OIDC_ALGORITHMS": "RS256 ES256",
            "CATCH_OIDC_LEEWAY": "5",
        }
    )
    (issuer,) = trusted.issuers
    assert (issuer.key, issuer.algorithms, issuer.leeway) == ("issuer", ("RS256", "ES256"), 5)
    assert trusted.identity.idle_minutes == 10
    assert trusted.secrets["issuer"].password == "s3cret"


def test_a_mistake_in_the_environment_is_told_by_the_variable():
    with pytest.raises(BadSetting) as refused:
        read({"CATCH_OIDC_ISSUER": "http://id.example.org", "CATCH_OIDC_CLIENT_ID": "c", "CATCH_OIDC_LEEWAY": "x"})
    assert str(refused.value).startswith("CATCH_OIDC_LEEWAY: ")
    with pytest.raises(BadSetting) as refused:
        read({"CATCH_OIDC_ISSUER": "http://id.example.org", "CATCH_OIDC_CLIENT_ID": "c", "CATCH_OIDC_FLY": "x"})
    assert "CATCH_OIDC_FLY: there is no such setting." in str(refused.value)
    with pytest.raises(BadSetting) as refused:
        read({"CATCH_OIDC_ISSUER": "http://id.example.org", "CATCH_OIDC_CLIENT_ID": "c"})
    said = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "CATCH_ADDRESS",
        "CATCH_OIDC_ISSUER",
        "CATCH_OIDC_CLIENT_SECRET_FILE",
    ]


def test_a_file_and_the_environment_are_not_mixed(tmp_path: Path):
    environ = file_of(tmp_path, {"address": "https://catch.example.org", "issuers": [ONE]})
    assert read(environ).issuers
    with pytest.raises(BadSetting, match=f"CATCH_OIDC_ISSUER and {FILE} are both set"):
        read(environ | {"CATCH_OIDC_ISSUER": "https://id.example.org"})
    with pytest.raises(BadSetting, match=f"CATCH_ADDRESS and {FILE} are both set"):
        read(environ | {"CATCH_ADDRESS": "https://id.example.org"})


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an address in the open": ({"issuer": "http://id.example.org"}, "issuers[0].issuer: it must be an https address"),
    "a name in the address": ({"issuer": "https://a@id.example.org"}, "issuers[0].issuer:"),
    "a question in the address": ({"issuer": "https://id.example.org?a=1"}, "issuers[0].issuer:"),
    "no address": ({"issuer": "id.example.org"}, "issuers[0].issuer:"),
    "a key in capitals": ({"key": "County"}, "issuers[0].key: it must be a key"),
    "a key that is ours": ({"key": "catch-development"}, "issuers[0].key:"),
    "no name": ({"name": " "}, "issuers[0].name: it must not be empty"),
    "a secret among the settings": ({"client_secret": "s3cret"}, "issuers[0].client_secret: there is no such setting"),
    "two secrets": ({"private_key_file": "secret"}, "issuers[0].client_secret_file: set this, or private_key_file"),
    "no secret": ({"client_secret_file": None}, "issuers[0].client_secret_file: set this, or private_key_file"),
    "a secret that is not there": ({"client_secret_file": "none"}, "issuers[0].client_secret_file: No such file"),
    "an empty secret": ({"client_secret_file": "empty"}, "issuers[0].client_secret_file: the file is empty"),
    "a key that is none": (
        {"client_secret_file": None, "private_key_file": "secret"},
        "issuers[0].private_key_file: it holds no private key",
    ),
    "a public key": (
        {"client_secret_file": None, "private_key_file": "public"},
        "issuers[0].private_key_file: it holds a public key",
    ),
    "a secret for a key": (
        {"client_secret_file": None, "private_key_file": "oct"},
        "issuers[0].private_key_file: it holds no private key",
    ),
    "a key that cannot sign so": (
        {"client_secret_file": None, "private_key_file": "curve", "signing_algorithm": "RS256"},
        "issuers[0].private_key_file: the key cannot sign by RS256",
    ),
    "the name of no key": ({"key_id": "one"}, "issuers[0].key_id: this belongs to private_key_file"),
    "an algorithm with a secret": ({"algorithms": ["RS256", "HS256"]}, "issuers[0].algorithms: they must be among"),
    "no signature": ({"algorithms": ["none"]}, "issuers[0].algorithms: they must be among"),
    "no algorithm": ({"algorithms": []}, "issuers[0].algorithms: they must be among"),
    "one audience for both": ({"audience": "catch"}, "issuers[0].audience: it must differ from client_id"),
    "another type": ({"token_type": "id"}, "issuers[0].token_type: it must be at+jwt or jwt"),
    "another way in": ({"client_auth": "none"}, "issuers[0].client_auth: it must be basic or post"),
    "too much leeway": ({"leeway": 600}, "issuers[0].leeway: it must be from 0 to 120"),
    "no openid": ({"scopes": ["profile"]}, "issuers[0].scopes: openid must be among them"),
    "certificates that are not there": ({"ca_file": "none"}, "issuers[0].ca_file: No such file"),
    "certificates that are none": ({"ca_file": "secret"}, "issuers[0].ca_file:"),
    "a setting that nobody knows": ({"fly": True}, "issuers[0].fly: there is no such setting"),
    "a number for a text": ({"client_id": 5}, "issuers[0].client_id: Expected `str`"),
}


@pytest.mark.parametrize("which", WRONG)
def test_each_mistake_is_told_in_a_sentence_with_its_setting(tmp_path: Path, which: str):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "public").write_bytes(KEY.as_pem(private=False))
    (tmp_path / "curve").write_bytes(CURVE.as_pem(private=True))
    (tmp_path / "oct").write_text(json.dumps(OctKey.generate_key(256).as_dict()))
    change, said = WRONG[which]
    issuer = {name: value for name, value in (ONE | change).items() if value is not None}
    lines = told(tmp_path, issuer).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{FILE}: {said}")


def test_all_mistakes_are_told_at_once(tmp_path: Path):
    said = told(
        tmp_path,
        ONE | {"leeway": -1},
        ONE | {"algorithms": ["HS256"], "scopes": []},
        address="https://catch.example.org/path",
        idle_minutes=0,
        proxy="proxy",
    ).splitlines()
    assert [line.removeprefix(f"{FILE}: ").partition(":")[0] for line in said] == [
        "address",
        "idle_minutes",
        "proxy",
        "issuers[0].leeway",
        "issuers[1].scopes",
        "issuers[1].algorithms",
        "issuers[1].key",
        "issuers[1].issuer",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("issuers: [\n", "The file is not YAML"),
        ("a: &a 1\n", "anchors"),
        ("address: x\naddress: y\n", "'address' is given twice"),
        ("5\n", "Expected `object`"),
    ],
)
def test_what_is_no_file_of_settings_is_told(tmp_path: Path, content: str, said: str):
    with pytest.raises(BadSetting, match=said):
        read(file_of(tmp_path, content))


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(BadSetting, match=f"{FILE}: No such file"):
        read({FILE: str(tmp_path / "none")})


def test_development_and_a_real_issuer_are_never_trusted_side_by_side(tmp_path: Path):
    real = read(file_of(tmp_path, {"address": "https://catch.example.org", "issuers": [ONE]}))
    for trusted, development in ((real, False), (Trusted(), True), (Trusted(), False)):
        refuse_both(trusted, development=development)
    with pytest.raises(BadSetting, match=r"--development .*county.*CATCH_IDENTITY_FILE"):
        verifier(tmp_path, lambda issuer, subject: "", real, None, None, development=True)  # type: ignore[arg-type]
