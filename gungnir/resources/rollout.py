"""Which pods run what an older template said.

Rule: the epoch is no reason to replace a pod. It changes with every failover, and a running pod learns it by command.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from gungnir.api import names
from gungnir.resources.epoch import EPOCH
from gungnir.resources.manifest import Manifest, content_hash
from gungnir.resources.pod_template import OPERATOR_USERS


def template_hash(template: Mapping[str, Any]) -> str:
    """Return the hash of a pod template without its epoch parts and without the hash itself.

    Args:
        template: As ``pod_template`` returns it. It names the hash of valkey.conf in an annotation, so that is covered.
    """
    stripped: Manifest = copy.deepcopy(dict(template))
    for annotation in (EPOCH, names.TEMPLATE_HASH_ANNOTATION):
        stripped["metadata"].get("annotations", {}).pop(annotation, None)
    for container in stripped["spec"].get("initContainers", ()):
        container["env"] = [entry for entry in container.get("env", ()) if entry["name"] != OPERATOR_USERS]
    return content_hash(stripped)


def rollout_pending(pods: Iterable[Mapping[str, Any]], desired: Mapping[str, Any]) -> list[str]:
    """Return the names of the pods that await a rollout, in order of their ordinals.

    Pods that are being deleted, and pods beyond ``replicas``, do not count: they are about to go anyway.

    Args:
        pods: The cluster's pods as read.
        desired: The StatefulSet as built.
    """
    spec = desired["spec"]
    wanted = spec["template"]["metadata"]["annotations"][names.TEMPLATE_HASH_ANNOTATION]
    staying = [names.pod(desired["metadata"]["name"], ordinal) for ordinal in range(spec["replicas"])]
    outdated = {
        pod["metadata"]["name"]
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp")
        and (pod["metadata"].get("annotations") or {}).get(names.TEMPLATE_HASH_ANNOTATION) != wanted
    }
    return [name for name in staying if name in outdated]
