"""Discovery: which groups, versions and resources are served, in the plain and in the aggregated form."""

from typing import Any, Final

from gungnir.local.kinds.catalog import ALL_VERBS, Catalog, Kind

Obj = dict[str, Any]
SERVER_VERSION: Final = "v1.33.1"
"""The Kubernetes release whose behaviour is followed; kubectl compares it with its own."""
_GROUP_ORDER: Final = ("", "apps", "events.k8s.io", "authorization.k8s.io", "policy", "rbac.authorization.k8s.io")
_AGGREGATED: Final = "apidiscovery.k8s.io"
_REVIEWS: Final = ("SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview")


def version() -> Obj:
    """Return the body of ``/version``."""
    major, minor, _ = SERVER_VERSION.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"{SERVER_VERSION}+gungnir-local",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "python",
        "platform": "linux/amd64",
    }


def wants_aggregated(accept: str) -> bool:
    """Tell whether a client asks for aggregated discovery."""
    return f"g={_AGGREGATED}" in accept and "v=v2" in accept


def _rows(kind: Kind) -> list[tuple[str, Obj]]:
    """Return a kind's subresources: name and the group, version and kind of what they take."""
    own = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    rows: list[tuple[str, Obj]] = []
    if kind.table == "pods":
        rows.append(("eviction", {"group": "policy", "version": "v1", "kind": "Eviction"}))
        rows.append(("log", own))
    if kind.has_scale:
        rows.append(("scale", {"group": "autoscaling", "version": "v1", "kind": "Scale"}))
    if kind.has_status:
        rows.append(("status", own))
    return rows


_SUBRESOURCE_VERBS: Final = {"eviction": ["create"], "log": ["get"]}


def _subresource_verbs(name: str) -> list[str]:
    return _SUBRESOURCE_VERBS.get(name, ["get", "patch", "update"])


def groups(catalog: Catalog) -> dict[str, list[str]]:
    """Return the versions of every group, in the order in which clients should prefer them."""
    found: dict[str, list[str]] = {"": ["v1"], "authorization.k8s.io": ["v1"]}
    for kind in catalog:
        versions = found.setdefault(kind.group, [])
        if kind.version not in versions:
            versions.append(kind.version)
    order = {name: i for i, name in enumerate(_GROUP_ORDER)}
    return {name: found[name] for name in sorted(found, key=lambda n: (order.get(n, len(order)), n))}


def _group(name: str, versions: list[str]) -> Obj:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def api_versions() -> Obj:
    """Return the body of ``/api``."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(catalog: Catalog) -> Obj:
    """Return the body of ``/apis``."""
    found = [_group(name, versions) for name, versions in groups(catalog).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def one_group(catalog: Catalog, name: str) -> Obj | None:
    """Return the body of ``/apis/GROUP``, or None."""
    versions = groups(catalog).get(name) if name else None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions else None


def resource_list(catalog: Catalog, group: str, version: str) -> Obj | None:
    """Return the resources of one version, or None if it is not served."""
    kinds = [kind for kind in catalog if kind.group == group and kind.version == version]
    resources: list[Obj] = []
    for kind in kinds:
        row: Obj = {
            "name": kind.plural,
            "singularName": kind.singular_name,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": list(ALL_VERBS),
        }
        if kind.short_names:
            row["shortNames"] = list(kind.short_names)
        if kind.categories:
            row["categories"] = list(kind.categories)
        resources.append(row)
        for name, takes in _rows(kind):
            resources.append(
                {
                    "name": f"{kind.plural}/{name}",
                    "singularName": "",
                    "namespaced": kind.namespaced,
                    **takes,
                    "verbs": _subresource_verbs(name),
                }
            )
    if group == "authorization.k8s.io" and version == "v1":
        resources = [
            {
                "name": f"{kind.lower()}s",
                "singularName": kind.lower(),
                "namespaced": False,
                "kind": kind,
                "verbs": ["create"],
            }
            for kind in _REVIEWS
        ]
    if not resources:
        return None
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def aggregated(catalog: Catalog, *, core: bool) -> Obj:
    """Return the aggregated discovery of the core group (``/api``) or of all others (``/apis``)."""
    items = []
    for name, versions in groups(catalog).items():
        if (name == "") != core:
            continue
        entries = [
            {"version": v, "resources": _aggregated_resources(catalog, name, v), "freshness": "Current"}
            for v in versions
        ]
        items.append({"metadata": {"name": name, "creationTimestamp": None}, "versions": entries})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{_AGGREGATED}/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated_resources(catalog: Catalog, group: str, version: str) -> list[Obj]:
    plain = resource_list(catalog, group, version) or {"resources": []}
    found: dict[str, Obj] = {}
    for row in plain["resources"]:
        kind = {
            "group": row.get("group", group),
            "version": row.get("version", version),
            "kind": row["kind"],
        }
        name, _, subresource = row["name"].partition("/")
        if subresource:
            entry = {"subresource": subresource, "responseKind": kind, "verbs": row["verbs"]}
            found[name].setdefault("subresources", []).append(entry)
            continue
        found[name] = {
            "resource": name,
            "responseKind": kind,
            "scope": "Namespaced" if row["namespaced"] else "Cluster",
            "singularResource": row["singularName"],
            "verbs": row["verbs"],
            **({"shortNames": row["shortNames"]} if "shortNames" in row else {}),
            **({"categories": row["categories"]} if "categories" in row else {}),
        }
    return list(found.values())


def access_review(body: Obj) -> Obj:
    """Answer an access review: everything is allowed here."""
    if body.get("kind") == "SelfSubjectRulesReview":
        rule = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        urls = {"verbs": ["*"], "nonResourceURLs": ["*"]}
        return {**body, "status": {"resourceRules": [rule], "nonResourceRules": [urls], "incomplete": False}}
    return {**body, "status": {"allowed": True, "reason": "the local cluster allows everything"}}
