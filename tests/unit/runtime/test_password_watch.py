"""The Secret of the user is read now and then, and what was said of it stands until it was read again."""

from typing import Any

import pytest

from gungnir.api.cluster import ValkeyCluster, parse_cluster
from gungnir.resources.credentials import hash_of
from gungnir.runtime.credentials import Credentials
from gungnir.runtime.errors import Call, KubeError
from gungnir.runtime.password_watch import LOOK_MS, PasswordWatch

pytestmark = pytest.mark.anyio

PINNED = Credentials("5c" * 32, pinned_hash=hash_of("theirs"))


def cluster(**auth: Any) -> ValkeyCluster:
    return parse_cluster({"metadata": {"name": "vc", "namespace": "ns", "uid": "u"}, "spec": {"auth": auth}})


class Reads:
    """Answers with what is given, one after the other; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.watch = PasswordWatch(self.read)

    async def read(self, name: str) -> Any:
        assert name == "own"
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def look_now(self) -> int | None:
        self.watch._due_s = 0.0
        return await self.watch.look(cluster(existingSecret="own"), PINNED)


async def test_a_password_of_the_operators_own_is_not_looked_at() -> None:
    reads = Reads()
    assert await reads.watch.look(cluster(), Credentials("5c" * 32, "derived")) is None
    assert await reads.watch.look(cluster(), PINNED) is None


async def test_it_is_read_once_in_its_interval() -> None:
    reads = Reads(None)
    assert await reads.look_now() == LOOK_MS
    again_ms = await reads.watch.look(cluster(existingSecret="own"), PINNED)
    assert again_ms is not None
    assert 0 < again_ms <= LOOK_MS
    assert reads.answers == []


async def test_a_doubt_stands_while_the_secret_cannot_be_read_and_goes_when_it_is_right_again() -> None:
    right = {"metadata": {"name": "own"}, "data": {"password": "dGhlaXJz"}}
    reads = Reads(None, KubeError(Call("get", "secrets", "ns", "own"), "down"), right)
    await reads.look_now()
    assert "does not exist" in reads.watch.doubt
    await reads.look_now()
    assert "does not exist" in reads.watch.doubt
    await reads.look_now()
    assert reads.watch.doubt == ""
