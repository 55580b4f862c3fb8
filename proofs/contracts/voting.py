"""Who votes, who is the process that is meant, and where its data belongs."""

from gungnir.machines.evidence import Health, attached, primary_health
from gungnir.machines.pods import SAME_START_S, same_process, worth_asking
from gungnir.machines.record import Admitted
from gungnir.machines.requests import AnswerKind
from gungnir.machines.selection import divergence, history_of, is_blank, why_not
from gungnir.machines.view import Contact, View
from proofs.shapes import EPOCH, FACTS, FORK, UID, answer, pod, record, server

SERVING = server(primary=True)


def only_the_detached_vote(primary: bool, link_up: bool, loading: bool, syncing: bool, offset: int) -> bool:
    """A pod votes exactly if it does not serve, follow, load or sync, and its data has reached a known history.

    post: _
    """
    reading = server(primary=primary, link_up=link_up, loading=loading, syncing=syncing, offset=offset)
    votes = not why_not(record(), answer(reading), UID)
    return votes == (not (primary or link_up or loading or syncing) and offset >= 0)


def only_this_epoch_votes(mine: bool, voting: bool, whole: bool) -> bool:
    """A pod votes exactly if it is fenced for the vote of this epoch and was seen whole.

    post: _
    """
    reading = server(fence=5 if mine else 4)._replace(voting=voting)
    seen = record() if whole else record()._replace(members=())
    return (not why_not(seen, answer(reading), UID)) == (mine and voting and whole)


def no_answer_is_no_vote(kind: AnswerKind) -> bool:
    """Only an answer that the command was done is a vote.

    post: _
    """
    return (not why_not(record(), answer(server(), kind), UID)) == (kind is AnswerKind.DONE)


def blank_held_nothing(offset: int, epoch: int, admitted: bool, same: bool) -> bool:
    """A pod counts as blank exactly if it is the admitted process and received nothing since.

    What it holds is of a history before the primary that it was admitted under; or it never received a byte, and has
    no history of that primary either.

    post: _
    """
    admission = Admitted("c-0", UID, "run-0" if same else "run-1", epoch)
    seen = record()._replace(admitted=(admission,) if admitted else ())
    blank = is_blank(seen, answer(server(offset=offset)), UID)
    followed, received = 0 < epoch <= record().acting.epoch, offset > 1 and epoch <= record().acting.epoch
    return blank == (admitted and same and not (followed or received))


def data_is_of_the_history_it_reached(offset: int) -> bool:
    """Below the base of its history, data is of the parent; below that one's base it is foreign.

    post: _
    """
    found = history_of(record(), "a", offset)
    return found == (4 if offset >= FORK else 2 if offset >= 0 else None)


def divergence_is_what_lies_beyond_the_fork(offset: int) -> bool:
    """What a pod holds of history ``b`` beyond offset 7, where the cluster left it, is counted; never less than none.

    post: _
    """
    return divergence(record(), server(offset=offset)._replace(replid="b")) == max(0, offset - FORK)


def another_process_is_death(contact: Contact, same_uid: bool, same_run: bool) -> bool:
    """Another pod object, or another process in it, proves that the recorded one is gone, however it answers.

    post: _
    """
    reading = SERVING if same_run else SERVING._replace(run_id="run-9")
    here = pod(contact, reading)._replace(uid=UID if same_uid else "uid-9")
    dead = primary_health(FACTS, record(), View((here,))).health is Health.DEAD
    return dead == (not same_uid or not same_run)


def ended_container_is_death(contact: Contact, deleting: bool) -> bool:
    """A terminated container is proof, whatever the last probe said.

    post: _
    """
    here = pod(contact, SERVING, deleting=deleting)._replace(terminated=True)
    return primary_health(FACTS, record(), View((here,))).health is Health.DEAD


def attached_is_whole(primary: bool, link_up: bool, syncing: bool, loading: bool, voting: bool, fence: int) -> bool:
    """A replica is attached exactly if it follows, in this epoch, with its link up and nothing still under way.

    post: _
    """
    reading = server(primary=primary, link_up=link_up, syncing=syncing, loading=loading, fence=fence)
    whole = attached(record(), reading._replace(voting=voting), "ip-1")
    return whole == (link_up and fence == EPOCH and not (primary or syncing or loading or voting))


def one_start_by_two_clocks(kubelet_s: int, server_s: int) -> bool:
    """What the kubelet says is about this process exactly if both starts are known and lie close together.

    post: _
    """
    reading = SERVING._replace(started_s=server_s)
    close = -SAME_START_S <= kubelet_s - server_s <= SAME_START_S
    return same_process(pod(Contact.UP, reading)._replace(started_s=kubelet_s), reading) == (
        kubelet_s > 0 and server_s > 0 and close
    )


def nobody_waits_for_the_dead(contact: Contact, terminated: bool) -> bool:
    """A pod that refuses, is silent or is terminated is not waited for; every other one is.

    post: _
    """
    asked = worth_asking(pod(contact, None)._replace(terminated=terminated))
    return asked == (not terminated and contact not in (Contact.REFUSED, Contact.SILENT))
