"""Wrong versions of what a failover writes into the record."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_epochs = Of("gungnir.machines.epochs")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _epochs(
        "who was promoted stays admitted",
        "A pod is recorded once: as admitted, or as whole.",
        "tuple(each for each in record.admitted if each.pod != candidate.pod)",
        "record.admitted",
        checked("machines/test_admission.py"),
    ),
    _epochs(
        "a failover keeps the epoch",
        "Every failover begins the next epoch.",
        "record._replace(epoch=record.epoch + 1, intent=intent, electorate=electorate)",
        "record._replace(epoch=max(1, record.epoch), intent=intent, electorate=electorate)",
        explored("crash", "serviceConsistency"),
        quick=True,
    ),
    _epochs(
        "a failover skips an epoch",
        "Every failover begins the next epoch.",
        "record._replace(epoch=record.epoch + 1, intent=intent",
        "record._replace(epoch=record.epoch + 2, intent=intent",
        explored("crash", "noDoubleFailover"),
        quick=True,
    ),
    _epochs(
        "a claim takes the electorate from the spec",
        "The electorate is changed by repair, step by step, never by a failover.",
        ("    electorate = record.electorate if record.electorate.size else Electorate(facts.size, facts.acks)\n"),
        "    electorate = Electorate(facts.size, facts.acks)\n",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "a claim forgets who was primary",
        "An intent names the primary that it replaces.",
        "Intent(kind, Stage.FENCING, reason, target, None, previous)",
        'Intent(kind, Stage.FENCING, reason, target, None, "")',
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "a claim forgets the target",
        "An intent names the pod that a person asked for.",
        "Intent(kind, Stage.FENCING, reason, target, None, previous)",
        'Intent(kind, Stage.FENCING, reason, "", None, previous)',
        checked("machines/test_failover_planned.py"),
    ),
    _epochs(
        "a history begins at 0",
        "A history begins at the offset of its candidate.",
        "    base = candidate.offset if candidate.history else 0\n",
        "    base = 0\n",
        explored("id adopted early", "noAckedWriteLost"),
        quick=True,
    ),
    _epochs(
        "a history begins one byte late",
        "A history begins at the offset of its candidate.",
        "    base = candidate.offset if candidate.history else 0\n",
        "    base = candidate.offset + 1 if candidate.history else 0\n",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "a history has no parent",
        "A history names the one that its candidate was of.",
        "History(record.epoch, replid, candidate.history, base)",
        "History(record.epoch, replid, 0, base)",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "the new history is not recorded",
        "The new history is stored before anybody follows it.",
        "        histories = (*kept, history)[-KEPT_HISTORIES:]\n",
        "        histories = kept\n",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "the oldest histories are kept",
        "The last histories are kept.",
        "(*kept, history)[-KEPT_HISTORIES:]",
        "(*kept, history)[:KEPT_HISTORIES]",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "a new lineage keeps the old members",
        "When a new lineage begins, nobody else's data counts any more.",
        "        members: tuple[Member, ...] = (member,)\n",
        ("        members: tuple[Member, ...] = (*(m for m in record.members if m.pod != candidate.pod), member)\n"),
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "a new lineage keeps the old histories",
        "When a new lineage begins, nobody else's data counts any more.",
        "        histories: tuple[History, ...] = (history,)\n",
        (
            "        histories: tuple[History, ...] = (*(h for h in record.histories if h.epoch "
            "!= record.epoch), history)\n"
        ),
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "a new primary is no member",
        "The new primary is whole.",
        "        members = (*(m for m in record.members if m.pod != candidate.pod), member)\n",
        "        members = tuple(m for m in record.members if m.pod != candidate.pod)\n",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "a new lineage admits nobody",
        "The pods of a new lineage may follow at once.",
        'tuple(Admitted(name, "", "", record.epoch) for name in facts.pod_names if name != candidate.pod)',
        "()",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "a promotion leaves the stage",
        "A promoted candidate is recorded before the others are told.",
        "intent=record.intent._replace(stage=Stage.RECONFIGURING),",
        "intent=record.intent,",
        explored("crash", "serviceConsistency"),
    ),
    _epochs(
        "a new replication id is not given to its history",
        "A history is known by the id that its primary has now.",
        (
            "histories = tuple(h._replace(replid=replid) if h.epoch == record.primary.epoch else "
            "h for h in record.histories)"
        ),
        "histories = record.histories",
        explored("crash", "never: old primary rejoined"),
    ),
    _epochs(
        "evidence of another epoch is used",
        "Evidence speaks only about the epoch that it was taken in.",
        ("return (expected.epoch, expected.primary, expected.intent) == (fresh.epoch, fresh.primary, fresh.intent)"),
        "return (expected.primary, expected.intent) == (fresh.primary, fresh.intent)",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "evidence against another primary is used",
        "Evidence speaks only about the primary that it was taken against.",
        ("return (expected.epoch, expected.primary, expected.intent) == (fresh.epoch, fresh.primary, fresh.intent)"),
        "return (expected.epoch, expected.intent) == (fresh.epoch, fresh.intent)",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "evidence from before the intent is used",
        "Evidence speaks only about the failover that it was taken in.",
        ("return (expected.epoch, expected.primary, expected.intent) == (fresh.epoch, fresh.primary, fresh.intent)"),
        "return (expected.epoch, expected.primary) == (fresh.epoch, fresh.primary)",
        checked("machines/test_epochs.py"),
    ),
    _epochs(
        "a recovery is called a failover",
        "A promotion outside the quorum rule is told as a recovery.",
        "        kind = Kind.RECOVERY\n",
        "        pass\n",
        checked("machines/test_epochs.py"),
    ),
)
