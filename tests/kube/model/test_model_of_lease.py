"""The API server of the lease models against ``gungnir local`` and a real one: the same requests, the same answers.

Operators read, create, take, renew and give back a Lease with what each of them read last, however old that is;
somebody deletes it. After each request the replies are compared, the Lease that is stored, and whether a reader can
tell it from the one that it read before. Beside random sequences there are directed ones (``seeds.py``).
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gungnir.machines.lease import CreateLease, GetLease, LeaseReply, LeaseRequest, LeaseSeen, LeaseTimes, PutLease
from gungnir.machines.requests import Stored, Version
from gungnir.runtime.leadership import Leadership
from spec.environment.lease import Clocks, Holder, LeaseBudget, LeaseWorld, carried_out
from tests.kube.api import Obj
from tests.kube.model.conftest import RUNS, STEPS, TIMEOUT_S, Real, Space
from tests.kube.model.seeds import LEASES, Step

NAME: Final = "the-lease"
OPERATORS: Final = 3
TIMES: Final = LeaseTimes()


def steps() -> st.SearchStrategy[list[Step]]:
    """Return what is done, one after another, and by whom."""
    what = st.sampled_from(["get", "get", "create", "take", "take", "give back", "delete"])
    return st.lists(st.tuples(what, st.integers(0, OPERATORS - 1)), min_size=STEPS, max_size=2 * STEPS)


class Both:
    """A Lease in the model and on a server, and operators that want it."""

    def __init__(self, space: Space, seen: Counter[tuple[str, str]]) -> None:
        self.space, self.seen = space, seen
        identities = [f"op-{who}" for who in range(OPERATORS)]
        self.world = LeaseWorld(None, tuple(Holder(identity) for identity in identities), (), 0, LeaseBudget())
        self.operators = [
            Leadership(space.real.kube, space.namespace, NAME, identity, TIMES, lambda _leads: None)
            for identity in identities
        ]
        self.real_versions = [Version("")] * OPERATORS
        self.stamps = [""] * OPERATORS
        self.told: list[str] = []

    def do(self, step: Step) -> None:
        """Do one step, here and there."""
        what, who = step
        self.told.append(f"{what} {who}")
        known = self.world.holders[who].state.version
        match what:
            case "get":
                self.send(who, GetLease())
            case "create":
                self.send(who, CreateLease())
            case "delete":
                self.delete()
            case _:
                if known:
                    self.send(who, PutLease(known, "" if what == "give back" else "me", 1))

    def send(self, who: int, request: LeaseRequest) -> None:
        """Carry out a request here and there, and compare the replies and what is stored."""
        before = self.stored()
        world, expected = carried_out(Clocks(TIMES), self.world, self.world.holders[who].identity, request)
        real_request = request
        if isinstance(request, PutLease):
            real_request = request._replace(version=self.real_versions[who])
        found = self.space.real.run(self.operators[who]._send(real_request))
        assert shown(found) == shown(expected), self.story(f"{found}, in the model {expected}")
        self.told[-1] += f" -> {type(found).__name__}"
        self.seen[type(request).__name__, type(found).__name__] += 1
        after = self.stored()
        moved = version(before) != version(after)
        assert moved == (world.lease != self.world.lease), self.story(f"the version moved: {moved}")
        assert holder_of(after) == (None if world.lease is None else world.lease.holder), self.story(f"{after}")
        self.world = world
        if isinstance(expected, (LeaseSeen, Stored)) and isinstance(found, (LeaseSeen, Stored)):
            assert found.version == version(after), self.story("another version was returned than is stored")
            assert world.lease is not None
            assert expected.version == world.lease.version, self.story("the model returns another version than it has")
            self.real_versions[who] = found.version
            state = self.world.holders[who].state._replace(version=expected.version)
            if isinstance(expected, LeaseSeen) and isinstance(found, LeaseSeen):
                again = state.stamp == expected.stamp
                assert (self.stamps[who] == found.stamp) == again, self.story(f"a renewal between: {not again}")
                self.stamps[who], state = found.stamp, state._replace(stamp=expected.stamp)
            self.world = self.world.with_holder(who, self.world.holders[who]._replace(state=state))

    def delete(self) -> None:
        """Somebody deletes the Lease."""
        if self.world.lease is not None:
            assert self.space("DELETE", "leases", NAME).ok
            self.world = self.world._replace(lease=None)

    def stored(self) -> Obj | None:
        """Return the Lease as it is stored."""
        return self.space.find("leases", NAME)

    def story(self, difference: str) -> str:
        """Return what was done and what differs."""
        return "\n".join([*self.told, difference])


def version(obj: Obj | None) -> str:
    """Return the resourceVersion of an object, empty if there is none."""
    return "" if obj is None else str(obj["metadata"]["resourceVersion"])


def holder_of(obj: Obj | None) -> str | None:
    """Return who holds a stored Lease, None if there is none."""
    return None if obj is None else obj["spec"].get("holderIdentity") or ""


def shown(reply: LeaseReply) -> tuple[object, ...]:
    """Return what of a reply has to be the same: all but versions and stamps, which each side names as it likes.

    How long a Lease lasts that nobody holds is of no consequence: anybody takes it.
    """
    if not isinstance(reply, LeaseSeen):
        return (type(reply).__name__,)
    return type(reply).__name__, reply.holder, reply.duration_ms if reply.holder else 0


SEEN: Final = (
    ("GetLease", "LeaseSeen"),
    ("GetLease", "NotFound"),
    ("CreateLease", "Stored"),
    ("CreateLease", "AlreadyExists"),
    ("PutLease", "Stored"),
    ("PutLease", "Conflict"),
)


@pytest.mark.parametrize("name", LEASES)
def test_a_server_and_the_model_do_the_same(real: Real, name: str) -> None:
    """Step by step, as in the random sequences."""
    sequence, one = LEASES[name]
    seen: Counter[tuple[str, str]] = Counter()
    both = Both(real.space(), seen)
    for step in sequence:
        both.do(step)
    assert seen[one], f"{both.told}"


@pytest.mark.timeout(TIMEOUT_S)
def test_a_server_answers_the_requests_for_a_lease_as_the_model_has_it(real: Real) -> None:
    """The same replies, versions that move and holder in the model and on a server, step by step."""
    seen: Counter[tuple[str, str]] = Counter()

    @RUNS
    @given(sequence=steps())
    def alike(sequence: list[Step]) -> None:
        both = Both(real.space(), seen)
        for step in sequence:
            both.do(step)

    alike()
    assert not [each for each in SEEN if not seen[each]], f"seen: {seen}"
