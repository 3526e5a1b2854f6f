"""What `kubectl kustomize` would make of a folder of deploy/kubernetes/, without a cluster and without kubectl.

Strict: a key, a patch or a file that this cannot follow is an error: what is looked at is what would be applied.
"""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeGuard

import yaml

KNOWN = {
    "apiVersion",
    "configMapGenerator",
    "images",
    "kind",
    "labels",
    "nameSuffix",
    "namespace",
    "patches",
    "resources",
}
# By what the parts of a list are told from each other, as Kubernetes has it.
TOLD_BY = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}
UNPLACED = {"Namespace"}
LABELLED = {"Deployment", "Ingress", "Job", "PodDisruptionBudget", "Service", "ServiceAccount"}

Object = dict[str, Any]


def is_object(value: Any) -> TypeGuard[Object]:
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


class Unclear(Exception):
    """A kustomization says something that cannot be followed."""


def rendered(folder: Path) -> list[Object]:
    said = yaml.safe_load((folder / "kustomization.yaml").read_text())
    if unknown := set(said) - KNOWN:
        raise Unclear(f"{folder.name}: {sorted(unknown)}")
    objects = [each for name in said["resources"] for each in resource(folder / name)]
    objects += [config_map(folder, each) for each in said.get("configMapGenerator", [])]
    for patch in said.get("patches", []):
        patched(objects, folder, patch)
    for labels in said.get("labels", []):
        for each in objects:
            label(each, labels)
    if suffix := said.get("nameSuffix"):
        renamed(objects, suffix)
    for each in objects:
        for image in said.get("images", []):
            for container in containers(each):
                if container["image"] == image["name"]:
                    container["image"] = f"{image['newName']}:{image['newTag']}"
        if "namespace" in said and each["kind"] not in UNPLACED:
            each["metadata"]["namespace"] = said["namespace"]
    return objects


def resource(path: Path) -> list[Object]:
    return rendered(path) if path.is_dir() else [each for each in yaml.safe_load_all(path.read_text()) if each]


def config_map(folder: Path, said: Object) -> Object:
    data = {name: (folder / name).read_text() for name in said["files"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": said["name"]}, "data": data}


def label(each: Object, said: Object) -> None:
    if said.keys() != {"pairs", "includeSelectors"} or each["kind"] not in LABELLED:
        raise Unclear(f"labels of {each['kind']}")
    each["metadata"].setdefault("labels", {}).update(said["pairs"])
    if each["kind"] == "Service":
        each["spec"]["selector"].update(said["pairs"])
        return
    for selector in every(each, "matchLabels"):
        selector.update(said["pairs"])
    if pod_of(each):
        each["spec"]["template"]["metadata"]["labels"].update(said["pairs"])


def renamed(objects: list[Object], suffix: str) -> None:
    """And whatever names them. Config maps would have to be looked for in more places."""
    if unclear := {each["kind"] for each in objects} - LABELLED:
        raise Unclear(f"names of {unclear}")
    for each in objects:
        each["metadata"]["name"] += suffix
        for service in every(each, "service"):
            service["name"] += suffix
        if pod_of(each):
            pod_of(each)["serviceAccountName"] += suffix


def patched(objects: list[Object], folder: Path, said: Object) -> None:
    text = (folder / said["path"]).read_text() if "path" in said else said["patch"]
    patch: Any = yaml.safe_load(text)
    wanted = said.get("target") or {"kind": patch["kind"], "name": patch["metadata"]["name"]}
    (found,) = [
        each for each in objects if (each["kind"], each["metadata"]["name"]) == (wanted["kind"], wanted["name"])
    ]
    if is_list(patch):
        for step in patch:
            changed(found, step)
    elif patch.get("$patch") == "delete":
        objects.remove(found)
    else:
        found.update(merged(found, patch))


def changed(found: Any, step: Object) -> None:
    """As RFC 6902 has it."""
    *way, last = step["path"].strip("/").split("/")
    for name in way:
        found = found[name]
    if step["op"] == "add":
        found[last] = step["value"]
    elif step["op"] == "replace":
        if last not in found:
            raise Unclear(f"there is no {step['path']} to replace")
        found[last] = step["value"]
    elif step["op"] == "remove":
        del found[last]
    else:
        raise Unclear(step["op"])


def merged(old: Any, new: Any, name: str = "") -> Any:
    if is_object(old) and is_object(new):
        return old | {key: merged(old.get(key), value, key) for key, value in new.items()}
    if is_list(old) and name in TOLD_BY:
        by = TOLD_BY[name]
        mine = {each[by]: each for each in old}
        return [*(mine | {each[by]: merged(mine.get(each[by]), each) for each in new}).values()]
    return deepcopy(new)


def containers(each: Object) -> list[Object]:
    return pod_of(each)["containers"] if pod_of(each) else []


def pod_of(each: Object) -> Object:
    """The pod that a workload of ours runs, or nothing."""
    return each["spec"]["template"]["spec"] if each["kind"] in ("Deployment", "Job") else {}


def labels_of(each: Object) -> dict[str, str]:
    """Of the pods that an object makes. CloudNativePG labels its own."""
    if each["kind"] == "Cluster":
        return {"cnpg.io/cluster": each["metadata"]["name"]}
    return each["spec"]["template"]["metadata"]["labels"] if pod_of(each) else {}


def chosen(selector: Object, labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    for rule in selector.get("matchExpressions", []):
        if rule["operator"] != "Exists":
            raise Unclear(rule["operator"])
        wanted = wanted and rule["key"] in labels
    return wanted


def every(value: Any, *names: str) -> Iterator[Any]:
    """Whatever stands under one of these keys, anywhere."""
    if is_object(value):
        for key, inner in value.items():
            if key in names:
                yield inner
            yield from every(inner, *names)
    elif is_list(value):
        for inner in value:
            yield from every(inner, *names)
