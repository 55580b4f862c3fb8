"""Objects of the API server as the values that machines decide on."""

from typing import Any, cast

import pytest

from gungnir.api import names
from gungnir.machines.view import Contact, PodView
from gungnir.runtime.cluster_cache import (
    EVERYONE,
    KEPT_ENDS,
    MISLABELLED,
    ClusterCache,
    owned_by,
    pod_view,
    service_pod,
    view_of,
)
from gungnir.runtime.valkey.monitor import Monitor


class Shown:
    """What a monitor shows."""

    def __init__(self, contact: Contact, *, refusals: int = 0, silent_ms: int = 0, error: str = "") -> None:
        self.contact, self.refusals, self.silent_ms, self.error = contact, refusals, silent_ms, error
        self.server = None


def pod(name: str = "vc-0", *, state: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    containers = [{"name": "sidecar"}, {"name": names.CONTAINER, **(state or {})}]
    labels = {**names.pod_selector_labels(name), "team": "payments"}
    metadata = {"name": name, "uid": f"u-{name}", "resourceVersion": "9", "labels": labels}
    return {"metadata": metadata, "status": {"podIP": "10.0.0.1", "containerStatuses": containers, **status}}


def shown(obj: dict[str, Any], contact: Contact | None = None) -> PodView:
    monitor = None if contact is None else cast("Monitor", Shown(contact))
    return pod_view(obj, monitor, outdated=False)


def test_a_pod_without_a_monitor_is_untried() -> None:
    view = shown(pod())
    assert (view.name, view.uid, view.address, view.version) == ("vc-0", "u-vc-0", "10.0.0.1", "9")
    assert (view.contact, view.server, view.terminated, view.deleting) == (Contact.UNTRIED, None, False, False)


def test_a_fresh_pod_has_no_address_and_no_status() -> None:
    view = shown({"metadata": {"name": "vc-0", "uid": "u", "labels": names.pod_selector_labels("vc-0")}})
    assert (view.address, view.synced, view.role_label, view.waiting) == ("", False, "", "")


def test_a_monitor_speaks_for_the_server() -> None:
    monitor = cast("Monitor", Shown(Contact.REFUSED, refusals=2, silent_ms=70, error="x"))
    view = pod_view(pod(), monitor, outdated=True)
    assert (view.contact, view.refusals, view.silent_ms, view.error) == (Contact.REFUSED, 2, 70, "x")
    assert view.outdated


TERMINATED = {"state": {"terminated": {"exitCode": 137}}}


@pytest.mark.parametrize(
    ("obj", "contact", "terminated"),
    [
        (pod(state=TERMINATED), Contact.SILENT, True),
        (pod(state=TERMINATED), None, True),
        (pod(phase="Failed"), Contact.REFUSED, True),
        (pod(phase="Succeeded"), Contact.REFUSED, True),
        (pod(state=TERMINATED), Contact.UP, False),
        (pod(state={"state": {"running": {}}}), Contact.REFUSED, False),
        (pod(state={"lastState": {"terminated": {"exitCode": 137}}}), Contact.REFUSED, False),
    ],
)
def test_a_server_that_answers_is_newer_news_than_the_kubelets(
    obj: dict[str, Any], contact: Contact | None, terminated: bool
) -> None:
    assert shown(obj, contact).terminated is terminated


@pytest.mark.parametrize(
    ("state", "seen"),
    [
        ({}, False),
        (TERMINATED, True),
        ({"lastState": {"terminated": {"exitCode": 0}}}, True),
        ({"lastState": {"terminated": {"exitCode": 137}}}, True),
        ({"lastState": {"terminated": {"exitCode": 255, "reason": "Unknown"}}}, False),
    ],
)
def test_an_exit_that_nobody_saw_is_no_proof_that_the_node_was_up(state: dict[str, Any], seen: bool) -> None:
    assert shown(pod(state=state)).exit_seen is seen


def test_labels_conditions_and_what_a_container_waits_for() -> None:
    obj = pod(
        state={"state": {"waiting": {"reason": "ImagePullBackOff"}}},
        conditions=[{"type": names.SYNCED_CONDITION, "status": "True"}, {"type": "Ready", "status": "False"}],
    )
    obj["metadata"]["labels"][names.ROLE_LABEL] = "replica"
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    view = shown(obj)
    assert (view.synced, view.role_label, view.waiting, view.deleting) == (True, "replica", "ImagePullBackOff", True)


BEHIND_INIT = {"state": {"waiting": {"reason": "PodInitializing"}}}


@pytest.mark.parametrize(
    ("state", "status", "word"),
    [
        ({"state": {"running": {}}}, {}, ""),
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}}, {}, "CrashLoopBackOff"),
        (BEHIND_INIT, {"initContainerStatuses": [{"state": {"running": {}}}]}, "PodInitializing"),
        (BEHIND_INIT, {"initContainerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]}, "ErrImagePull"),
        (BEHIND_INIT, {"initContainerStatuses": [{"state": {"terminated": {"reason": "Error"}}}]}, "Error"),
        (
            {"state": {"running": {}}},
            {"initContainerStatuses": [{"state": {"terminated": {"reason": "Completed"}}}]},
            "",
        ),
        (
            None,
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]},
            "Unschedulable",
        ),
        (None, {"conditions": [{"type": "PodScheduled", "status": "True"}]}, ""),
    ],
)
def test_what_keeps_a_pod_from_running_is_named(
    state: dict[str, Any] | None, status: dict[str, Any], word: str
) -> None:
    assert shown(pod(state=state, **status)).waiting == word


