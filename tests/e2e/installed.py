"""The operator as its chart installs it, and where its pods are: for the tests and for the measurements."""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gungnir.api import names
from gungnir.demo.api import Api
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.trial import Trial
from gungnir.demo.waiting import wait_for
from gungnir.demo.writers import Load
from gungnir.runtime.kube_resources import LEASES, PODS
from tests.e2e.client import CHART, Programs
from tests.e2e.nodes import Nodes

KUBECONFIG: Final = "GUNGNIR_E2E_KUBECONFIG"
IMAGE: Final = "GUNGNIR_E2E_IMAGE"
VALUES: Final = "GUNGNIR_E2E_VALUES"
"""More of the chart's values, as `helm --set` takes them."""
HOME: Final = "gungnir-system"
RELEASE: Final = "gungnir-operator"
ACCOUNT: Final = f"system:serviceaccount:{HOME}:{RELEASE}"
"""Who the operator is in the audit log."""
READY_MS: Final = 90_000
"""From the request to pods that are ready: kubelets pull nothing, but start containers one after the other."""

QUIET_S: Final = float(os.environ.get("GUNGNIR_E2E_QUIET_S", "180"))
"""How long nothing is done while the operator's writes are counted."""
LOAD: Final = Load(writers=4, rate_per_s=50, wait_every=5)


def image_values(image: str = "") -> tuple[str, ...]:
    """The chart's values that name an image: the one under test, or another."""
    image = image or os.environ.get(IMAGE, "")
    if not image:
        return ()
    repository, _, tag = image.rpartition(":")
    return ("--set", f"image.repository={repository}", "--set", f"image.tag={tag}")


def install(programs: Programs) -> None:
    """Install the operator with its chart's defaults, but for ``VALUES``, and wait until both of its pods are ready."""
    more = ("--set", os.environ[VALUES]) if os.environ.get(VALUES) else ()
    where = ("--namespace", HOME, "--create-namespace", "--wait")
    programs.helm("install", RELEASE, str(CHART), *where, *image_values(), *more)


def uninstall(programs: Programs) -> None:
    """Remove what ``install`` installed, and wait until it is gone."""
    programs.helm("uninstall", RELEASE, "--namespace", HOME, "--wait")


async def ask_for(api: Api, namespace: str, name: str, spec: Mapping[str, Any]) -> ManagedCluster:
    """Apply a ValkeyCluster, whose servers ask for processor time.

    All nodes share one machine: without a share of their own, servers wait for seconds while an operator starts.
    """
    metadata = {"name": name, "namespace": namespace}
    share = {"resources": {"requests": {"cpu": "250m"}}}
    await api.apply(
        [{"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": metadata, "spec": {**share, **spec}}]
    )
    return ManagedCluster(api, namespace, name)


async def pod_of(cluster: ManagedCluster, name: str) -> dict[str, Any]:
    """A pod that has to be there."""
    found = await cluster.api.get(PODS, cluster.namespace, name)
    assert found is not None, f"pod {name} is not there"
    return found


async def leading_pod(api: Api) -> dict[str, Any]:
    """The operator's pod that holds the lease, once one does."""

    async def holder() -> dict[str, Any] | None:
        lease = await api.get(LEASES, HOME, RELEASE) or {}
        name = (lease.get("spec") or {}).get("holderIdentity")
        return await api.get(PODS, HOME, name) if name else None

    return await wait_for("an operator that leads", holder, timeout_ms=READY_MS, poll_ms=100)


async def operators_ready(api: Api) -> None:
    """Wait until both of the operator's pods are ready, and no third one is left."""

    async def both() -> bool:
        found = await api.list(PODS, HOME, f"app.kubernetes.io/instance={RELEASE}")
        conditions = [c for pod in found for c in pod["status"].get("conditions") or [] if c["type"] == "Ready"]
        return len(found) == 2 and [c["status"] for c in conditions] == ["True", "True"]

    await wait_for("both operators", both, timeout_ms=READY_MS, poll_ms=500)


async def primary_beside(trial: Trial, *, leader: bool) -> str:
    """Hand the role to a pod on the node of the operator's leader, or on another one.

    Returns:
        The primary's node; empty if no pod is on such a node.
    """
    cluster = trial.cluster
    theirs = (await leading_pod(cluster.api))["spec"]["nodeName"]
    where = {name: str(pod["spec"]["nodeName"]) for name, pod in (await cluster.pods()).items()}
    fit = [name for name, node in where.items() if (node == theirs) == leader]
    if not fit:
        return ""
    await hand_over(trial, *fit)
    return where[(await cluster.view()).primary]


async def hand_over(trial: Trial, *fit: str) -> None:
    """Let one of these pods be primary, by a planned switchover if none is, and wait until all pods are ready."""
    before = await trial.cluster.view()
    if before.primary not in fit:
        await trial.cluster.switch_over(fit[0])
        await trial.next_primary(before)
        await trial.ready(timeout_ms=READY_MS)


async def passed(seconds: float) -> None:
    """Wait until so much time has passed, while everything else in this loop goes on."""
    end = time.monotonic() + seconds
    await wait_for(f"{seconds} s", lambda: time.monotonic() >= end, timeout_ms=int(seconds * 2000), poll_ms=200)


async def settled(nodes: Nodes) -> None:
    """Wait until the operator has written nothing but its lease for ten seconds."""

    def quiet() -> bool:
        since = datetime.now(UTC) - timedelta(seconds=10)
        ours = (w for w in nodes.writes() if w.user == ACCOUNT and w.resource != "leases")
        return not any(datetime.fromisoformat(w.at) >= since for w in ours)

    await wait_for("the operator to be quiet", quiet, timeout_ms=READY_MS, poll_ms=1000)
