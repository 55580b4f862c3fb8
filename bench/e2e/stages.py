"""Where the time of a failover goes: what each part wrote to the API server, by its audit log, and what clients saw.

All of it runs on one machine, so all of it has one clock.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from gungnir.api import names
from tests.e2e.nodes import Write

STAGES: Final[Mapping[str, str]] = {
    "kubelet": "the kubelet reports the pod: what who relies on Kubernetes alone has to wait for",
    "record": "ours: the loss is seen, and a new epoch is in the record",
    "closed": "ours: the client Service leads nowhere",
    "promoted": "ours: a replica says that it is primary (it is asked every 50 ms)",
    "service": "ours: the client Service leads to it",
    "endpoints": "the EndpointSlice controller has its address",
    "served": "kube-proxy has written its rules, and the clients have tried again: the first acknowledged write",
}
"""What is seen, in the order of the failover, and whose work it is."""

_CONTROLLER: Final = "system:serviceaccount:kube-system:endpointslice-controller"
_KUBELET: Final = "system:node:"


def stages(
    writes: Iterable[Write],
    *,
    account: str,
    cluster: str,
    primary: str,
    fault_s: float,
    promoted_s: float | None,
    served_s: float,
) -> dict[str, float]:
    """Name what was seen, in milliseconds after the fault; what was not seen is left out.

    Args:
        writes: The audit log.
        account: Who the operator is there.
        cluster: Name of the ValkeyCluster.
        primary: The pod that was lost.
        fault_s: When it was, in seconds since 1970, as all other moments.
        promoted_s: When another pod was first seen to be primary, if it was.
        served_s: When the first write was acknowledged that the new primary accepted.
    """
    service = names.client_service(cluster)
    found: dict[str, float] = {}
    if promoted_s is not None:
        found["promoted"] = promoted_s
    for write in writes:
        at_s = datetime.fromisoformat(write.at).timestamp()
        if not fault_s <= at_s <= served_s or write.code >= 400:  # noqa: PLR2004 - HTTP's own boundary
            continue
        if write.user.startswith(_KUBELET) and (write.resource, write.name) == ("pods/status", primary):
            found.setdefault("kubelet", at_s)
        elif write.user == account and (write.resource, write.name) == ("valkeyclusters/status", cluster):
            if "closed" not in found:
                found["record"] = at_s  # the last one before the Service leads nowhere is the epoch's
        elif write.user == account and (write.resource, write.name) == ("services", service):
            found.setdefault("closed", at_s)
            found["service"] = at_s  # the last one before clients are served leads to the new primary
        elif write.user == _CONTROLLER and write.resource == "endpointslices" and write.name.startswith(service):
            found["endpoints"] = at_s
    found["served"] = served_s
    return {name: round((found[name] - fault_s) * 1000, 1) for name in STAGES if name in found}
