"""How many replicas a server must see before it takes a write, against how many copies the record promises.

Rules
- A server never asks for fewer replicas than the record promises copies of a write.
- Raised: first the servers are told and seen to have it, then what the primary held after that is seen on every pod
  that stays, then the record promises more copies. A failover in between still asks for as many votes as before.
- Lowered: first the record promises fewer copies, then the servers are told. A failover in between promotes with the
  higher number, and the new primary is told afterwards.

Source of ``min-replicas-to-write``: https://valkey.io/topics/replication/
"""

from gungnir.machines.facts import Facts
from gungnir.machines.record import Record
from gungnir.machines.view import Contact, PodView, Server


def acks_to_set(facts: Facts, record: Record) -> int:
    """Return the ``min-replicas-to-write`` that a server is to have now, in replicas."""
    return max(facts.acks, record.electorate.acks)


def misconfigured(facts: Facts, record: Record, pod: PodView) -> bool:
    """Tell whether this pod answers, is of the recorded epoch, and was read with another number than it is to have."""
    server = pod.server
    if pod.contact is not Contact.UP or server is None or server.loading or pod.deleting:
        return False
    known = server.min_acks >= 0 and server.fence == record.epoch and not server.voting and pod.name in facts.pod_names
    return known and server.min_acks != acks_to_set(facts, record)


def asks_for_enough(facts: Facts, server: Server) -> bool:
    """Tell whether this primary takes writes only with as many replicas as the spec asks for."""
    return server.min_acks < 0 or server.min_acks >= facts.acks
