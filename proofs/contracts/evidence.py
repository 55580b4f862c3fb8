"""What counts as evidence: proof of death by count, silence by time, and nothing else by either."""

from typing import Final

from gungnir.machines.evidence import (
    FRESH_IO_S,
    Health,
    hears_primary,
    primary_health,
    refuses_for_good,
    silent_for_long,
)
from gungnir.machines.facts import Facts
from gungnir.machines.record import Primary, Record
from gungnir.machines.view import Contact, PodView, Server, View

CONTACTS: Final = (Contact.UP, Contact.REFUSED, Contact.SILENT, Contact.ERROR, Contact.UNTRIED)
UP, REFUSED, SILENT, ERROR, UNTRIED = range(5)
RECORD: Final = Record(epoch=1, primary=Primary("vc-0", "uid", "run", "replid", 1))


def _server(primary: bool, link_up: bool, last_io_s: int) -> Server:
    return Server("run", primary, "replid", "", 0, 0, 1, "", link_up, last_io_s, False, False, 0, 0)


def _pod(contact: int, refusals: int, silent_ms: int, deleting: bool) -> PodView:
    server = _server(True, False, -1) if contact == UP else None
    return PodView("vc-0", "uid", "ip", deleting, False, CONTACTS[contact], refusals, silent_ms, "", server)


def _facts(down_after_ms: int, needed: int) -> Facts:
    plain = Facts("vc", "uid", 3, 1, persistent=True)
    return plain._replace(down_after_ms=down_after_ms, refusals_for_death=needed)


def refusals_are_a_proof_by_count_alone(refusals: int, silent_ms: int, down_after_ms: int, needed: int) -> bool:
    """Who refuses connections does so for good at the count that is needed, and not before, however long it takes.

    post: _
    """
    pod = _pod(REFUSED, refusals, silent_ms, False)
    return refuses_for_good(_facts(down_after_ms, needed), pod) == (refusals >= needed)


def one_refusal_of_who_leaves_is_enough(refusals: int, silent_ms: int, down_after_ms: int, needed: int) -> bool:
    """A pod that is being deleted and refuses has ended.

    post: _
    """
    return refuses_for_good(_facts(down_after_ms, needed), _pod(REFUSED, refusals, silent_ms, True))


def nobody_else_refuses(contact: int, refusals: int, silent_ms: int, down_after_ms: int, needed: int, go: bool) -> bool:
    """No silence, no error and no count of former refusals is a proof of death.

    pre: 0 <= contact <= 4 and contact != 1
    post: _
    """
    return not refuses_for_good(_facts(down_after_ms, needed), _pod(contact, refusals, silent_ms, go))


def silence_counts_by_time_alone(refusals: int, silent_ms: int, down_after_ms: int, needed: int, go: bool) -> bool:
    """Who does not answer is silent for long from ``down_after_ms`` on, and not a millisecond before.

    post: _
    """
    pod = _pod(SILENT, refusals, silent_ms, go)
    return silent_for_long(_facts(down_after_ms, needed), pod) == (silent_ms >= down_after_ms)


def who_says_anything_is_not_silent(which: int, refusals: int, silent_ms: int, down_after_ms: int, needed: int) -> bool:
    """Who answers, answers with an error, or was never asked, is not silent.

    pre: 0 <= which <= 2
    post: _
    """
    pod = _pod((UP, ERROR, UNTRIED)[which], refusals, silent_ms, False)
    return not silent_for_long(_facts(down_after_ms, needed), pod)


def an_answer_is_health(refusals: int, silent_ms: int, down_after_ms: int, needed: int) -> bool:
    """A primary that answers as primary is healthy, whatever was counted before.

    post: _
    """
    seen = View((_pod(UP, refusals, silent_ms, False),))
    return primary_health(_facts(down_after_ms, needed), RECORD, seen).health == Health.HEALTHY


def an_error_is_doubt(refusals: int, silent_ms: int, down_after_ms: int, needed: int) -> bool:
    """An error reply is neither death nor silence, however often and however long it is all that comes.

    post: _
    """
    seen = View((_pod(ERROR, refusals, silent_ms, False),))
    return primary_health(_facts(down_after_ms, needed), RECORD, seen).health == Health.DOUBTFUL


def a_primary_that_leaves_and_answers_is_leaving(refusals: int, silent_ms: int, down_after_ms: int, need: int) -> bool:
    """A primary that is being deleted and answers hands over; it is not taken for dead.

    post: _
    """
    seen = View((_pod(UP, refusals, silent_ms, True),))
    return primary_health(_facts(down_after_ms, need), RECORD, seen).health == Health.LEAVING


def only_a_fresh_link_hears(primary: bool, link_up: bool, last_io_s: int) -> bool:
    """A replica is a witness for its primary only with its link up, and fresh bytes from it.

    post: _
    """
    hears = hears_primary(_server(primary, link_up, last_io_s))
    return hears == (link_up and not primary and 0 <= last_io_s < FRESH_IO_S)
