"""The state of the relation: record, pods, links, histories, and what only the proof knows (ghosts).

The data of a whole pod are the writes of its history up to its offset: ``{w of log(history(q)) : w <= offset(q)}``.
"""

from collections.abc import Callable
from typing import Final, Protocol

from proofs.parametric.sorts import ACKS, ELECTORATE, EPOCH, POD, TRUTH, VOTES, WRITE, Sort, Term

SIGNATURE: Final[dict[str, tuple[Sort, ...]]] = {
    # The durable record, and the template. The last sort is that of the value.
    "current": (EPOCH,),  # the epoch that is stored
    "stamped": (EPOCH,),  # the epoch in which a pod with a new volume starts
    "begun": (EPOCH, TRUTH),  # this epoch was stored at some time
    "chosen": (EPOCH, TRUTH),  # a candidate was frozen for it
    "candidate": (EPOCH, POD),
    "parent": (EPOCH, EPOCH),  # the history that the candidate's data belongs to
    "base": (EPOCH, WRITE),  # and how far it reaches: where the new history begins
    "settled": (EPOCH, TRUTH),  # its promotion is recorded
    "latest": (EPOCH,),  # the last epoch whose promotion is recorded
    "counted": (POD, TRUTH),  # named by the record as one that may hold an acknowledged write
    "told": (EPOCH, POD, TRUTH),  # may be told to follow in this epoch: counted and not left out
    "member": (POD, TRUTH),  # its present process is recorded as seen whole
    # Readings: what some operator was answered at some time.
    "voted": (EPOCH, POD, TRUTH),
    "vote_history": (EPOCH, POD, EPOCH),
    "vote_offset": (EPOCH, POD, WRITE),
    "same_process": (EPOCH, POD, TRUTH),  # the process that voted is the one that runs
    "blank": (EPOCH, POD, TRUTH),  # read as one that never held anything
    "level": (EPOCH, POD, TRUTH),  # was attached, with all that its epoch began with
    # Pods.
    "fence": (POD, EPOCH),
    "acts": (POD, TRUTH),  # it is at the acting position of its epoch, not at the voting one
    "cut": (POD, EPOCH),  # ghost: the epoch of the last command that it carried out: below it, it has no tie left
    "primary": (POD, TRUTH),
    "linked": (POD, TRUTH),  # it was told to follow
    "host": (POD, POD),
    "whole": (POD, TRUTH),  # ghost: its data is a prefix of a history; not so after a restart, until it is synced
    "loading": (POD, TRUTH),  # the old data is thrown away, and the copy is not loaded yet
    "fresh": (POD, TRUTH),  # the process that runs was admitted as new, and received nothing since
    "history": (POD, EPOCH),
    "offset": (POD, WRITE),
    # Links.
    "open": (POD, TRUTH),  # attached, or something is still under way on the connection
    "carries": (POD, EPOCH),  # the history that comes over it
    "copying": (POD, TRUTH),  # a full copy is under way
    "copy_offset": (POD, WRITE),
    # Histories.
    "log": (EPOCH, WRITE, TRUTH),
    "sent": (WRITE, TRUTH),  # by some client
    "started": (EPOCH, TRUTH),  # its candidate was promoted
    "promoted": (EPOCH, POD, TRUTH),
    "ack": (EPOCH, POD, WRITE, TRUTH),  # the pod held the write while it was attached in this epoch, or was its primary
    # Ghosts: since when the electorate is what it is, and who keeps acks of epoch a from being completed below f.
    "floor": (EPOCH,),  # pods that counted before it were forgotten
    "keepers": (ACKS,),  # acks + 1 pods that were level with the floor then
    "blocking": (EPOCH, EPOCH, VOTES),
    "bound": (EPOCH, EPOCH, ELECTORATE),  # the electorate that those votes were enough of
    "by_primary": (EPOCH, EPOCH, TRUTH),  # it was the vote of the recorded primary alone
}

Symbol = Callable[..., Term]


class State(Protocol):
    """A state: its symbols as functions, and states that differ in some of them."""

    def __getattr__(self, name: str) -> Symbol:
        """Return a symbol as a function of its arguments."""

    def put(self, name: str, at: tuple[Term, ...], value: Term) -> "State":
        """Return the state with one value changed."""

    def define(self, name: str, value: Symbol) -> "State":
        """Return the state with all values of a symbol given by a function."""
