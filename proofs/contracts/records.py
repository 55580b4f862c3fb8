"""What a promotion keeps, what is sound, and who is a member."""

from gungnir.machines.durability import asks_for_enough
from gungnir.machines.electorate import settled
from gungnir.machines.epochs import promoted
from gungnir.machines.record import Candidate, Electorate, Member, Record
from gungnir.machines.safety import electorate_sound, epoch_monotone
from gungnir.machines.view import Contact, View
from proofs.shapes import EPOCH, FACTS, as_name, pod, record, server, under_way


def _candidate(history: int, offset: int) -> Candidate:
    return Candidate("c-1", "uid-1", "run-1", history, offset)


def promotion_keeps_who_counts(size: int, acks: int, history: int) -> bool:
    """A candidate of a recorded history is promoted without a change of who counts.

    pre: history != 0
    post: _
    """
    before = under_way(5, size, acks)
    after = promoted(before, FACTS, _candidate(history, 9), "n", 0)
    return after.electorate == before.electorate and after.counted == before.counted | {"c-1"}


def settled_is_the_spec(size: int, acks: int, pods: int, wanted: int) -> bool:
    """A settled record counts what the spec asks for.

    pre: 1 <= pods <= 4
    post: _
    """
    after = settled(FACTS._replace(size=pods, acks=wanted), record(5, size, acks))
    return after.electorate == Electorate(pods, wanted) and not (after.admitted or after.left_out)


def fewer_than_asked_is_not_enough(acks: int, wanted: int) -> bool:
    """A primary asks for enough exactly if it asks for what the spec does, or the reading does not tell.

    post: _
    """
    enough = asks_for_enough(FACTS._replace(acks=wanted), server()._replace(min_acks=acks))
    return enough == (acks < 0 or acks >= wanted)


def newer_epoch_is_seen(fence_epoch: int, service: int, template: int) -> bool:
    """A pod or an object of a newer epoch than the record (5) violates ``epochMonotone``, and nothing else does.

    pre: 3 <= fence_epoch <= 7 and 3 <= service <= 7 and 3 <= template <= 7
    post: _
    """
    here = pod(Contact.UP, server(fence=fence_epoch))
    violated = epoch_monotone(record(), View((here,), service_epoch=service, template_epoch=template))
    return bool(violated) == (max(fence_epoch, service, template) > EPOCH)


def promise_is_less_than_the_pods(size: int, acks: int) -> bool:
    """An electorate is sound exactly if fewer copies are promised than it has pods.

    pre: 0 <= size <= 4 and 0 <= acks <= 4
    post: _
    """
    return (not electorate_sound(Record(electorate=Electorate(size, acks)), View(()))) == (size == 0 or acks < size)


def membership_is_of_a_process(pod_name: int, uid: int, run_id: int) -> bool:
    """A pod is a member exactly as the process that was seen whole: name, uid and run id.

    post: _
    """
    seen = Record(members=(Member(as_name(1), as_name(2), as_name(3)),))
    return seen.is_member(as_name(pod_name), as_name(uid), as_name(run_id)) == ((pod_name, uid, run_id) == (1, 2, 3))
