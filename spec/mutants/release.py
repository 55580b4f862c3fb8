"""Wrong ways to go on without a replica that is away, one rule each. Every one ends with a confirmed write lost.

The last one is found before that: by an electorate in which no quorum could be missed.
"""

from typing import Any, Final

from gungnir.machines import electorate, epochs, failover, repair
from gungnir.machines.facts import Facts
from gungnir.machines.record import Member, Record
from gungnir.machines.repair_table import Phase
from gungnir.machines.requests import Answers, Reply
from gungnir.machines.view import Contact, PodView, View
from spec.models.failover import Model
from spec.models.release import MODELS
from spec.mutants import Mutant

LOST: Final = ("noAckedWriteLost",)
_BY_NAME: Final = {model.name: model for model in MODELS}
_admitting, _promoted, _goal, _unattached = (
    electorate.admitting,
    epochs.promoted,
    repair._goal,  # noqa: SLF001 - a mutant replaces what nobody else may call
    repair._unattached,  # noqa: SLF001 - same
)


def _model(name: str) -> Model:
    return _BY_NAME[name]


def _left_out_at_once(facts: Facts, record: Record, view: View) -> Record:
    away = {name for name, _ in view.away} & record.counted
    return _admitting(facts, record, view)._replace(left_out=tuple(sorted(away)))


def _forgotten_at_promotion(*arguments: Any) -> Record:
    after = _promoted(*arguments)
    return electorate.forgotten(after) if after.left_out else after


def _level_at_nothing(facts: Facts, state: repair.State, reply: Reply) -> Any:
    answers = reply.answers if isinstance(reply, Answers) else ()
    at_zero = (answer._replace(server=answer.server and answer.server._replace(offset=0)) for answer in answers)
    return _goal(facts, state, Answers(tuple(at_zero)))


def _still_left_out(facts: Facts, record: Record, view: View) -> Record:
    return _admitting(facts, record, view)._replace(left_out=record.left_out)


def _whoever_is_there(facts: Facts, record: Record, pod: PodView, primary: PodView) -> bool:
    return _unattached(facts, record._replace(left_out=()), pod, primary)


def _follow_everyone(state: failover.State, facts: Facts) -> Any:
    return _follow_commands(state._replace(record=state.record._replace(left_out=())), facts)


_follow_commands: Final = failover._follow_commands  # noqa: SLF001 - as above


def _as_a_new_pod(facts: Facts, record: Record, view: View) -> Record:
    back = {
        pod.name: Member(pod.name, pod.uid, pod.server.run_id)
        for pod in view.pods
        if pod.name in record.left_out and pod.contact is Contact.UP and pod.server is not None
    }
    after = _admitting(facts, record, view)
    return after._replace(
        members=tuple(member for member in after.members if member.pod not in back),
        admitted=tuple(sorted((*after.admitted, *back.values()))),
    )


def _one_is_enough(_facts: Facts, _record: Record) -> int:
    return 1


MUTANTS: Final = (
    Mutant(
        "a replica is left out in the middle of an epoch",
        _model("attached, and out of the operators' sight"),
        LOST,
        ((electorate, "admitting", _left_out_at_once),),
    ),
    Mutant(
        "a replica is forgotten before the others hold what it held",
        _model("the only one with a write, and the primary is lost"),
        LOST,
        ((epochs, "promoted", _forgotten_at_promotion),),
    ),
    Mutant(
        "the others are level with nothing",
        _model("the only one with a write, and the primary is lost"),
        LOST,
        (
            (repair, "_goal", _level_at_nothing),
            (repair, "_HANDLERS", {**repair._HANDLERS, Phase.GOAL: _level_at_nothing}),  # noqa: SLF001 - as above
        ),
    ),
    Mutant(
        "a failover tells a replica that is left out to follow",
        _model("back at any step, the operator ends at any step"),
        ("followersCounted",),
        ((failover, "_follow_commands", _follow_everyone),),
    ),
    Mutant(
        "a replica is told to follow and stays left out",
        _model("back at any step, and the primary is lost"),
        LOST,
        ((electorate, "admitting", _still_left_out), (repair, "_unattached", _whoever_is_there)),
    ),
    Mutant(
        "a replica that was left out returns as a new pod",
        _model("the only one with a write, and the primary is lost"),
        LOST,
        ((electorate, "admitting", _as_a_new_pod),),
    ),
    Mutant(
        "one pod may be all that is left",
        _model("lost for good, then another one"),
        ("followersCounted",),
        ((electorate, "_needed", _one_is_enough),),
    ),
)
