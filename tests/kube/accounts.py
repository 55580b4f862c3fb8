"""Accounts on the real API server that hold exactly the rights a test names."""

from collections.abc import Iterable
from pathlib import Path

from gungnir.runtime.rights import Right, rules
from tests.kube.api import Api, until
from tests.kube.servers import write_kubeconfig

_RBAC = "/apis/rbac.authorization.k8s.io/v1"


def account(api: Api, namespace: str, name: str) -> Api:
    """Make a ServiceAccount without any right and return a client with a token of it."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    assert api("POST", accounts, {"metadata": {"name": name}}).code in (201, 409)
    asked = {"spec": {"expirationSeconds": 3600}}
    token = api("POST", f"{accounts}/{name}/token", asked).taken()["status"]["token"]
    return api.as_token(token)


def grant(api: Api, namespace: str, name: str, wanted: Iterable[Right]) -> None:
    """Give the account these rights in its namespace, by a Role of the same name."""
    found = rules(wanted)
    role = [{"apiGroups": [r.group], "resources": list(r.resources), "verbs": list(r.verbs)} for r in found]
    api("POST", f"{_RBAC}/namespaces/{namespace}/roles", {"metadata": {"name": name}, "rules": role}).taken()
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
    api("POST", f"{_RBAC}/namespaces/{namespace}/rolebindings", binding).taken()


def may(api: Api, namespace: str, right: Right) -> bool:
    """Whether the holder of the client's token has a right."""
    attributes = {"namespace": namespace, "verb": right.verb, "group": right.resource.group}
    attributes |= {"resource": right.resource.plural, "subresource": right.subresource}
    review = {"spec": {"resourceAttributes": attributes}}
    answer = api("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review).taken()
    return bool(answer["status"]["allowed"])


def with_rights(api: Api, namespace: str, name: str, wanted: Iterable[Right]) -> Api:
    """Make an account, give it rights, and wait until the server knows."""
    held = tuple(wanted)
    client = account(api, namespace, name)
    grant(api, namespace, name, held)
    until(lambda: all(may(client, namespace, right) for right in (held[0], held[-1])), f"{name} has its rights")
    return client


def kubeconfig(api: Api, folder: Path) -> Path:
    """A kubeconfig for programs that shall be this client."""
    return write_kubeconfig(folder / "kubeconfig", api)
