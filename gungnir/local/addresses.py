"""Loopback addresses of one local cluster: a /16 block of 127.0.0.0/8, claimed for as long as the process lives.

Layout of block B (RFC 1122 3.2.1.3: all of 127/8 is this host; Linux answers for every address of it without set-up)::

    127.B.0.1      API server          127.B.1.1   - 127.B.99.250   pods
    127.B.0.2      operator            127.B.100.1 - 127.B.199.250  Services
"""

import socket
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from gungnir.errors import UserError

Address = tuple[str, int]
"""Host and port."""

FIRST_BLOCK: Final = 64
LAST_BLOCK: Final = 254
_HOSTS_PER_SUBNET: Final = 250
_POD_SUBNETS: Final = range(1, 100)
_SERVICE_SUBNETS: Final = range(100, 200)


@dataclass(frozen=True)
class Block:
    """A claimed block. ``lock`` is an abstract unix socket: the kernel gives the claim back when the process ends."""

    number: int
    lock: socket.socket

    @property
    def api_address(self) -> str:
        """Where the API server listens."""
        return f"127.{self.number}.0.1"

    @property
    def operator_address(self) -> str:
        """Source address by which the operator's connections are told from those of clients."""
        return f"127.{self.number}.0.2"

    def contains(self, address: str) -> bool:
        """Whether ``address`` belongs to this block."""
        return address.startswith(f"127.{self.number}.")

    def pod_addresses(self) -> "AddressPool":
        """A pool of the pods' addresses."""
        return AddressPool(self.number, _POD_SUBNETS)

    def service_addresses(self) -> "AddressPool":
        """A pool of the Services' cluster addresses."""
        return AddressPool(self.number, _SERVICE_SUBNETS)

    def release(self) -> None:
        """Give the block back."""
        self.lock.close()


def require_linux() -> None:
    """Check that this system can run a local cluster.

    Raises:
        UserError: It cannot; the text says what is missing.
    """
    if not sys.platform.startswith("linux"):
        raise UserError(
            f"gungnir local needs Linux (this is {sys.platform}): pods get addresses of their own in 127.0.0.0/8, "
            "which only Linux answers for without set-up; use Linux, or a real Kubernetes cluster"
        )


def claim_block(preferred: int | None = None) -> Block:
    """Claim ``preferred`` if it is free, otherwise the lowest free block.

    Raises:
        UserError: This is not Linux, or every block is taken.
    """
    require_linux()
    candidates = [number for number in (preferred,) if number is not None and FIRST_BLOCK <= number <= LAST_BLOCK]
    for number in (*candidates, *range(FIRST_BLOCK, LAST_BLOCK + 1)):
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            lock.bind(f"\0gungnir-local-{number}")
        except OSError:
            lock.close()
        else:
            return Block(number, lock)
    raise UserError(
        f"all {LAST_BLOCK - FIRST_BLOCK + 1} loopback blocks 127.{FIRST_BLOCK}-{LAST_BLOCK}.0.0/16 are in use by local "
        "clusters: stop one with 'gungnir local down'"
    )


class AddressPool:
    """Hands out addresses in ascending order, so that an address is used again only after all others were.

    A pod that is created again therefore gets another address, as on a real cluster.
    """

    def __init__(self, block: int, subnets: range) -> None:
        """A pool over hosts 1 to 250 of ``subnets`` (third octets) of the block."""
        self._block = block
        self._subnets = subnets
        self._size = len(subnets) * _HOSTS_PER_SUBNET
        self._next = 0
        self._used: set[str] = set()

    def take(self) -> str:
        """Return an address that is not handed out.

        Raises:
            UserError: Every address is in use.
        """
        for _ in range(self._size):
            address = self._address(self._next)
            self._next = (self._next + 1) % self._size
            if address not in self._used:
                self._used.add(address)
                return address
        raise UserError(f"all {self._size} addresses of 127.{self._block}.{self._subnets[0]}.1 and up are in use")

    def skip(self, addresses: Collection[str]) -> None:
        """Continue after the highest of ``addresses``: none of them may soon mean something else."""
        for index in range(self._size):
            if self._address(index) in addresses:
                self._next = (index + 1) % self._size

    def _address(self, index: int) -> str:
        subnet, host = divmod(index, _HOSTS_PER_SUBNET)
        return f"127.{self._block}.{self._subnets[subnet]}.{host + 1}"

    def reserve(self, address: str) -> None:
        """Do not hand out ``address``: somebody has it already."""
        self._used.add(address)

    def give_back(self, address: str) -> None:
        """Let ``address`` be handed out again, after all others."""
        self._used.discard(address)
