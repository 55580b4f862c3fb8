"""Both servers, given the same random requests, answer alike: class, reason, whether it was a write, and the object."""

import copy
import itertools
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kube.api import JSON_PATCH, MERGE, Answer, Api, Obj, until
from tests.kube.conftest import new_namespace
from tests.kube.servers import Server

OTHER_UID: Final = "2f1c3a1e-0000-4000-8000-000000000000"
_PLURALS: Final = {
    "configmaps": "/api/v1/namespaces/{}/configmaps",
    "services": "/api/v1/namespaces/{}/services",
    "leases": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
    "poddisruptionbudgets": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "statefulsets": "/apis/apps/v1/namespaces/{}/statefulsets",
    "valkeyclusters": "/apis/valkey.verilean.io/v1/namespaces/{}/valkeyclusters",
}
_TEMPLATE: Final = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
_BODIES: Final[dict[str, Obj]] = {
    "configmaps": {"data": {"a": "1"}},
    "services": {"spec": {"clusterIP": "None", "selector": {"app": "x"}, "ports": [{"port": 6379}]}},
    "leases": {"spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}},
    "poddisruptionbudgets": {"spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "x"}}}},
    "statefulsets": {
        "spec": {"serviceName": "s", "selector": {"matchLabels": {"app": "x"}}, "template": _TEMPLATE},
    },
    "valkeyclusters": {
        "apiVersion": "valkey.verilean.io/v1",
        "kind": "ValkeyCluster",
        "spec": {"replicas": 3, "persistence": {"size": "1Gi"}},
    },
}
_CHANGES: Final[dict[str, list[Obj]]] = {
    "configmaps": [{"data": {"a": "2"}}, {"data": {"a": None}}, {"data": {"b/c": "x"}}, {"immutable": True}],
    "services": [
        {"spec": {"selector": {"app": "y"}}},
        {"spec": {"ports": []}},
        {"spec": {"ports": [{"port": 70000}]}},
        {"spec": {"publishNotReadyAddresses": True}},
        {"spec": {"type": "Odd"}},
    ],
    "leases": [
        {"spec": {"holderIdentity": "you"}},
        {"spec": {"leaseDurationSeconds": -1}},
        {"spec": {"renewTime": "2026-01-01T00:00:00.000001Z"}},
        {"spec": {"leaseTransitions": -2}},
    ],
    "poddisruptionbudgets": [
        {"spec": {"maxUnavailable": None, "minAvailable": "50%"}},
        {"spec": {"minAvailable": 1}},
        {"spec": {"maxUnavailable": -1}},
        {"spec": {"maxUnavailable": "half"}},
    ],
    "statefulsets": [
        {"spec": {"replicas": 5}},
        {"spec": {"replicas": -1}},
        {"spec": {"serviceName": "other"}},
        {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 7}}}},
        {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}},
        {"spec": {"podManagementPolicy": "Parallel"}},
        {"spec": {"template": {"metadata": {"labels": {"app": "z"}}}}},
    ],
    "valkeyclusters": [
        {"spec": {"replicas": 5}},
        {"spec": {"replicas": 12}},
        {"spec": {"replicas": None}},
        {"spec": {"persistence": {"size": "2Gi"}}},
        {"spec": {"persistence": {"size": "1Mi"}}},
        {"spec": {"persistence": {"enabled": False}}},
        {"spec": {"config": {"hz": "50"}}},
        {"spec": {"config": {"replicaof": "x"}}},
        {"spec": {"durability": {"mode": "async"}}},
        {"spec": {"durability": {"replicasToAck": 4}}},
        {"spec": {"unknown": 1}},
        {"spec": {"sentinel": {"downAfterMs": 100}}},
    ],
}
_METADATA: Final[list[Obj]] = [
    {"labels": {"a": "b"}},
    {"labels": {"a": None}},
    {"labels": {"bad key": "x"}},
    {"annotations": {"n": "text"}},
    {"finalizers": ["example.com/hold"]},
    {"finalizers": None},
    {"finalizers": ["no-slash"]},
    {"uid": OTHER_UID},
    {"resourceVersion": "1"},
    {"creationTimestamp": "2001-01-01T00:00:00Z"},
    {"deletionTimestamp": "2001-01-01T00:00:00Z"},
    {"name": "other"},
]


@dataclass(frozen=True)
class Step:
    """One request: what, on which of two names, and with what in it."""

    verb: str
    name: str
    change: Any = None
    option: str = ""


def _steps(plural: str) -> st.SearchStrategy[Step]:
    changes = st.sampled_from([*_CHANGES[plural], *({"metadata": metadata} for metadata in _METADATA)])
    names = st.sampled_from(["a", "b"])
    subresource = ["", "/status"] if plural in ("valkeyclusters", "statefulsets", "poddisruptionbudgets") else [""]
    return st.one_of(
        st.builds(Step, st.just("create"), names, changes, st.sampled_from(["", "dry"])),
        st.builds(Step, st.just("put"), names, changes, st.sampled_from(["", "stale", "blind", "dry"])),
        st.builds(Step, st.just("merge"), names, changes, st.sampled_from(subresource)),
        st.builds(
            Step,
            st.just("json"),
            names,
            st.sampled_from(
                [
                    [{"op": "add", "path": "/metadata/labels", "value": {"j": "p"}}],
                    [{"op": "remove", "path": "/metadata/labels/j"}],
                    [{"op": "test", "path": "/metadata/name", "value": "a"}],
                    [{"op": "replace", "path": "/kind", "value": "Other"}],
                    [{"op": "add", "path": "/spec/replicas", "value": 4}],
                ]
            ),
        ),
        st.builds(
            Step, st.just("delete"), names, st.none(), st.sampled_from(["", "uid", "version", "Foreground", "dry"])
        ),
        st.builds(Step, st.just("get"), names),
        st.builds(Step, st.just("list"), names, st.none(), st.sampled_from(["", "a", "a=b", "!a", "a in (b,c)"])),
    )


