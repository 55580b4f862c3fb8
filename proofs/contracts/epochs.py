"""Epochs only rise, by one, and a candidate is bound to the epoch in which it was chosen."""

from gungnir.machines.epochs import claim, freeze, promoted
from gungnir.machines.facts import Facts
from gungnir.machines.record import Candidate, Electorate, Intent, Kind, Member, Record, Stage

_FACTS = Facts("vc", "uid", 3, 1, persistent=True)


def _claimed(epoch: int, size: int, acks: int) -> Record:
    intent = Intent(Kind.FAILOVER, Stage.FENCING, "reason")
    return Record(epoch=epoch, intent=intent, electorate=Electorate(size, acks))


def a_claim_raises_the_epoch_by_one(epoch: int, size: int, acks: int) -> bool:
    """Each epoch follows the one before it.

    post: _
    """
    record = Record(epoch=epoch, electorate=Electorate(size, acks))
    return claim(record, _FACTS, Kind.FAILOVER, "reason", "").epoch == epoch + 1


def a_claim_leaves_the_electorate_alone(epoch: int, size: int, acks: int) -> bool:
    """Who may hold a confirmed write does not change because an epoch begins; the first one fixes it.

    pre: size >= 0
    post: _
    """
    record = Record(epoch=epoch, electorate=Electorate(size, acks))
    now = claim(record, _FACTS, Kind.FAILOVER, "reason", "").electorate
    return now == (record.electorate if size else Electorate(_FACTS.size, _FACTS.acks))


def a_choice_stays_in_its_epoch(epoch: int, size: int, acks: int, history: int, offset: int) -> bool:
    """Storing the candidate changes neither the epoch nor who counts.

    post: _
    """
    record = _claimed(epoch, size, acks)
    now = freeze(record, Candidate("vc-1", "uid", "run", history, offset), "Quorum")
    return now.epoch == epoch and now.electorate == record.electorate


def a_promotion_begins_a_history_at_the_candidate(epoch: int, history: int, offset: int, restarts: int) -> bool:
    """The new history begins where the candidate's data ends, and comes from the history of that data.

    pre: 0 < history < epoch and offset >= 0
    post: _
    """
    record = freeze(_claimed(epoch, 3, 1), Candidate("vc-1", "uid", "run", history, offset), "Quorum")
    now = promoted(record, _FACTS, Candidate("vc-1", "uid", "run", history, offset), "id", restarts)
    begun = now.histories[-1]
    return (begun.epoch, begun.parent, begun.base) == (epoch, history, offset)


def a_promotion_makes_one_primary(epoch: int, history: int, offset: int, restarts: int) -> bool:
    """The recorded primary is the very process that was chosen, in this epoch, and it counts as whole.

    pre: epoch > 0 and history >= 0 and offset >= 0
    post: _
    """
    candidate = Candidate("vc-1", "uid", "run", history, offset)
    now = promoted(freeze(_claimed(epoch, 3, 1), candidate, "Quorum"), _FACTS, candidate, "id", restarts)
    primary = now.primary
    if primary is None or now.epoch != epoch:
        return False
    return (primary.pod, primary.run_id, primary.epoch) == ("vc-1", "run", epoch) and (
        Member("vc-1", "uid", "run") in now.members
    )
