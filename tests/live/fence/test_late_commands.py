"""What is sent over a connection of an older position arrives late: the server itself refuses it, whoever sent it."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from gungnir.machines.requests import AnswerKind, PodCommand, Verb
from gungnir.resources import fence
from gungnir.runtime.valkey.connection import ValkeyError
from gungnir.runtime.valkey.executor import carry_out
from gungnir.runtime.valkey.session import Session, Waits
from tests.live.fence.conftest import KEYS

if TYPE_CHECKING:
    from tests.live.fence.conftest import Pod, Start

pytestmark = [pytest.mark.live, pytest.mark.anyio]
PATIENT = Waits(10_000, 10_000)


async def session(pod: "Pod") -> Session:
    return await Session.opened(pod.address, pod.port, KEYS, pod.epoch, PATIENT)


async def voted(pod: "Pod") -> Session:
    """Another operator's connection, on which a DETACH of this epoch was carried out: nothing is left to be checked."""
    other = await session(pod)
    server = await carry_out(other, detach(pod), acks=0, port=pod.port)
    assert (server.fence, server.voting) == (1, True)
    return other


def detach(pod: "Pod", epoch: int = 1) -> PodCommand:
    return PodCommand(Verb.DETACH, pod.name, f"uid-{pod.name}", epoch)


async def promote(pod: "Pod", epoch: int = 1) -> None:
    assert (await pod.tell(Verb.PROMOTE, epoch)).kind is AnswerKind.DONE


async def follow(pod: "Pod") -> None:
    assert (await pod.tell(Verb.FOLLOW, 1, host="127.9.9.9")).kind is AnswerKind.DONE


@pytest.mark.parametrize(("act", "is_as_told"), [(promote, ("", True)), (follow, ("127.9.9.9", False))])
async def test_a_detach_under_way_when_its_epoch_promoted_or_attached_the_pod_changes_nothing(
    pods: "Start", act: Callable[["Pod"], Awaitable[None]], is_as_told: tuple[str, bool]
) -> None:
    pod = pods("a")
    await pod.until(lambda _server: True)
    late = await voted(pod)
    await act(pod)
    with pytest.raises(ValkeyError):
        await carry_out(late, detach(pod), acks=0, port=pod.port)
    seen = await pod.tell(Verb.READ, 1)
    assert seen.server is not None
    assert (seen.server.follows, seen.server.primary) == is_as_told
    assert not seen.server.voting


async def test_a_detach_from_the_former_epoch_is_refused_after_the_promotion(pods: "Start") -> None:
    """It authenticated before its own epoch was claimed by a faster operator: the raise finds its user gone."""
    pod = pods("a")
    await promote(pod)
    late = await session(pod)
    assert late.position == fence.acting(1)
    pod.epoch = 2
    assert (await pod.tell(Verb.DETACH, 2)).kind is AnswerKind.DONE
    await promote(pod, 2)
    with pytest.raises(ValkeyError):
        await carry_out(late, detach(pod, 2), acks=0, port=pod.port)
    seen = await pod.tell(Verb.READ, 2)
    assert seen.server is not None
    assert (seen.server.primary, seen.server.fence, seen.server.voting) == (True, 2, False)


async def test_a_new_connection_to_a_pod_that_acts_is_not_a_vote_any_more(pods: "Start") -> None:
    pod = pods("a")
    await pod.until(lambda _server: True)
    (await voted(pod)).close()
    await promote(pod)
    assert pod.acl_users() == set(fence.users(fence.acting(1)))
    again = await session(pod)
    assert again.position == fence.acting(1)
    again.close()


async def test_a_new_pod_is_at_the_vote_of_its_epoch_and_its_file_is_saved_once_for_each_connection(
    pods: "Start",
) -> None:
    pod = pods("a")
    server = await pod.until(lambda _server: True)
    assert (server.fence, server.voting) == (1, True)
    first = await session(pod)
    assert first.position == fence.voting(1)
    written = saves(pod)
    for _ in range(2):
        await carry_out(first, detach(pod), acks=0, port=pod.port)
    assert saves(pod) != written, "the file was written, though the pod was there already"
    once = saves(pod)
    await carry_out(first, detach(pod), acks=0, port=pod.port)
    assert saves(pod) == once
    second = await session(pod)
    await carry_out(second, detach(pod), acks=0, port=pod.port)
    assert saves(pod) != once
    first.close()
    second.close()


def saves(pod: "Pod") -> tuple[int, int]:
    """ACL SAVE replaces the file: its inode and time of change tell one save from another."""
    found = pod.acl_file.stat()
    return found.st_ino, found.st_mtime_ns
