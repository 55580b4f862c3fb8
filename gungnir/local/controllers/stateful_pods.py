"""The pods, claims and revisions that a StatefulSet stands for. Pure: objects in, objects out.

Source: "StatefulSets" of the Kubernetes documentation; labels as in "Stable network ID" and "Pod index label".
"""

import copy
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from gungnir.api.names import POD_NAME_LABEL
from gungnir.local.controllers.base import Obj, owner_reference

POD_INDEX_LABEL: Final = "apps.kubernetes.io/pod-index"
REVISION_LABEL: Final = "controller-revision-hash"
_SAFE_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_HASH_LENGTH: Final = 10
_ORDINAL: Final = re.compile(r"(.+)-(\d+)")


def template_hash(template: Mapping[str, Any]) -> str:
    """A short name for the content of a pod template, in letters that spell no words."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(_SAFE_ALPHABET[byte % len(_SAFE_ALPHABET)] for byte in digest[:_HASH_LENGTH])


def pod_name(stateful_set: Mapping[str, Any], ordinal: int) -> str:
    """Name of the pod with this ordinal."""
    return f"{stateful_set['metadata']['name']}-{ordinal}"


def ordinal_of(stateful_set: Mapping[str, Any], pod: Mapping[str, Any]) -> int | None:
    """Ordinal of a pod by its name, None if it is not the name of one of the set's pods."""
    match = _ORDINAL.fullmatch(pod["metadata"]["name"])
    if match is None or match.group(1) != stateful_set["metadata"]["name"]:
        return None
    return int(match.group(2))


def revision_of(pod: Mapping[str, Any]) -> str:
    """Name of the revision that a pod was made from."""
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))


def claim_names(stateful_set: Mapping[str, Any], pod: str) -> dict[str, str]:
    """Volume name -> claim name, for one pod."""
    templates = stateful_set["spec"].get("volumeClaimTemplates") or []
    return {entry["metadata"]["name"]: f"{entry['metadata']['name']}-{pod}" for entry in templates}


def retention(stateful_set: Mapping[str, Any], event: str) -> str:
    """What happens to claims on ``whenDeleted`` or ``whenScaled``: ``Retain`` or ``Delete``."""
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return str(policy.get(event) or "Retain")


def build_pod(stateful_set: Mapping[str, Any], template: Mapping[str, Any], ordinal: int, revision: str) -> Obj:
    """The pod with this ordinal, made from ``template`` of ``revision``."""
    metadata, name = stateful_set["metadata"], pod_name(stateful_set, ordinal)
    given = template.get("metadata") or {}
    spec = copy.deepcopy(dict(template["spec"]))
    spec["hostname"] = name
    if stateful_set["spec"].get("serviceName"):
        spec["subdomain"] = stateful_set["spec"]["serviceName"]
    claims = claim_names(stateful_set, name)
    others = [volume for volume in spec.get("volumes") or [] if volume["name"] not in claims]
    claimed = [{"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in claims.items()]
    spec["volumes"] = others + claimed
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": {
                **(given.get("labels") or {}),
                POD_NAME_LABEL: name,
                POD_INDEX_LABEL: str(ordinal),
                REVISION_LABEL: revision,
            },
            **({"annotations": dict(given["annotations"])} if given.get("annotations") else {}),
            "ownerReferences": [owner_reference(stateful_set)],
        },
        "spec": spec,
    }


def build_claims(stateful_set: Mapping[str, Any], ordinal: int) -> list[Obj]:
    """The claims of the pod with this ordinal."""
    name = pod_name(stateful_set, ordinal)
    selector = stateful_set["spec"]["selector"].get("matchLabels") or {}
    claims = []
    for template in stateful_set["spec"].get("volumeClaimTemplates") or []:
        given = template["metadata"]
        metadata: Obj = {
            "name": f"{given['name']}-{name}",
            "namespace": stateful_set["metadata"]["namespace"],
            "labels": {**(given.get("labels") or {}), **selector},
        }
        if given.get("annotations"):
            metadata["annotations"] = dict(given["annotations"])
        if retention(stateful_set, "whenDeleted") == "Delete":
            metadata["ownerReferences"] = [owner_reference(stateful_set, controller=False)]
        claims.append(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": metadata,
                "spec": copy.deepcopy(template["spec"]),
            }
        )
    return claims


def build_revision(stateful_set: Mapping[str, Any], name: str, number: int) -> Obj:
    """The record of the set's present template."""
    metadata, template = stateful_set["metadata"], stateful_set["spec"]["template"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": dict((template.get("metadata") or {}).get("labels") or {}),
            "ownerReferences": [owner_reference(stateful_set)],
        },
        "data": {"spec": {"template": copy.deepcopy(template)}},
        "revision": number,
    }
