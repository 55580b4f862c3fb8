"""Going on without a pod: the electorate falls by those left out alone, and never below what confirms a write."""

from gungnir.machines.electorate import forgotten, may_forget
from gungnir.machines.facts import Facts
from gungnir.machines.record import Electorate, Member, Primary, Record
from gungnir.machines.selection import votes_needed
from gungnir.machines.view import Contact, PodView, View

_MEMBERS = tuple(Member(f"vc-{number}", f"uid{number}", f"run{number}") for number in range(3))
_PRIMARY = PodView("vc-0", "uid0", "ip", False, False, Contact.UP, 0, 0, "", None)


def _record(size: int, acks: int, left_out: bool) -> Record:
    primary = Primary("vc-0", "uid0", "run0", "id", 1)
    members = (_MEMBERS[0], _MEMBERS[2]) if left_out else _MEMBERS[:1]
    return Record(
        epoch=2,
        primary=primary,
        members=members,
        electorate=Electorate(size, acks),
        left_out=("vc-2",) if left_out else (),
    )


def it_falls_by_those_who_are_forgotten_alone(size: int, acks: int) -> bool:
    """One pod that is forgotten makes the electorate smaller by one, and changes no promise.

    post: _
    """
    return forgotten(_record(size, acks, True)).electorate == Electorate(size - 1, acks)


def nobody_is_forgotten_who_was_not_left_out(size: int, acks: int, wanted: int, asked: int) -> bool:
    """Without anybody left out there is nobody to forget.

    pre: 0 <= acks < size and 0 <= asked < wanted
    post: _
    """
    record = _record(size, acks, False)
    facts = Facts("vc", "uid", wanted, asked, persistent=True)
    return not may_forget(facts, record, _PRIMARY, View((_PRIMARY,))) and forgotten(record) == record


def enough_stay_to_confirm_a_write(size: int, acks: int, wanted: int, asked: int) -> bool:
    """As many pods stay as it takes to confirm a write, by the promise and by the spec.

    pre: 0 <= acks < size and 0 <= asked < wanted
    post: _
    """
    record = _record(size, acks, True)
    facts = Facts("vc", "uid", wanted, asked, persistent=True)
    forgets = may_forget(facts, record, _PRIMARY, View((_PRIMARY,)))
    left = forgotten(record).electorate.size
    return not forgets or (left >= acks + 1 and left >= asked + 1)


def what_is_left_can_always_vote(size: int, acks: int, wanted: int, asked: int) -> bool:
    """After a pod was forgotten, the pods that are left are as many as must vote.

    pre: 0 <= acks < size and 0 <= asked < wanted
    post: _
    """
    record = _record(size, acks, True)
    facts = Facts("vc", "uid", wanted, asked, persistent=True)
    forgets = may_forget(facts, record, _PRIMARY, View((_PRIMARY,)))
    left = forgotten(record).electorate
    return not forgets or 1 <= votes_needed(left) <= left.size
