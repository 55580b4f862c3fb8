"""Who is put to the test: the operator, Valkey Sentinel, and replication that nobody looks after."""

from collections.abc import Callable, Mapping
from typing import Final

from bench.faults.contestants.base import Contestant, Settings
from bench.faults.contestants.operated import Gungnir
from bench.faults.contestants.plain import Plain
from bench.faults.contestants.sentinel import Sentinels
from gungnir.demo.world import World

__all__ = ["CONTESTANTS", "Contestant", "Settings"]

CONTESTANTS: Final[Mapping[str, Callable[[World, Settings], Contestant]]] = {
    "gungnir": Gungnir,
    "sentinel": Sentinels,
    "none": Plain,
}
"""By the name that the command line and the results use."""
