"""The verdict on a ledger: which writes are there that must be, and which are there that must not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gungnir.demo.ledger import Outcome, Write


@dataclass(frozen=True)
class Report:
    """Keys of the ledger by what became of them.

    Attributes:
        acknowledged: Writes that the server acknowledged.
        confirmed: Those of them that ``WAIT`` confirmed on at least one replica.
        present: Acknowledged writes that are there, unchanged.
        lost: Acknowledged writes that are not there, or not with their value.
        lost_confirmed: Those of them that ``WAIT`` had confirmed: what must never happen.
        refused: Writes that were answered with an error.
        unknown: Writes that were not answered.
        recovered: Unanswered writes that are there: allowed.
        unexpected: Keys that are there though the write was refused, or that nobody wrote: what must never happen.
    """

    acknowledged: frozenset[str]
    confirmed: frozenset[str]
    present: frozenset[str]
    lost: frozenset[str]
    lost_confirmed: frozenset[str]
    refused: frozenset[str]
    unknown: frozenset[str]
    recovered: frozenset[str]
    unexpected: frozenset[str]

    @property
    def ok(self) -> bool:
        """Whether the promise held: nothing that ``WAIT`` confirmed is lost, and nothing is there that must not be."""
        return not self.lost_confirmed and not self.unexpected

    def __str__(self) -> str:
        counts = (f"{name} {len(getattr(self, name))}" for name in self.__dataclass_fields__)
        return ", ".join(counts)


def check(writes: Iterable[Write], final_reads: Mapping[str, str], *, complete: bool = True) -> Report:
    """Compare writes with what was read after all of them had ended.

    Args:
        writes: Of one ledger, or a part of it.
        final_reads: Every key of the ledger's prefix with its value, as read from the primary at the end.
        complete: Whether ``writes`` is the whole ledger; only then is a key that is not among them unexpected.
    """
    entries = {write.key: write for write in writes}
    there = {key for key, value in final_reads.items() if value == key}
    acknowledged = {key for key, write in entries.items() if write.outcome is Outcome.ACKNOWLEDGED}
    refused = {key for key, write in entries.items() if write.outcome is Outcome.REFUSED}
    unknown = entries.keys() - acknowledged - refused
    confirmed = {key for key in acknowledged if entries[key].confirmed}
    lost = acknowledged - there
    strangers = final_reads.keys() - entries.keys() if complete else set()
    changed = {key for key in final_reads.keys() - there if key in entries}
    return Report(
        acknowledged=frozenset(acknowledged),
        confirmed=frozenset(confirmed),
        present=frozenset(acknowledged & there),
        lost=frozenset(lost),
        lost_confirmed=frozenset(lost & confirmed),
        refused=frozenset(refused),
        unknown=frozenset(unknown),
        recovered=frozenset(unknown & there),
        unexpected=frozenset((refused & final_reads.keys()) | strangers | changed),
    )
