"""Long random runs of everything at once: failovers, owned objects and the Lease, which are explored one by one.

The product of the three is too large to explore. Each is explored, with what it relies on of the others; here, random
runs of all of them look for what others do that nobody relied on. A rule is an actor that takes some of its moves,
chosen by their place among those that are possible; every predicate is asked after every step. Hits of each action are
counted over all runs: what never ran would check nothing.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from gungnir.machines import failover, failover_table, lease
from gungnir.resources import client_service, stateful_set
from gungnir.runtime import facts
from spec.environment import contents
from spec.environment.owned import OwnedBudget
from spec.judging import rewritten
from spec.product import moves, starts, telling
from spec.product.moves import PARTS
from spec.product.run import Run
from spec.product.starts import Budgets, Kind
from spec.world import Budget

EXPECTED: Final = frozenset(
    {
        *(f"pods: {name}" for name in ("failover", "repair", "switchover", "api", "command", "watch", "unreachable")),
        *(f"pods: {name}" for name in ("boot", "attach", "load", "loaded", "stream", "write", "link timeout")),
        *(
            f"pods: {name}"
            for name in ("crash", "lose", "replace", "forget", "cut", "isolate", "heal", "ask", "lost", "stray")
        ),
        *(f"objects: {name}" for name in ("reconcile", "show", "api", "lost", "forbidden")),
        *(f"objects: {name}" for name in ("edit", "change", "remove", "remove slowly", "collect", "foreign")),
        *(
            f"lease: {name}"
            for name in ("wake", "api", "reply", "tick", "cut", "heal", "unreachable", "drain", "start")
        ),
        *(f"process: {name}" for name in ("restart", "replace", "stop", "continue", "scale up", "scale down")),
    }
)
HITS: Final[Counter[str]] = Counter()
SHOWN: Final[Counter[str]] = Counter()

_NIGHTLY: Final = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
_FEW: Final = settings(
    max_examples=150,
    stateful_step_count=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
_MANY: Final = settings(_FEW, max_examples=3000, derandomize=False)
"""Other runs each night: about a million and a half steps."""
_CHOICE: Final = st.integers(0, 63)
_WHO: Final = st.integers(0, 1)
_SOME: Final = st.integers(1, 12)
_SEED: Final = st.integers(0, 2**16)
_SELDOM: Final = st.sampled_from((False, False, False, True))


def _within(most: Any) -> st.SearchStrategy[Any]:
    """Return any budget within this one: each kind of fault from never to as often as there."""
    return st.tuples(*(st.integers(0, count) for count in most)).map(lambda drawn: type(most)(*drawn))


_KINDS: Final = st.builds(Kind, st.sampled_from((2, 2, 2, 1)), _SELDOM, *(5 * (st.booleans(),)))
_BUDGETS: Final = st.builds(
    Budgets,
    pods=_within(starts.MOST.pods),
    objects=_within(starts.MOST.objects),
    leases=_within(starts.MOST.leases),
    stops=st.integers(0, starts.MOST.stops),
)


class Actors(RuleBasedStateMachine):
    """Who takes steps in a run: chosen by their place among those that are possible, one or some of them in a row."""

    run: Run

    @rule(who=_WHO, choice=_CHOICE, steps=_SOME, objects=st.booleans())
    def operator_goes_on(self, who: int, choice: int, steps: int, objects: bool) -> None:
        """An operator takes some steps of its rounds."""
        self.run.operator(who, choice, steps, objects=objects)

    @rule(choice=_CHOICE, steps=_SOME)
    def pods_go_on(self, choice: int, steps: int) -> None:
        """Pods, and Kubernetes' own controllers, do what they do by themselves."""
        self.run.pods(choice, steps)

    @rule(who=_WHO, choice=_CHOICE, steps=st.integers(1, 4))
    def lease_goes_on(self, who: int, choice: int, steps: int) -> None:
        """An operator takes, or renews, its lead."""
        self.run.lease(who, choice, steps)

    @rule(who=_WHO, steps=st.integers(1, 3))
    def time_passes(self, who: int, steps: int) -> None:
        """A clock ticks."""
        self.run.time(who, steps)

    @rule(who=_WHO)
    def another_leads(self, who: int) -> None:
        """Time passes until an operator leads."""
        self.run.take_over(who, 16)

    @rule(who=_WHO, seed=_SEED, steps=st.integers(1, 60))
    def all_goes_well(self, who: int, seed: int, steps: int) -> None:
        """An operator and the pods take steps in turn."""
        self.run.settle(who, seed, steps)

    @rule(who=_WHO, choice=_CHOICE, steps=_SOME, lost=st.booleans(), seed=_SEED)
    def another_takes_over(self, who: int, choice: int, steps: int, lost: bool, seed: int) -> None:
        """An operator gets no further in a failover, and looks after its objects at most; another one goes on."""
        self.run.take_over(who, 16)
        self.run.befall(choice)
        self.run.operator(who, choice, steps, objects=False)
        if lost:
            self.run.fail(who, choice, lost=True)
            self.run.operator(who, 0, steps, objects=True)
        self.run.take_over(who + 1, 16)
        self.run.settle(who + 1, seed, 60)

    @rule(who=_WHO, choice=_CHOICE, steps=_SOME, write=st.booleans(), seed=_SEED)
    def another_writes(self, who: int, choice: int, steps: int, write: bool, seed: int) -> None:
        """An operator gets no further with its objects, a write or before it, until another one has failed over."""
        self.run.take_over(who, 16)
        self.run.drift(choice)
        if write:
            self.run.begin_write(who)
        else:
            self.run.operator(who, 0, steps % 4, objects=True)
        self.run.befall(choice)
        self.run.take_over(who + 1, 16)
        self.run.settle(who + 1, seed, 60)
        self.run.operator(who, 0, steps, objects=True)

    @rule(choice=_CHOICE, part=st.sampled_from(PARTS))
    def go_wrong(self, choice: int, part: str) -> None:
        """Something happens that need not."""
        self.run.wrong(choice, part)

    @rule(who=_WHO, choice=_CHOICE, steps=_SOME, objects=st.booleans(), lost=st.booleans())
    def operator_fails(self, who: int, choice: int, steps: int, objects: bool, lost: bool) -> None:
        """In the middle of a round an answer does not come, or the process ends, or is stopped."""
        self.run.operator(who, choice, steps, objects=objects)
        self.run.fail(who, choice, lost=lost)

    @rule(choice=_CHOICE)
    def late_arrival(self, choice: int) -> None:
        """Something arrives that nobody waits for any more."""
        self.run.late(choice)

    @rule(choice=_CHOICE)
    def befall_the_primary(self, choice: int) -> None:
        """Something befalls the primary."""
        self.run.befall(choice)


