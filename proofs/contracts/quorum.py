"""How many votes are enough: every set of pods that WAIT may have counted is met, and never by more than there are."""

from gungnir.machines.durability import acks_to_set
from gungnir.machines.electorate import grown
from gungnir.machines.facts import Facts
from gungnir.machines.record import Candidate, Electorate, Member, Primary, Record
from gungnir.machines.selection import Ballot, Vote, elect, votes_needed


def _facts(size: int, acks: int) -> Facts:
    return Facts("vc", "uid", size, acks, persistent=True)


def votes_meet_every_confirmation(size: int, acks: int) -> bool:
    """As many votes as are needed, and the pods that confirmed a write, are together more than there are.

    pre: 0 < acks < size
    post: _
    """
    return votes_needed(Electorate(size, acks)) + (acks + 1) > size


def one_vote_less_misses_one(size: int, acks: int) -> bool:
    """With one vote less, all pods that confirmed a write may be among those that did not vote.

    pre: 0 < acks < size
    post: _
    """
    return votes_needed(Electorate(size, acks)) - 1 + (acks + 1) <= size


def there_are_as_many_as_needed(size: int, acks: int) -> bool:
    """All pods together are always enough.

    pre: 0 <= acks < size
    post: _
    """
    return 1 <= votes_needed(Electorate(size, acks)) <= size


def blanks_are_not_asked_for(size: int, acks: int, blanks: int) -> bool:
    """Without the pods that never held anything, the votes still meet every confirmation, which the others gave.

    pre: 0 < acks and 0 <= blanks and acks + 1 <= size - blanks
    post: _
    """
    return votes_needed(Electorate(size, acks), blanks) + (acks + 1) > size - blanks


def more_pods_never_need_fewer_votes(size: int, more: int, acks: int) -> bool:
    """A larger electorate needs at least as many votes.

    pre: 0 <= acks < size <= more
    post: _
    """
    return votes_needed(Electorate(more, acks)) >= votes_needed(Electorate(size, acks))


def more_copies_never_need_more_votes(size: int, acks: int, more: int) -> bool:
    """The more copies a write has, the fewer votes meet one of them.

    pre: 0 < acks <= more < size
    post: _
    """
    return votes_needed(Electorate(size, more)) <= votes_needed(Electorate(size, acks))


def nobody_is_chosen_by_too_few(size: int, acks: int, voters: int) -> bool:
    """Without the primary's own vote, a candidate is chosen by as many votes as are needed, and only then.

    pre: 0 <= voters <= 3
    pre: 0 <= acks < size
    post: _
    """
    votes = tuple(Vote(f"vc-{number}", "uid", f"run{number}", 1, 1, 100) for number in range(voters))
    chosen = elect(Record(epoch=1, electorate=Electorate(size, acks)), Ballot(votes, ()))
    return (chosen.candidate is not None) == (voters >= votes_needed(Electorate(size, acks)))


def _with_primary(epoch: int, size: int) -> Record:
    primary = Primary("vc-0", "uid", "run0", "replid", epoch)
    return Record(epoch=epoch + 1, primary=primary, electorate=Electorate(size, 1))


def the_primary_alone_is_enough(epoch: int, offset: int, size: int) -> bool:
    """The vote of the recorded primary, of its own history, is enough by itself.

    pre: epoch > 0 and size > 1
    post: _
    """
    own = Vote("vc-0", "uid", "run0", epoch, offset, 100)
    return elect(_with_primary(epoch, size), Ballot((own,), ())).candidate == Candidate(
        "vc-0", "uid", "run0", epoch, offset
    )


def a_primary_that_holds_less_is_not_enough(epoch: int, offset: int, more: int, size: int) -> bool:
    """It is not enough where another pod holds more of that history: two of more than three are too few.

    pre: epoch > 0 and size > 3 and more > offset
    post: _
    """
    own = Vote("vc-0", "uid", "run0", epoch, offset, 100)
    other = Vote("vc-1", "uid", "run1", epoch, more, 100)
    return elect(_with_primary(epoch, size), Ballot((own, other), ())).candidate is None


def the_electorate_never_shrinks_by_growing(size: int, acks: int, wanted: int, asked: int, members: int) -> bool:
    """What is recorded at once is at least as large, counts everybody, and promises no more copies.

    pre: 0 <= members <= 3
    pre: 0 <= acks < size and 0 <= asked < wanted
    post: _
    """
    whole = tuple(Member(f"vc-{number}", "uid", "run") for number in range(members))
    now = grown(_facts(wanted, asked), Record(members=whole, electorate=Electorate(size, acks)))
    return now.size >= size and now.size >= members and now.acks <= acks


def growing_never_needs_fewer_votes(size: int, acks: int, wanted: int, asked: int, members: int) -> bool:
    """What is recorded at once never makes fewer votes enough, unless no copy is promised from now on.

    pre: 0 <= members <= 3
    pre: 0 < acks < size and 0 < asked < wanted
    post: _
    """
    whole = tuple(Member(f"vc-{number}", "uid", "run") for number in range(members))
    now = grown(_facts(wanted, asked), Record(members=whole, electorate=Electorate(size, acks)))
    return votes_needed(now) >= votes_needed(Electorate(size, acks))


def servers_ask_for_what_is_promised(size: int, acks: int, wanted: int, asked: int) -> bool:
    """A server never asks for fewer replicas than the record promises, nor fewer than the spec wants.

    post: _
    """
    told = acks_to_set(_facts(wanted, asked), Record(electorate=Electorate(size, acks)))
    return told >= acks and told >= asked and told in (acks, asked)
