"""The Service that leads clients to the primary.

Rule: its selector names exactly one pod, or one that cannot exist. A label that is moved from pod to pod could be on
two of them for a moment; a selector is one field of one object. Readiness plays no part: the failover machine knows
better.

The pod and the epoch belong to the failover machine. The builder sets them only in an object that does not exist yet.
"""

import copy
from collections.abc import Mapping
from typing import Any

from gungnir.api import names
from gungnir.resources.epoch import EPOCH, epoch_of
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import metadata
from gungnir.resources.manifest import Manifest
from gungnir.resources.ports import service_ports


def client_service(inputs: BuildInputs) -> Manifest:
    """Return the Service as it is created."""
    cluster = inputs.cluster
    created: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(cluster, names.client_service(cluster.name)),
        "spec": {
            "type": "ClusterIP",
            "publishNotReadyAddresses": True,
            "selector": names.selector_labels(cluster.name),
            "ports": service_ports(cluster),
        },
    }
    return with_primary(created, inputs.primary, inputs.epoch)


def with_primary(service: Mapping[str, Any], pod: str | None, epoch: int) -> Manifest:
    """Return a copy of the Service that leads to ``pod``, on behalf of ``epoch``: the one write of a failover here.

    Args:
        service: The client Service, built or as read.
        pod: The pod to select; None selects nobody.
        epoch: Epoch that decided it.
    """
    changed: Manifest = copy.deepcopy(dict(service))
    metadata_part = changed["metadata"]
    metadata_part["annotations"] = {**(metadata_part.get("annotations") or {}), EPOCH: str(epoch)}
    spec = changed["spec"]
    spec["selector"] = {**(spec.get("selector") or {}), names.POD_NAME_LABEL: pod or names.NOBODY}
    return changed


def primary_of(service: Mapping[str, Any]) -> str | None:
    """Return the pod that the Service leads to; None if it leads to nobody.

    A selector without a pod name (edited by hand: it leads to every pod) also gives None; the reconcile machine sees
    that as drift, and ``carried`` then puts back what the builder was told.

    Args:
        service: The client Service as read.
    """
    pod = (service.get("spec", {}).get("selector") or {}).get(names.POD_NAME_LABEL)
    return None if pod in (None, names.NOBODY) else str(pod)


def carried(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Manifest:
    """Return ``desired`` with what the failover machine wrote into ``live``: the pod and the epoch.

    Args:
        desired: As ``client_service`` returns it.
        live: The Service as read.
    """
    selector = live.get("spec", {}).get("selector") or {}
    pod = primary_of(live if names.POD_NAME_LABEL in selector else desired)
    epoch = epoch_of(live)
    return with_primary(desired, pod, epoch if epoch is not None else epoch_of(desired) or 0)