class Together(Actors):
    """A run of any kind."""

    @initialize(kind=_KINDS, budgets=_BUDGETS)
    def begin(self, kind: Kind, budgets: Budgets) -> None:
        """Choose how many operators there are, what holds of their clocks, where it starts, and what may go wrong."""
        plan = starts.plan(kind)
        self.run = Run(plan, starts.first(plan, kind, budgets), HITS, SHOWN)


class Fierce(Actors):
    """A run in which two may lead at once, and primaries end while objects are edited: all else would hold it up."""

    @initialize(large=st.booleans())
    def begin(self, large: bool) -> None:
        """Begin with a cluster that serves."""
        kind = Kind(overlap=True, large=large)
        plan, budgets = starts.plan(kind), Budgets(Budget(crash=3, message=3), OwnedBudget(edit=3, respec=3))
        self.run = Run(plan, starts.first(plan, kind, budgets), HITS, SHOWN)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """What was computed of unmodified functions is not used for modified ones, and the other way round."""
    caches = (contents.drifted, contents.merged, contents.desired)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.timeout(7200 if _NIGHTLY else 300)
def test_long_runs_of_everything_keep_every_promise() -> None:
    """No step of any run breaks a predicate, every kind of action was taken, and each witness was seen."""
    HITS.clear()
    SHOWN.clear()
    run_state_machine_as_test(Together, settings=_MANY if _NIGHTLY else _FEW)
    assert not EXPECTED - set(HITS), f"never taken: {sorted(EXPECTED - set(HITS))}"
    for witnesses in ((telling.OVER_BESIDE,), (telling.OVER_BY_ANOTHER,), telling.BETWEEN_MACHINES):
        assert any(SHOWN[witness] for witness in witnesses), f"never seen: {witnesses} in {SHOWN}"


# --- they can fail --------------------------------------------------------------------------------------------------


def _found(*predicates: str) -> Any:
    """Expect random runs to find something that one of these predicates tells."""
    return pytest.raises(AssertionError, match=f"^({'|'.join(predicates)}):")


def _run(kind: type[Actors] = Fierce) -> None:
    run_state_machine_as_test(kind, settings=settings(_FEW, phases=[Phase.generate], report_multiple_bugs=False))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("module", [client_service, stateful_set], ids=["service", "stateful-set"])
def test_reconciling_over_what_a_failover_wrote_is_found(monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    """An update would lead clients to nobody or back, or start new volumes in a former epoch."""

    def forgetful(desired: Mapping[str, Any], _live: Mapping[str, Any]) -> Any:
        return dict(desired)

    monkeypatch.setattr(module, "carried", forgetful)
    with _found("fieldsOfFailover", "epochMonotone", "serviceConsistency", "routesAsDecided"):
        _run()


@pytest.mark.timeout(300)
def test_a_failover_that_overlooks_a_conflict_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would go on although the Service is not as it wrote it."""
    phases = failover_table.Phase
    guard = "if not isinstance(reply, Stored):"
    blind = "reply = Stored(state.service) if isinstance(reply, Conflict) else reply"
    unrouted = rewritten(failover, "_unroute_write", guard, f"{blind}\n    {guard}")
    routed = rewritten(failover, "_route_write", "isinstance(reply, Stored)", "isinstance(reply, (Stored, Conflict))")
    for phase, mutated in ((phases.UNROUTE_WRITE, unrouted), (phases.ROUTE_WRITE, routed)):
        monkeypatch.setitem(failover._HANDLERS, phase, mutated)  # noqa: SLF001 - a mutant replaces what nobody else may call
    with _found("noConcurrentUpdates"):
        _run()


@pytest.mark.timeout(300)
def test_an_operator_that_overlooks_that_its_lease_has_run_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two would lead at once."""
    monkeypatch.setattr(lease, "leads", rewritten(lease, "leads", " and now_ms < state.deadline_ms", ""))
    with _found("leaderElectionSafety", "beliefTruthful", "partitionSafety", "actsOnlyWhileLeading"):
        _run(Together)


@pytest.mark.timeout(300)
def test_an_operator_that_begins_without_the_lease_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other predicate need see it, for a failover is safe without the lease: this one asks for just that."""
    monkeypatch.setattr(moves, "_may_begin", lambda _product, _index: True)
    with _found("actsOnlyWhileLeading"):
        _run(Together)


@pytest.mark.timeout(300)
def test_a_scale_down_that_takes_the_primary_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many pods are kept that the primary is among them."""
    monkeypatch.setattr(facts, "size_of", lambda cluster, _record: cluster.spec.replicas)
    with _found("scaleDownNeverTakesPrimary", "scaleDownNeverRemovesMaster"):
        _run()
