"""What can be wrong with Kubernetes objects that are to be applied together."""

from tests.kustomize import Object, chosen, containers, every, labels_of, pod_of


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    return [each for each in objects if each["kind"] in kinds]


def secrets_named(objects: list[Object]) -> dict[str, set[str]]:
    """Each secret that is needed, with those of its keys that are named one by one."""
    needed: dict[str, set[str]] = {}

    def need(name: str, *keys: str) -> None:
        needed.setdefault(name, set()).update(keys)

    for each in objects:
        for volume in pod_of(each).get("volumes", []):
            sources = [volume, *volume.get("projected", {}).get("sources", [])]
            for secret in (source["secret"] for source in sources if "secret" in source):
                if not secret.get("optional"):
                    need(secret.get("secretName") or secret["name"], *(item["key"] for item in secret.get("items", [])))
        for secret in every(each, "secretName"):
            need(secret)
        if each["kind"] == "Cluster":
            for secret in every(each, "secret", "passwordSecret"):
                need(secret["name"], "username", "password")
        for credentials in every(each, "s3Credentials"):
            for secret in credentials.values():
                need(secret["name"], secret["key"])
    return needed


def maps_missing(objects: list[Object]) -> list[str]:
    there = {each["metadata"]["name"]: each["data"] for each in of_kind(objects, "ConfigMap")}
    problems = [
        f"no config map {held['name']}" for each in objects for held in every(pod_of(each), "configMap")
        if held["name"] not in there
    ]  # fmt: skip
    for references in every(objects, "configMapRefs"):
        problems += [f"no {held}" for held in references if held["key"] not in there.get(held["name"], {})]
    return problems


def unpinned(objects: list[Object]) -> list[str]:
    images = [*every(objects, "image", "imageName")]
    return [image for image in images if not image.rpartition(":")[2][:1].isdecimal() or "/" not in image]


def volumes_missing(objects: list[Object]) -> list[str]:
    problems: list[str] = []
    for each in objects:
        there = {volume["name"] for volume in pod_of(each).get("volumes", [])}
        for container in containers(each):
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            problems += [f"{each['metadata']['name']}: {name}" for name in mounted ^ there]
    return problems


def nobody_behind(objects: list[Object]) -> list[str]:
    """Services, budgets, policies and clusters' backups that mean nothing that is there."""
    pods = [labels_of(each) for each in objects if labels_of(each)]
    problems: list[str] = []
    for each in objects:
        name, spec = f"{each['kind']} {each['metadata']['name']}", each.get("spec", {})
        selectors = [spec["selector"]] if each["kind"] in ("PodDisruptionBudget", "Deployment") else []
        selectors += [{"matchLabels": spec["selector"]}] if each["kind"] == "Service" else []
        selectors += [spec["podSelector"]] if each["kind"] == "NetworkPolicy" else []
        selectors += [*every(spec, "labelSelector")]
        problems += [name for selector in selectors if not any(chosen(selector, pod) for pod in pods)]
        if each["kind"] == "ScheduledBackup" and spec["cluster"]["name"] not in names(objects, "Cluster"):
            problems.append(name)
    return problems


def names(objects: list[Object], kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in of_kind(objects, kind)}


def services_missing(objects: list[Object]) -> list[str]:
    ports = {port["name"] for each in objects for container in containers(each) for port in container.get("ports", [])}
    there = {
        (service["metadata"]["name"], port["name"])
        for service in of_kind(objects, "Service")
        for port in service["spec"]["ports"]
        if port["targetPort"] in ports
    }
    asked = [(held["name"], held["port"]["name"]) for held in every(of_kind(objects, "Ingress"), "service")]
    probed = [probe["port"] for probe in every(objects, "httpGet") if probe["port"] not in ports]
    return [*map(str, set(asked) - there), *probed]


def loose(objects: list[Object]) -> list[str]:
    """Containers that may do more than the compose file lets them."""
    problems: list[str] = []
    for each in objects:
        pod = pod_of(each)
        for container in containers(each):
            held = container["securityContext"]
            tight = (
                held["readOnlyRootFilesystem"]
                and not held["allowPrivilegeEscalation"]
                and held["capabilities"] == {"drop": ["ALL"]}
                and pod["securityContext"]["runAsNonRoot"]
                and pod["securityContext"]["runAsUser"] == pod["securityContext"]["runAsGroup"] == 10001
                and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
                and pod["automountServiceAccountToken"] is False
                and container["resources"].keys() == {"requests", "limits"}
                and not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
            )
            if not tight:
                problems.append(f"{each['metadata']['name']}: {container['name']}")
    return problems


def lets(policies: list[Object], sender: Object, receiver: Object, port: int) -> bool:
    """Whether these policies let somebody with `pod` labels, of a namespace with `space` labels, speak to another."""
    return one_way(policies, "egress", "to", sender, receiver, port) and one_way(
        policies, "ingress", "from", receiver, sender, port
    )


def one_way(policies: list[Object], way: str, end: str, held: Object, other: Object, port: int) -> bool:
    if not held["here"]:
        return True  # another namespace's rules are not ours to know
    over = [each["spec"] for each in policies if chosen(each["spec"]["podSelector"], held["pod"])]
    over = [spec for spec in over if way.capitalize() in spec["policyTypes"]]
    return not over or any(
        any(meant(peer, other) for peer in rule[end]) and port in [each["port"] for each in rule["ports"]]
        for spec in over
        for rule in spec.get(way, [])
    )


def meant(peer: Object, other: Object) -> bool:
    if "ipBlock" in peer:
        return bool(other.get("outside"))
    spaced = chosen(peer["namespaceSelector"], other["space"]) if "namespaceSelector" in peer else other["here"]
    return spaced and not other.get("outside") and chosen(peer.get("podSelector", {}), other["pod"])
