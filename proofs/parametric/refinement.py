"""The refinement map: what an explored world of spec/ is in the relation, and which actions an explored step is.

The relation's state is carried along each explored path. A step of the world is taken apart into actions; each must
have its guards true, and afterwards the relation's state must show all that the world shows (``differences``). What the
relation alone knows (acks, blocking votes, the floor) follows from its actions.

Epoch 1 of a world is the relation's first epoch; the n-th write of a world is its write n + 1.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Final

from gungnir.machines.record import Record, Stage
from gungnir.machines.requests import Answer, AnswerKind, PodCommand, Verb
from gungnir.machines.selection import history_of, is_blank, why_not
from gungnir.resources.fence import epoch_at, is_voting
from proofs.parametric.action import Action
from proofs.parametric.concrete import Finite, Size, Values, mask_of, zeros
from proofs.parametric.initial import initial
from proofs.parametric.relation import ACTIONS
from spec.world import HOLD, Label, Link, Pod, World, pod_index, pod_name, run_of, uid_of

BY_NAME: Final[dict[str, Action]] = {action.name: action for action in ACTIONS}
QUORUM_RULES: Final = ("Quorum", "PrimaryVoted")
"""``Intent.verdict`` of a candidate that the relation speaks of; by every other one a new lineage begins."""
FORMER: Final = "~"
"""In the name of a pod that is counted beside its successor of the same name: see ``electorate.parted``."""
LIVE: Final = (Link.UP, Link.SYNC, Link.LOAD, Link.LOAD_CUT)


class RelationBrokenError(Exception):
    """A step of the world is none of the relation, or the worlds do not look alike after it."""


class OutsideError(Exception):
    """What follows is not of this relation, which says so itself: a new lineage begins, or a name is two pods."""


class Follower:
    """Follows worlds in the relation. ``taken`` counts the actions."""

    def __init__(self, size: Size) -> None:
        self.logic = Finite(size)
        self.size = size
        self.taken: dict[str, int] = dict.fromkeys(BY_NAME, 0)

    # --- taking actions ---------------------------------------------------------------------------------------------

    def failing(self, state: Values, name: str, *arguments: int) -> list[str]:
        """Return the guards of an action that do not hold."""
        guards = BY_NAME[name].guards(self.logic, state, *arguments)
        return [guard for guard, holds in guards.items() if not holds]

    def do(self, state: Values, name: str, *arguments: int) -> Values:
        """Take an action.

        Raises:
            RelationBrokenError: a guard does not hold.
        """
        failing = self.failing(state, name, *arguments)
        if failing:
            raise RelationBrokenError(f"{name}{arguments}: not {', '.join(failing)}")
        self.taken[name] += 1
        after = BY_NAME[name].effect(self.logic, state, *arguments)
        if not isinstance(after, Values):
            raise TypeError(f"{name} gives no finite state")
        return after

    # --- where a walk begins ----------------------------------------------------------------------------------------

    def beginning(self, world: World) -> Values:
        """Return the state of a cluster that serves in its first epoch, brought about by actions from the initial one.

        Raises:
            RelationBrokenError: this world is not such a cluster.
        """
        record = world.api.record
        if record.primary is None or record.epoch != 1:
            raise RelationBrokenError("the first world does not serve in epoch 1")
        host = pod_index(record.primary.pod)
        state = zeros(self.size)
        counted = [pod_index(name) for name in record.counted]
        for pod in counted:
            state = state.put("counted", (pod,), True).put("told", (0, pod), True)
        for name in ("begun", "chosen", "settled", "started"):
            state = state.put(name, (0,), True)
        for name in ("primary", "whole", "member", "acts"):
            state = state.put(name, (host,), True)
        state = state.put("candidate", (0,), host).put("promoted", (0, host), True).put("sent", (0,), True)
        state = state.put("keepers", (), mask_of(sorted(counted)[: self.size.acks + 1]))
        if not all(initial(self.logic, state)):
            raise RelationBrokenError("the first state is not initial")
        for pod in range(len(world.pods)):
            if pod in counted and world.pods[pod].follows == host:
                state = self.do(state, "follow", 0, pod)
                for name in ("copy", "load", "loaded", "record") if world.pods[pod].link is Link.UP else ():
                    state = self.do(state, name, pod)
        for write in world.pods[host].log:
            state = self.do(state, "write", host, write + 1)
        return self._settled(state, world)

    # --- a step -----------------------------------------------------------------------------------------------------

    def step(self, state: Values, before: World, label: Label | None, after: World) -> Values:
        """Return the state after a step of the world; ``label`` None: a scene made the change by hand.

        Raises:
            RelationBrokenError: the step is none of the relation.
            OutsideError: it leads out of it.
        """
        old, new = before.api.record, after.api.record
        if new.epoch != old.epoch:
            state = self.do(state, "claim", new.epoch - 1)
        if after.api.template != before.api.template:
            state = self.do(state, "stamp", after.api.template - 1)
        for index, (was, now) in enumerate(zip(before.pods, after.pods, strict=True)):
            if was.up and not now.up:
                state = self.do(state, "end" if was.saved == now.saved else "lose", index)
            elif was.up and was.primary and len(now.log) > len(was.log):
                for write in now.log[len(was.log) :]:
                    state = self.do(state, "write", index, write + 1)
        if label is not None:
            state = self._labelled(state, before, label, after)
        if new != old:
            state = self._recorded(state, old, new, after)
        state = self._settled(state, after)
        wrong = next(self.differences(state, after), "")
        if wrong:
            raise RelationBrokenError(wrong)
        return state

    def _labelled(self, state: Values, before: World, label: Label, after: World) -> Values:
        if label.name == "stray raise" and isinstance(label.what, PodCommand):
            return self._commanded(state, before, label.what, None, heard=False)
        if (
            label.name in ("command", "stray")
            and isinstance(label.what, tuple)
            and isinstance(label.what[0], PodCommand)
        ):
            what, answer = label.what
            return self._commanded(state, before, what, answer, heard=label.name == "command")
        if label.name not in ("attach", "load", "loaded"):
            return state
        index = pod_index(label.who)
        if label.name == "attach":
            return self.do(state, "attach" if after.pods[index].link is Link.UP else "copy", index)
        return self.do(state, label.name, index)

    def _commanded(
        self, state: Values, before: World, command: PodCommand, answer: Answer | None, *, heard: bool
    ) -> Values:
        epoch, pod = command.epoch - 1, pod_index(command.pod)
        if command.verb not in (Verb.DETACH, Verb.PROMOTE, Verb.FOLLOW):
            return state
        if answer is None or answer.kind is AnswerKind.ERROR:
            return self.do(state, "raise", epoch, pod, command.verb is not Verb.DETACH)
        if answer.kind is not AnswerKind.DONE:
            return state
        state = self.do(state, command.verb.value.lower(), epoch, pod)
        return self._heard(state, before.api.record, command, answer) if heard else state

    def _heard(self, state: Values, record: Record, command: PodCommand, answer: Answer) -> Values:
        """An operator hears an answer to DETACH: production itself says whether it is a vote, or blank."""
        epoch, pod = command.epoch - 1, pod_index(command.pod)
        electing = record.epoch == command.epoch and record.intent is not None and record.intent.stage is Stage.FENCING
        if command.verb is not Verb.DETACH or not electing:
            return state
        if not why_not(record, answer, command.uid):
            if not state.member(pod):  # It was only admitted, and the answer shows that it is whole.
                state = self.do(state, "record", pod)
            state = self.do(state, "vote", epoch, pod)
        if is_blank(record, answer, command.uid):
            if state.whole(pod) and answer.server is not None and answer.server.keys:
                # A server counts bytes, and its backlog begins with one: there, whoever holds a write is past offset 1.
                raise OutsideError("offset 1 is a write in this world, and none on a server")
            state = self.do(state, "blank", epoch, pod)
        return state

    # --- the record -------------------------------------------------------------------------------------------------

    def _recorded(self, state: Values, old: Record, new: Record, world: World) -> Values:
        if any(FORMER in name for name in new.counted):
            raise OutsideError("a former process of the same name goes on to count")
        intent, epoch = new.intent, new.epoch - 1
        if intent is not None and intent.candidate is not None and not state.chosen(epoch):
            if intent.verdict not in QUORUM_RULES:
                raise OutsideError(f"a lineage begins: {intent.verdict}")
            state = self._frozen(state, epoch, pod_index(intent.candidate.pod), intent.verdict)
        if new.primary is not None and (old.primary is None or new.primary.epoch != old.primary.epoch):
            state = self.do(state, "settle", new.primary.epoch - 1)
        return self._members(state, new, world)

    def _members(self, state: Values, new: Record, world: World) -> Values:
        epoch, counted = new.epoch - 1, {pod_index(name) for name in new.counted}
        if any(state.counted(pod) and pod not in counted for pod in range(self.size.pods)):
            state = self._forgotten(state, epoch)
        for pod in sorted(counted):
            if not state.counted(pod):
                fresh = any(each.pod == pod_name(pod) and _runs(world, pod, each.run_id) for each in new.admitted)
                state = self.do(state, "admit", pod, fresh)
        for pod in sorted(pod_index(name) for name in new.told):
            if state.chosen(epoch) and not state.told(epoch, pod):
                state = self.do(state, "tell", pod)
        for pod in range(len(world.pods)):
            if _is_member(new, world, pod) and not state.member(pod):
                state = self.do(state, "record", pod)
        return state

    def _frozen(self, state: Values, epoch: int, pod: int, verdict: str) -> Values:
        """Any set of votes that were given will do; which of them the operator had counted makes no difference."""
        if verdict == "PrimaryVoted":
            return self.do(state, "freeze by primary", epoch, pod)
        voted = [each for each in range(self.size.pods) if state.voted(epoch, each)]
        electorate = mask_of(
            each for each in range(self.size.pods) if state.counted(each) and not state.blank(epoch, each)
        )
        for count in range(len(voted), 0, -1):
            for some in combinations(voted, count):
                if not self.failing(state, "freeze by quorum", epoch, pod, mask_of(some), electorate):
                    return self.do(state, "freeze by quorum", epoch, pod, mask_of(some), electorate)
        return self.do(state, "freeze by quorum", epoch, pod, mask_of(voted), electorate)

    def _forgotten(self, state: Values, epoch: int) -> Values:
        told = mask_of(pod for pod in range(self.size.pods) if state.told(epoch, pod))
        if told.bit_count() <= self.size.acks:
            raise RelationBrokenError("forget: not enough left")
        return self.do(state, "forget", told)

    # --- what follows of itself -------------------------------------------------------------------------------------

    def _settled(self, state: Values, world: World) -> Values:
        """Connections that ended, what was received, and who is level: readings that anyone may take at any time."""
        for index, pod in enumerate(world.pods):
            if state.open(index) and pod.link not in LIVE:
                state = self.do(state, "drop", index)
            if state.open(index) and not state.copying(index) and state.whole(index):
                state = self._received(state, index, pod)
        return state

    def _received(self, state: Values, index: int, pod: Pod) -> Values:
        reached = max((write + 1 for write in pod.log), default=0)
        if len(pod.log) > len(self.data(state, index)) or state.history(index) != state.carries(index):
            epoch = state.carries(index)
            while state.base(epoch) > reached and epoch != state.history(index):
                epoch = state.parent(epoch)
            if (epoch, reached) != (state.history(index), state.offset(index)):
                state = self.do(state, "stream", index, epoch, reached)
        if state.history(index) == state.cut(index) and not state.level(state.cut(index), index):
            state = self.do(state, "level", index)
        return state

    def data(self, state: Values, pod: int) -> tuple[int, ...]:
        """Return the writes that a whole pod of the relation holds."""
        history, offset = state.history(pod), state.offset(pod)
        return tuple(w - 1 for w in range(1, self.size.writes) if w <= offset and state.log(history, w))

    # --- looking alike ----------------------------------------------------------------------------------------------

    def differences(self, state: Values, world: World) -> Iterator[str]:
        """Yield where the state and the world do not look alike."""
        record = world.api.record
        pairs: list[tuple[str, object, object]] = [
            ("epoch", state.current() + 1, record.epoch),
            ("template", state.stamped() + 1, world.api.template),
            ("counted", _names(self.size, state.counted), record.counted),
            ("primary", state.latest() + 1, None if record.primary is None else record.primary.epoch),
        ]
        epoch = state.current()
        intent = record.intent
        chosen = intent is None or intent.stage is not Stage.FENCING
        pairs.append(("candidate stored", bool(state.chosen(epoch)), chosen))
        if intent is not None and intent.candidate is not None:
            stored = (intent.candidate.pod, intent.candidate.history)
            pairs.append(("candidate", (pod_name(state.candidate(epoch)), state.parent(epoch) + 1), stored))
        if chosen and not record.told <= _names(self.size, lambda pod: state.told(epoch, pod)):
            yield f"told: the record has {sorted(record.told)}"
        promoted = {(e + 1, q) for e in range(self.size.epochs) for q in range(self.size.pods) if state.promoted(e, q)}
        pairs.append(("promoted", promoted, {(e, q) for e, q, _ in world.ghost.promoted}))
        for name, mine, theirs in pairs:
            if mine != theirs:
                yield f"{name}: {mine} in the relation, {theirs} in the world"
        for index, pod in enumerate(world.pods):
            yield from self._pod_differences(state, record, index, pod)

    def _pod_differences(self, state: Values, record: Record, index: int, pod: Pod) -> Iterator[str]:
        linked = pod.up and not pod.primary and pod.follows != HOLD
        pairs: list[tuple[str, object, object]] = [
            ("fence", (state.fence(index) + 1, not state.acts(index)), (epoch_at(pod.saved), is_voting(pod.saved))),
            ("serves", bool(state.primary(index)), pod.up and pod.primary),
            ("linked", bool(state.linked(index)), linked),
            ("open", bool(state.open(index)), pod.link in LIVE),
            ("copying", bool(state.copying(index)), pod.link in (Link.SYNC, Link.LOAD, Link.LOAD_CUT)),
            ("loading", bool(state.loading(index)), pod.link in (Link.LOAD, Link.LOAD_CUT)),
            ("member", bool(state.member(index)), pod.up and self._is_whole(state, record, index, pod)),
        ]
        if linked:
            pairs.append(("follows", (state.host(index), state.cut(index) + 1), (pod.follows, pod.creds)))
        if state.whole(index):
            pairs.append(("data", self.data(state, index), pod.log))
            known = history_of(record, pod.replid, pod.offset)
            if known is not None:
                pairs.append(("history", state.history(index) + 1, known))
        for name, mine, theirs in pairs:
            if mine != theirs:
                yield f"{name} of {pod_name(index)}: {mine} in the relation, {theirs} in the world"

    def _is_whole(self, state: Values, record: Record, index: int, pod: Pod) -> bool:
        """The relation knows who voted as whole; the record may call it admitted yet."""
        process = pod_name(index), uid_of(index, pod.uid), run_of(index, pod.run)
        return record.is_member(*process) or (bool(state.member(index)) and record.admission(*process) is not None)


def _names(size: Size, holds: Callable[[int], object]) -> frozenset[str]:
    return frozenset(pod_name(pod) for pod in range(size.pods) if holds(pod))


def _runs(world: World, index: int, run_id: str) -> bool:
    pod = world.pods[index]
    return pod.up and run_of(index, pod.run) == run_id


def _is_member(record: Record, world: World, index: int) -> bool:
    pod = world.pods[index]
    return pod.up and _is_member_pod(record, index, pod)


def _is_member_pod(record: Record, index: int, pod: Pod) -> bool:
    return record.is_member(pod_name(index), uid_of(index, pod.uid), run_of(index, pod.run))
