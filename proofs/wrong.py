"""For each law a wrong version of the production code for which CrossHair refutes it: the law can fail.

``python -m proofs.wrong`` tries them all. Each edit is made in a process of its own, as for the mutants of ``spec``.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from proofs.confirm import Verdict, confirm
from proofs.laws import FOLDER, all_laws
from proofs.wrong_table import TABLE
from spec.mutants import Edit

_SELECTION: Final = "gungnir.machines.selection"
_ELECTORATE: Final = "gungnir.machines.electorate"
_EPOCHS: Final = "gungnir.machines.epochs"
_EVIDENCE: Final = "gungnir.machines.evidence"
_FENCE: Final = "gungnir.resources.fence"
_LEASE: Final = "gungnir.machines.lease"
_STORAGE: Final = "gungnir.machines.storage"
_VOTES: Final = "return max(1, electorate.size - blanks - electorate.acks) if electorate.acks else 1"


class Wrong(NamedTuple):
    """A wrong version, and the laws of one file that it breaks."""

    edit: Edit
    file: str
    laws: tuple[str, ...]


def _wrong(module: str, old: str, new: str, file: str, *laws: str) -> Wrong:
    return Wrong(Edit(module, old, new), file, laws)


WRONG: Final = (
    _wrong(
        *(
            _SELECTION,
            "return _rank(left, target, leaving) > _rank(right",
            "return _rank(left, target, leaving) >= _rank(right",
        ),
        *("selection", "nobody_is_better_than_itself"),
    ),
    _wrong(
        *(_SELECTION, "        vote.run_id,\n        vote.pod,\n    )", "        '',\n        '',\n    )"),
        *("selection", "of_two_pods_one_is_better"),
    ),
    _wrong(
        *(
            _SELECTION,
            "        vote.history,\n        vote.offset,\n        vote.pod ==",
            "        vote.offset,\n        vote.history,\n        vote.pod ==",
        ),
        *("selection", "history_comes_first"),
    ),
    _wrong(
        *(
            _SELECTION,
            "    return _rank(left, target, leaving) > _rank(right, target, leaving)",
            "    return left.offset > right.offset or left.history > right.history",
        ),
        *("selection", "better_is_transitive"),
    ),
    _wrong(
        *(
            _SELECTION,
            "        vote.offset,\n        vote.pod == target,\n",
            "        vote.pod == target,\n        vote.offset,\n",
        ),
        *("selection", "offset_comes_second"),
    ),
    _wrong(
        *(
            _SELECTION,
            "        vote.pod == target,\n        vote.pod != leaving,\n",
            "        vote.pod != target,\n        vote.pod == leaving,\n",
        ),
        *("selection", "the_target_wins_among_equals", "who_leaves_loses_among_equals"),
    ),
    _wrong(
        *(
            _SELECTION,
            "        vote.priority != 0,\n        -vote.priority,\n",
            "        vote.priority,\n        -vote.priority,\n",
        ),
        *("selection", "the_lower_priority_wins_among_equals"),
    ),
    _wrong(
        *(
            _SELECTION,
            "        vote.priority != 0,\n        -vote.priority,\n",
            "        True,\n        -vote.priority,\n",
        ),
        *("selection", "priority_0_loses_among_equals"),
    ),
    _wrong(
        *(_SELECTION, "if winner is None or better(vote, winner, target, leaving):", "if winner is None:"),
        *("selection", "nobody_is_better_than_the_best"),
    ),
    _wrong(
        *(_SELECTION, _VOTES, _VOTES.replace("- electorate.acks)", "- electorate.acks - 1)")),
        *("quorum", "votes_meet_every_confirmation", "blanks_are_not_asked_for"),
    ),
    _wrong(
        *(_SELECTION, _VOTES, _VOTES.replace("- electorate.acks)", "- electorate.acks + 1)")),
        *("quorum", "one_vote_less_misses_one"),
    ),
    _wrong(
        *(_SELECTION, _VOTES, "return electorate.size + 1"),
        *("quorum", "there_are_as_many_as_needed"),
    ),
    _wrong(
        *(_SELECTION, _VOTES, "return electorate.acks + 1"),
        *("quorum", "more_copies_never_need_more_votes"),
    ),
    _wrong(
        *(_SELECTION, _VOTES, "return max(1, 9 - electorate.size)"),
        *("quorum", "more_pods_never_need_fewer_votes"),
    ),
    _wrong(
        *(_SELECTION, "    if len(ballot.votes) >= votes_needed(", "    if len(ballot.votes) + 1 >= votes_needed("),
        *("quorum", "nobody_is_chosen_by_too_few"),
    ),
    _wrong(
        *(_SELECTION, "    if primary_voted(record, ballot, winner):\n", "    if False:\n"),
        *("quorum", "the_primary_alone_is_enough"),
    ),
    _wrong(
        *(
            _SELECTION,
            "return any((vote.history, vote.offset) == (winner.history, winner.offset) for vote in own)",
            "return any(True for _ in own)",
        ),
        *("quorum", "a_primary_that_holds_less_is_not_enough"),
    ),
    _wrong(
        *(
            _ELECTORATE,
            "return Electorate(max(electorate.size, len(record.counted)), acks)",
            "return Electorate(facts.size, facts.acks)",
        ),
        *("quorum", "the_electorate_never_shrinks_by_growing", "growing_never_needs_fewer_votes"),
    ),
    _wrong(
        *(
            "gungnir.machines.durability",
            "return max(facts.acks, record.electorate.acks)",
            "return min(facts.acks, record.electorate.acks)",
        ),
        *("quorum", "servers_ask_for_what_is_promised"),
    ),
    _wrong(
        *(_FENCE, "return 2 * epoch + 1", "return 2 * epoch"),
        *("fence", "a_position_tells_its_epoch", "acting_comes_after_voting"),
    ),
    _wrong(
        *(_FENCE, "return 2 * epoch + 1", "return 2 * epoch + 2"),
        *("fence", "a_later_epoch_is_above_all_of_an_earlier_one"),
    ),
    _wrong(
        *(
            _LEASE,
            "deadline_ms=state.sent_ms + times.renew_deadline_ms,",
            "deadline_ms=now_ms + times.renew_deadline_ms,",
        ),
        *("lease", "the_deadline_counts_from_the_request", "two_never_lead_at_once"),
    ),
    _wrong(
        *(_LEASE, "and now_ms < state.deadline_ms", "and now_ms <= state.deadline_ms"),
        *("lease", "nobody_leads_past_the_deadline"),
    ),
    _wrong(
        *(
            _LEASE,
            "    wake_ms = min(now_ms + times.retry_ms // 4, state.deadline_ms)\n",
            "    state = state._replace(deadline_ms=now_ms + times.renew_deadline_ms)\n    wake_ms = now_ms\n",
        ),
        *("lease", "an_unanswered_renewal_does_not_lengthen_the_lead"),
    ),
    _wrong(
        *(
            _LEASE,
            "    if isinstance(reply, (Conflict, NotFound, AlreadyExists)):",
            "    if isinstance(reply, (NotFound, AlreadyExists)):",
        ),
        *("lease", "a_conflict_ends_the_lead"),
    ),
    _wrong(
        *(
            _LEASE,
            (
                "        if isinstance(reply, Stored):\n"
                "            return _lead(times, state, reply, now_ms)\n"
                '        return _to(state, "lost"'
            ),
            (
                "        if not isinstance(reply, Conflict):\n"
                '            return _to(state, "stored", None, deadline_ms=now_ms + 1)\n'
                '        return _to(state, "lost"'
            ),
        ),
        *("lease", "an_unanswered_request_for_the_lease_gives_no_lead"),
    ),
    _wrong(
        *(_LEASE, "        if now_ms >= state.deadline_ms:", "        if now_ms > state.deadline_ms:"),
        *("lease", "a_late_tick_ends_the_lead"),
    ),
    _wrong(
        *(
            _LEASE,
            '            return _to(state, "drain", PutLease(state.version, "", state.transitions))',
            '            return Step(state, PutLease(state.version, "", state.transitions), "drain")',
        ),
        *("lease", "draining_ends_the_lead_at_once"),
    ),
    _wrong(
        *(_LEASE, "or unchanged_ms > reply.duration_ms:", "or unchanged_ms >= reply.duration_ms:"),
        *("lease", "a_foreign_lease_is_taken_only_after_its_duration"),
    ),
    _wrong(
        *(
            _LEASE,
            "        state = state._replace(stamp=stamp, stamp_seen_ms=now_ms)\n",
            "        state = state._replace(stamp=stamp)\n",
        ),
        *("lease", "a_lease_that_was_renewed_is_left_alone"),
    ),
    _wrong(
        *(_EVIDENCE, "pod.refusals >= facts.refusals_for_death", "pod.refusals > facts.refusals_for_death"),
        *("evidence", "refusals_are_a_proof_by_count_alone"),
    ),
    _wrong(
        *(
            _EVIDENCE,
            "(pod.refusals >= facts.refusals_for_death or pod.deleting)",
            "(pod.refusals >= facts.refusals_for_death)",
        ),
        *("evidence", "one_refusal_of_who_leaves_is_enough"),
    ),
    _wrong(
        *(_EVIDENCE, "return pod.contact is Contact.REFUSED and (", "return pod.contact is not Contact.UP and ("),
        *("evidence", "nobody_else_refuses"),
    ),
    _wrong(
        *(_EVIDENCE, "pod.silent_ms >= facts.down_after_ms", "pod.silent_ms > facts.down_after_ms"),
        *("evidence", "silence_counts_by_time_alone"),
    ),
    _wrong(
        *(_EVIDENCE, "return pod.contact in (Contact.SILENT, Contact.REFUSED) and", "return"),
        *("evidence", "who_says_anything_is_not_silent"),
    ),
    _wrong(
        *(_EVIDENCE, "    if refuses_for_good(facts, pod):\n", "    if pod.refusals >= facts.refusals_for_death:\n"),
        *("evidence", "an_answer_is_health", "an_error_is_doubt"),
    ),
    _wrong(
        *(_EVIDENCE, "    if pod.deleting:\n", "    if pod.deleting and pod.refusals:\n"),
        *("evidence", "a_primary_that_leaves_and_answers_is_leaving"),
    ),
    _wrong(
        *(_EVIDENCE, "0 <= server.last_io_s < FRESH_IO_S", "server.last_io_s < FRESH_IO_S"),
        *("evidence", "only_a_fresh_link_hears"),
    ),
    _wrong(
        *(
            _EPOCHS,
            "return record._replace(epoch=record.epoch + 1, intent=intent, electorate=electorate)",
            "return record._replace(intent=intent, electorate=Electorate(facts.size, facts.acks))",
        ),
        *("epochs", "a_claim_raises_the_epoch_by_one", "a_claim_leaves_the_electorate_alone"),
    ),
    _wrong(
        *(
            _EPOCHS,
            "        intent=intent._replace(stage=Stage.PROMOTING,",
            (
                "        epoch=record.epoch + (candidate.offset > 9),\n"
                "        intent=intent._replace(stage=Stage.PROMOTING,"
            ),
        ),
        *("epochs", "a_choice_stays_in_its_epoch"),
    ),
    _wrong(
        *(_EPOCHS, "base = candidate.offset if candidate.history else 0", "base = 0"),
        *("epochs", "a_promotion_begins_a_history_at_the_candidate"),
    ),
    _wrong(
        *(
            _EPOCHS,
            "(m for m in record.members if m.pod != candidate.pod), member)",
            "(m for m in record.members if m.pod != candidate.pod),)",
        ),
        *("epochs", "a_promotion_makes_one_primary"),
    ),
    _wrong(
        *(
            _ELECTORATE,
            "electorate=electorate._replace(size=electorate.size - len(record.left_out)),",
            "electorate=electorate._replace(size=len(told)),",
        ),
        *("electorate", "it_falls_by_those_who_are_forgotten_alone"),
    ),
    _wrong(
        *(_ELECTORATE, "return bool(record.left_out) and enough and", "return enough and"),
        *("electorate", "nobody_is_forgotten_who_was_not_left_out"),
    ),
    _wrong(
        *(
            _ELECTORATE,
            "    enough = record.electorate.size - len(record.left_out) >= _needed(facts, record)\n",
            "    enough = True\n",
        ),
        *("electorate", "enough_stay_to_confirm_a_write", "what_is_left_can_always_vote"),
    ),
    _wrong(
        *(
            _STORAGE,
            "and 0 <= claim.requested_bytes < facts.volume_bytes",
            "and 0 <= claim.requested_bytes != facts.volume_bytes",
        ),
        *("volumes", "a_claim_grows_exactly_if_it_asks_for_less"),
    ),
    _wrong(
        *(
            _STORAGE,
            "refusal.size_bytes == facts.volume_bytes and not refusal.due",
            "refusal.size_bytes == facts.volume_bytes",
        ),
        *("volumes", "what_was_refused_waits_until_it_is_due"),
    ),
    *(_wrong(module, old, new, file, law) for module, file, rows in TABLE for law, old, new in rows),
)


def unshown() -> tuple[str, ...]:
    """Return the laws that no wrong version is there for, and those that are no laws."""
    known = {(law.module, law.name) for law in all_laws()}
    named = {(wrong.file, law) for wrong in WRONG for law in wrong.laws}
    return tuple(sorted(f"{file}: {law}" for file, law in known ^ named))


def held(wrong: Wrong) -> tuple[str, ...]:
    """Return the laws that CrossHair does not refute for a wrong version although it should."""
    refuted = {
        finding.law.name
        for finding in confirm(FOLDER / f"{wrong.file}.py", (wrong.edit,))
        if finding.verdict is Verdict.REFUTED
    }
    return tuple(law for law in wrong.laws if law not in refuted)


def _main() -> int:
    failed = [f"there is no wrong version for it: {law}" for law in unshown()]
    shown = 0
    with ThreadPoolExecutor(2) as pool:
        for wrong, left in zip(WRONG, pool.map(held, WRONG), strict=True):
            shown += len(wrong.laws) - len(left)
            word = "HELD" if left else "refuted"
            print(f"{word:8} {wrong.file}: {', '.join(left or wrong.laws)}", flush=True)  # noqa: T201 - a program's output
            failed += left
    print(f"laws that can fail: {shown} shown, {len(failed)} not")  # noqa: T201 - a program's output
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(_main())