def sequences() -> st.SearchStrategy[tuple[str, list[Step]]]:
    """A resource, and requests on two of its objects; the first makes one."""
    return st.sampled_from(sorted(_PLURALS)).flatmap(
        lambda plural: st.tuples(st.just(plural), st.lists(_steps(plural), min_size=1, max_size=10))
    )


class Side:
    """One server, and what was seen of it."""

    def __init__(self, api: Api, plural: str) -> None:
        self.api = api
        self.plural = plural
        self.path = _PLURALS[plural].format(new_namespace(api))
        self.seen: dict[str, list[Obj]] = {"a": [], "b": []}

    def do(self, step: Step) -> Answer:
        """Send the request that a step means here."""
        target = f"{self.path}/{step.name}"
        query: dict[str, Any] = {"dryRun": "All"} if step.option == "dry" else {}
        match step.verb:
            case "create":
                return self.api("POST", self.path, self._body(step, None), **query)
            case "put":
                return self.api("PUT", target, self._body(step, self._known(step)), **query)
            case "merge":
                return self.api("PATCH", target + step.option, step.change, content_type=MERGE)
            case "json":
                return self.api("PATCH", target, step.change, content_type=JSON_PATCH)
            case "delete":
                return self.api("DELETE", target, self._delete_options(step), **query)
            case "get":
                return self.api("GET", target)
            case _:
                return self.api("GET", self.path, labelSelector=step.option)

    def _known(self, step: Step) -> Obj | None:
        """The version a PUT starts from: the newest that was seen, the oldest, or none at all."""
        seen = self.seen[step.name]
        if step.option == "blind" or not seen:
            return None
        return seen[0] if step.option == "stale" else seen[-1]

    def _body(self, step: Step, base: Obj | None) -> Obj:
        body = copy.deepcopy(base or {**_BODIES[self.plural], "metadata": {"name": step.name}})
        _merge(body, step.change)
        if base is None:  # a real server takes this over where a PUT makes an object: see docs/local-cluster.md
            body["metadata"].pop("deletionTimestamp", None)
        return body

    def _delete_options(self, step: Step) -> Obj | None:
        seen = self.seen[step.name]
        match step.option:
            case "uid":
                return {"preconditions": {"uid": seen[-1]["metadata"]["uid"] if seen else OTHER_UID}}
            case "version":
                return {"preconditions": {"resourceVersion": "1"}}
            case "Foreground":
                return {"propagationPolicy": "Foreground"}
            case _:
                return None

    def result(self, step: Step, answer: Answer) -> dict[str, Any]:
        """What has to be the same on both servers."""
        found: dict[str, Any] = {"code": answer.code, "reason": answer.reason}
        body = answer.body
        if not answer.ok or not isinstance(body, dict):
            return found
        if step.verb == "delete":  # some types answer with the object, some with a Status: nobody may rely on either
            return found
        if step.verb == "list":
            names = [item["metadata"]["name"] for item in body["items"]]
            return found | {"names": [name for name in names if name != "kube-root-ca.crt"]}
        before = self.seen[step.name][-1] if self.seen[step.name] else None
        found |= {"object": _comparable(body)}
        if self.plural == "poddisruptionbudgets":  # its controller writes the status whenever it gets to it
            found["object"].pop("status", None)
            before = None
        if before is not None and before["metadata"]["uid"] == body["metadata"]["uid"] and step.option != "dry":
            found["changed"] = before["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"]
        if step.option != "dry":
            self.seen[step.name].append(body)
        return found


def _merge(target: Obj, change: Obj) -> None:
    for key, value in change.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


_OWN: Final = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "namespace",
    "selfLink",
)


def _comparable(obj: Obj) -> Obj:
    """The object without what each server makes up by itself."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _OWN}
    metadata["deleting"] = "deletionTimestamp" in obj["metadata"]
    return {**obj, "metadata": metadata}


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=sequences())
@pytest.mark.timeout(300)
def test_both_servers_answer_random_requests_alike(
    local_server: Server, real_server: Server, sequence: tuple[str, list[Step]]
) -> None:
    plural, steps = sequence
    sides = [Side(local_server.api, plural), Side(real_server.api, plural)]
    story: list[str] = []
    for step in itertools.chain([Step("create", "a", {})], steps):
        local, real = ((side, side.do(step)) for side in sides)
        results = [side.result(step, answer) for side, answer in (local, real)]
        story.append(f"{step} -> {results[1]['code']} {results[1]['reason']}")
        assert results[0] == results[1], "\n".join([plural, *story, local[1].message[:300], real[1].message[:300]])
        if step.verb == "delete" and step.option == "Foreground":  # the real garbage collector takes a moment
            gone_here = sides[0].api("GET", f"{sides[0].path}/{step.name}").code
            until(
                lambda code=gone_here, name=step.name: sides[1].api("GET", f"{sides[1].path}/{name}").code == code,  # type: ignore[misc]  # bound now
                "the object is gone on both",
            )
