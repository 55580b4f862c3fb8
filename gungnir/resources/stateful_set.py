"""The StatefulSet: names and volumes for the pods, nothing more.

Rules:
- Pods start in parallel and are replaced only by who deletes them (``OnDelete``): an ordinal never says who is primary,
  so an order by ordinal would now and then begin with the primary.
- The epoch parts (annotation and the init container's users) belong to the failover machine: ``with_epoch``
  is its write.
"""

import copy
from collections.abc import Mapping
from typing import Any, Final

from gungnir.api import names
from gungnir.resources.credentials import voting_user
from gungnir.resources.epoch import EPOCH, epoch_of
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import metadata, propagation
from gungnir.resources.manifest import Manifest
from gungnir.resources.pod_template import INIT_CONTAINER, OPERATOR_USERS, pod_template
from gungnir.resources.rollout import template_hash

HISTORY_LIMIT: Final = 3
"""Old revisions kept for people who want to compare; the operator uses none."""


def stateful_set(inputs: BuildInputs) -> Manifest:
    """Return the StatefulSet.

    Raises:
        UserError: The operator key or a line of ``spec.config`` is malformed.
    """
    cluster = inputs.cluster
    persistence = cluster.spec.persistence
    template = pod_template(inputs)
    template["metadata"]["annotations"][names.TEMPLATE_HASH_ANNOTATION] = template_hash(template)
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(
            cluster, names.stateful_set(cluster.name), {**propagation(cluster), EPOCH: str(inputs.epoch)}
        ),
        "spec": {
            "replicas": cluster.spec.replicas if inputs.replicas is None else inputs.replicas,
            "serviceName": names.headless_service(cluster.name),
            "podManagementPolicy": "Parallel",
            "updateStrategy": {"type": "OnDelete"},
            "revisionHistoryLimit": HISTORY_LIMIT,
            "selector": {"matchLabels": names.selector_labels(cluster.name)},
            "template": template,
            # A pod that a scale-down took away may hold the newest data: its volume stays in any case.
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain" if persistence.retain else "Delete",
                "whenScaled": "Retain",
            },
            **({"volumeClaimTemplates": [_data_claim(inputs)]} if persistence.enabled else {}),
        },
    }


def with_epoch(stateful_set: Mapping[str, Any], epoch: int, operator_users: str) -> Manifest:
    """Return a copy in whose template new volumes start at ``epoch``: the one write of a failover here.

    Args:
        stateful_set: The StatefulSet, built or as read.
        epoch: The epoch to start at.
        operator_users: Its ACL lines, as ``credentials.acl_lines`` returns them.
    """
    changed: Manifest = copy.deepcopy(dict(stateful_set))
    template = changed["spec"]["template"]
    for part in (changed["metadata"], template["metadata"]):
        part["annotations"] = {**(part.get("annotations") or {}), EPOCH: str(epoch)}
    for container in template["spec"].get("initContainers") or ():
        if container["name"] == INIT_CONTAINER:
            others = [entry for entry in container.get("env") or () if entry["name"] != OPERATOR_USERS]
            container["env"] = [*others, {"name": OPERATOR_USERS, "value": operator_users}]
    return changed


def epoch_parts(stateful_set: Mapping[str, Any]) -> tuple[int, str] | None:
    """Return the epoch at which new volumes start and its ACL lines.

    None if the parts do not belong together (one was edited by hand): a new volume would then start with users that no
    operator knows.

    Args:
        stateful_set: The StatefulSet as read.
    """
    template = stateful_set.get("spec", {}).get("template", {})
    epoch, users = epoch_of(template), operator_users_of(template)
    if epoch is None or epoch != epoch_of(stateful_set) or not users.startswith(f"user {voting_user(epoch)} "):
        return None
    return epoch, users


def operator_users_of(template: Mapping[str, Any]) -> str:
    """Return the ACL lines that a pod template's init container carries; empty if there are none.

    Compared with ``credentials.acl_lines`` of the same epoch they also tell whether the operator key is still the one
    with which the pods were made.

    Args:
        template: A pod template.
    """
    for container in template.get("spec", {}).get("initContainers") or ():
        if container.get("name") == INIT_CONTAINER:
            for entry in container.get("env") or ():
                if entry.get("name") == OPERATOR_USERS:
                    return str(entry.get("value", ""))
    return ""


def carried(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Manifest:
    """Return ``desired`` with what others own in ``live``: the failover machine's epoch parts.

    Args:
        desired: As ``stateful_set`` returns it.
        live: The StatefulSet as read.
    """
    parts = epoch_parts(live)
    return with_epoch(desired, *parts) if parts else copy.deepcopy(dict(desired))


def _data_claim(inputs: BuildInputs) -> Manifest:
    persistence = inputs.cluster.spec.persistence
    storage_class = persistence.storage_class_name
    return {
        # No user labels: this part of a StatefulSet cannot change.
        "metadata": {"name": "data", "labels": names.selector_labels(inputs.cluster.name)},
        "spec": {
            "accessModes": list(persistence.access_modes),
            "resources": {"requests": {"storage": persistence.size}},
            **({} if storage_class is None else {"storageClassName": storage_class}),
        },
    }
