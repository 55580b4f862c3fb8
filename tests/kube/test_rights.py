"""The operator's rights on a real API server: these are enough, and each of them is needed.

The first claim is shown request by request with a token of exactly the table in gungnir/runtime/rights.py. The second:
without any one of them, exactly the request that names it is refused, by that name.
"""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gungnir.machines.requests import CreateOwned, GetOwned, Request, UpdateOwned
from gungnir.resources.inventory import OwnedKind
from gungnir.runtime.rights import CACHED, LEASE, OWNED, REQUESTS, SHELL, Right, rights
from tests.kube import exercises
from tests.kube.accounts import kubeconfig, with_rights
from tests.kube.api import Api
from tests.kube.conftest import new_namespace
from tests.kube.exercises import CLASS, Stage, stage_of
from tests.kube.servers import Server

pytestmark = pytest.mark.anyio

ALL = (*rights(), *LEASE)
PER_OBJECT: tuple[type[Request], ...] = (GetOwned, CreateOwned, UpdateOwned)
Exercise = Callable[[Stage], Awaitable[None]]


def _exercises() -> dict[str, tuple[frozenset[Right], Exercise]]:
    """By name: the rights that an exercise needs, and the exercise."""
    found: dict[str, tuple[frozenset[Right], Exercise]] = {}
    for kind, needed in REQUESTS.items():
        if kind in PER_OBJECT:
            for owned, resource in OWNED.items():
                of_type = frozenset(right for right in needed if right.resource is resource)
                found[f"{kind.__name__} {owned}"] = (of_type, exercises.request_of(kind, owned))
        elif needed:
            found[kind.__name__] = (frozenset(needed), exercises.request_of(kind))
    for resource in CACHED:
        of_type = frozenset(right for right in SHELL["caches"] if right.resource is resource)
        found[f"cache of {resource.plural}"] = (of_type, exercises.cache_of(resource))
    found["events"] = (frozenset(SHELL["events"]), exercises.events)
    found["leader election"] = (frozenset(LEASE), exercises.lease)
    return found


EXERCISES = _exercises()
FINALIZERS = SHELL["owner references"][0]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def admin(real_server: Server) -> Api:
    path = "/apis/storage.k8s.io/v1/storageclasses"
    body = {"metadata": {"name": CLASS}, "provisioner": "example.com/none", "allowVolumeExpansion": True}
    assert real_server.api("POST", path, body).code in (201, 409)
    return real_server.api


@pytest.fixture(scope="module")
def place(admin: Api) -> str:
    return new_namespace(admin)


@pytest.fixture(scope="module")
def exact(admin: Api, place: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig with exactly the rights of the table."""
    return kubeconfig(with_rights(admin, place, "exact", ALL), tmp_path_factory.mktemp("exact"))


@pytest.mark.parametrize("name", EXERCISES)
async def test_with_exactly_these_rights_it_is_carried_out(
    real_server: Server, place: str, exact: Path, name: str
) -> None:
    needed, exercise = EXERCISES[name]
    async with stage_of(str(real_server.kubeconfig), str(exact), place) as stage:
        await exercise(stage)
        assert stage.calls.forbidden == set()
        assert stage.calls.made == {str(right) for right in needed}


def test_every_right_is_needed_by_an_exercise() -> None:
    used = frozenset[Right]().union(*(needed for needed, _ in EXERCISES.values()))
    assert used | {FINALIZERS} == set(ALL)


@pytest.mark.parametrize("right", [right for right in ALL if right != FINALIZERS], ids=str)
async def test_without_this_right_what_needs_it_is_forbidden_by_its_name(
    real_server: Server, admin: Api, place: str, tmp_path: Path, right: Right
) -> None:
    name = "without-" + re.sub(r"[^a-z]", "-", str(right))
    client = with_rights(admin, place, name, [held for held in ALL if held != right])
    exercise = next(exercise for needed, exercise in EXERCISES.values() if right in needed)
    async with stage_of(str(real_server.kubeconfig), str(kubeconfig(client, tmp_path)), place) as stage:
        await exercise(stage)
        assert stage.calls.forbidden == {str(right)}
        assert all(str(right) in said for said in stage.calls.said)


async def test_without_the_right_to_set_finalizers_no_object_gets_an_owner_that_waits_for_it(
    real_server: Server, admin: Api, place: str, tmp_path: Path
) -> None:
    client = with_rights(admin, place, "without-finalizers", [held for held in ALL if held != FINALIZERS])
    _, create = EXERCISES[f"CreateOwned {OwnedKind.CONFIG_MAP}"]
    async with stage_of(str(real_server.kubeconfig), str(kubeconfig(client, tmp_path)), place) as stage:
        await create(stage)
        assert stage.calls.forbidden == {"create configmaps"}
        assert "cannot set blockOwnerDeletion" in stage.calls.said[0]


async def test_in_another_namespace_the_same_token_may_nothing(real_server: Server, admin: Api, exact: Path) -> None:
    elsewhere = new_namespace(admin)
    async with stage_of(str(real_server.kubeconfig), str(exact), elsewhere) as stage:
        for _, exercise in (EXERCISES["cache of secrets"], EXERCISES["GetCluster"]):
            await exercise(stage)
        assert stage.calls.forbidden == stage.calls.made