@pytest.mark.parametrize("label", sorted(names.pod_selector_labels("vc-0")))
@pytest.mark.parametrize("value", ["another", None])
def test_a_pod_that_services_would_not_find_is_one_without_its_label(label: str, value: str | None) -> None:
    obj = pod()
    obj["metadata"]["labels"] |= {names.ROLE_LABEL: "primary", label: value}
    assert shown(obj).role_label == MISLABELLED


@pytest.mark.parametrize(
    ("selector", "leads_to"),
    [
        ({names.POD_NAME_LABEL: "vc-1"}, "vc-1"),
        ({names.POD_NAME_LABEL: names.NOBODY}, None),
        ({"app": "x"}, EVERYONE),
        ({}, EVERYONE),
        (None, EVERYONE),
    ],
)
def test_a_service_without_a_pod_in_its_selector_leads_to_everyone(
    selector: dict[str, str] | None, leads_to: str | None
) -> None:
    assert service_pod({"spec": {"selector": selector}}) == leads_to


@pytest.mark.parametrize(
    ("owners", "ours"),
    [
        (None, False),
        ([{"uid": "u", "controller": True}], True),
        ([{"uid": "u"}], False),
        ([{"uid": "other", "controller": True}], False),
    ],
)
def test_ownership_is_by_uid_and_controller(owners: list[dict[str, Any]] | None, ours: bool) -> None:
    assert owned_by({"metadata": {"ownerReferences": owners}}, "u") is ours


def test_a_view_shows_pods_by_ordinal_with_the_service_and_the_template() -> None:
    cache = ClusterCache(pods={name: pod(name) for name in ("vc-10", "vc-2", "vc-0")})
    empty = view_of(cache, {}, frozenset({"vc-2"}), stalled=True)
    assert [each.name for each in empty.pods] == ["vc-0", "vc-2", "vc-10"]
    assert [each.outdated for each in empty.pods] == [False, True, False]
    assert (empty.stalled, empty.service_pod, empty.service_epoch) == (True, None, 0)
    assert (empty.template_present, empty.template_epoch, empty.service_present) == (False, 0, False)
    annotations = {names.EPOCH_ANNOTATION: "4"}
    cache.service = {"metadata": {"annotations": annotations}, "spec": {"selector": {names.POD_NAME_LABEL: "vc-2"}}}
    cache.stateful_set = {"metadata": {"annotations": annotations}}
    full = view_of(cache, {}, frozenset(), stalled=False)
    assert (full.service_pod, full.service_epoch, full.template_present, full.template_epoch) == ("vc-2", 4, True, 4)
    assert full.service_present


def test_what_a_former_cluster_of_this_name_left_behind_says_nothing_of_the_present_one() -> None:
    """Its Service and StatefulSet, in an epoch of its own, live on until the garbage collector comes."""
    cache = ClusterCache()
    cache.saw({"metadata": {"name": "vc", "uid": "u", "resourceVersion": "1"}}, 0.0)
    metadata = {"annotations": {names.EPOCH_ANNOTATION: "7"}, "ownerReferences": [{"uid": "u", "controller": True}]}
    selector = {"selector": {names.POD_NAME_LABEL: "vc-2"}}
    cache.service, cache.stateful_set = {"metadata": metadata, "spec": selector}, {"metadata": metadata}
    ours = view_of(cache, {}, frozenset(), stalled=False)
    assert (ours.service_epoch, ours.service_pod, ours.template_epoch, ours.template_present) == (7, "vc-2", 7, True)
    assert ours.service_present
    cache.saw({"metadata": {"name": "vc", "uid": "made-anew", "resourceVersion": "2"}}, 0.0)
    fresh = view_of(cache, {}, frozenset(), stalled=False)
    assert (fresh.service_epoch, fresh.service_pod, fresh.template_epoch, fresh.template_present) == (0, None, 0, False)
    assert not fresh.service_present


@pytest.mark.parametrize(
    ("last", "leaving", "ended"),
    [
        (pod(state=TERMINATED), True, True),
        (pod(state=TERMINATED, phase="Failed"), False, True),
        (pod(state=TERMINATED), False, False),
        (pod(state={"state": {"running": {}}}), True, False),
        (pod(state={"state": {"running": {}}}, phase="Failed"), True, False),
        ({"metadata": {"name": "vc-0", "uid": "u-vc-0"}}, True, False),
    ],
    ids=["kubelet", "finished", "restarts", "forced", "garbage-collected", "no-status"],
)
def test_only_the_kubelet_says_that_the_process_of_a_pod_that_is_gone_has_ended(
    last: dict[str, Any], leaving: bool, ended: bool
) -> None:
    metadata = {**last["metadata"], **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if leaving else {})}
    cache = ClusterCache()
    cache.pod_gone({**last, "metadata": metadata})
    assert view_of(cache, {}, frozenset(), stalled=False).ended == (("u-vc-0",) if ended else ())


def test_ends_of_pods_are_remembered_for_a_while() -> None:
    cache = ClusterCache()
    for number in range(KEPT_ENDS + 1):
        last = pod(state=TERMINATED, phase="Succeeded")
        cache.pod_gone({**last, "metadata": {**last["metadata"], "uid": f"u{number}"}})
    assert cache.ended == tuple(f"u{number}" for number in range(1, KEPT_ENDS + 1))
