"""Wrong versions that ``wrong.py`` tries, as a table."""

from typing import Final

Rows = tuple[tuple[str, str, str], ...]

TABLE: Final[tuple[tuple[str, str, Rows], ...]] = (
    (
        "gungnir.machines.selection",
        "voting",
        (
            ("only_the_detached_vote", "server.primary or server.link_up:", "server.primary:"),
            (
                "only_this_epoch_votes",
                "server.fence != record.epoch or not server.voting",
                "server.fence != record.epoch",
            ),
            (
                "no_answer_is_no_vote",
                "    if answer.kind is not AnswerKind.DONE or server is None:\n        return f",
                "    if server is None:\n        return f",
            ),
            ("blank_held_nothing", "server.offset <= 1", "server.offset <= 2"),
            ("data_is_of_the_history_it_reached", "offset < history.base", "offset <= history.base"),
            (
                "divergence_is_what_lies_beyond_the_fork",
                "max(0, server.offset - max(children))",
                "server.offset - max(children)",
            ),
        ),
    ),
    (
        "gungnir.machines.evidence",
        "voting",
        (
            ("another_process_is_death", "if pod.uid != primary.uid", "if not pod.uid"),
            ("ended_container_is_death", "if pod.terminated:", "if pod.terminated and pod.deleting:"),
            ("attached_is_whole", "        and not server.syncing\n", ""),
        ),
    ),
    (
        "gungnir.machines.pods",
        "voting",
        (
            ("one_start_by_two_clocks", "server.started_s) <= SAME", "server.started_s) < SAME"),
            (
                "nobody_waits_for_the_dead",
                "return pod.contact not in (Contact.REFUSED, Contact.SILENT)\n\n\ndef others",
                "return pod.contact is not Contact.REFUSED\n\n\ndef others",
            ),
        ),
    ),
    (
        "gungnir.machines.epochs",
        "records",
        (
            (
                "promotion_keeps_who_counts",
                "electorate, left_out = record.electorate,",
                "electorate, left_out = Electorate(facts.size, facts.acks),",
            ),
        ),
    ),
    (
        "gungnir.machines.electorate",
        "records",
        (("settled_is_the_spec", "size = Electorate(facts.size, facts.acks)", "size = record.electorate"),),
    ),
    (
        "gungnir.machines.durability",
        "records",
        (("fewer_than_asked_is_not_enough", "server.min_acks >= facts.acks", "server.min_acks > facts.acks"),),
    ),
    (
        "gungnir.machines.safety",
        "records",
        (
            (
                "newer_epoch_is_seen",
                "max(view.service_epoch, view.template_epoch) > record",
                "view.service_epoch > record",
            ),
            ("promise_is_less_than_the_pods", "acks >= record.electorate.size", "acks > record.electorate.size"),
        ),
    ),
    (
        "gungnir.machines.record",
        "records",
        (
            (
                "membership_is_of_a_process",
                "return Member(pod, uid, run_id) in self.members",
                "return any((pod, uid) == member[:2] for member in self.members)",
            ),
        ),
    ),
    (
        "gungnir.machines.reconcile",
        "steps",
        (
            (
                "a_reconcile_round_comes_to_its_end",
                'return _to(state, "last", Observe(), position=position)',
                'return _to(state, "next", Observe())',
            ),
            (
                "reconcile_ends_for_good",
                "    Phase.STATUS: _status,\n",
                "    Phase.STATUS: _status,\n    Phase.DONE: lambda _facts, state, _reply: Step(state, None, ''),\n",
            ),
        ),
    ),
    (
        "gungnir.machines.switchover",
        "steps",
        (("switchover_takes_every_reply", 'return _to(state, "gone")', 'return _to(state, "refuse")'),),
    ),
    (
        "gungnir.machines.lease",
        "steps",
        (("lease_takes_every_reply", "if not isinstance(reply, LeaseSeen):", "if isinstance(reply, Conflict):"),),
    ),
    (
        "gungnir.resp.writer",
        "wire",
        (
            ("blob_is_as_long_as_it_says", 'return b"%b%d\\r\\n%b\\r\\n" % (kind', 'return b"%b%d\\r\\n%b\\n" % (kind'),
            ("command_is_as_long_as_it_says", 'parts.append(b"$%d\\r\\n%b\\r\\n"', 'parts.append(b"$%d\\r\\n%b\\n"'),
            ("blob_is_read_back", "(kind, len(data), data)", "(kind, len(data) + 1, data)"),
        ),
    ),
    (
        "gungnir.resp.scalars",
        "wire",
        (("verbatim_loses_nothing", "data[_VERBATIM_HEAD:])", "data[_VERBATIM_HEAD + 1 :])"),),
    ),
)
"""Module, file of contracts, and for each law of it: the text that is replaced, and by what."""
