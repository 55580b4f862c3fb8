"""What every controller shares: it names the keys that a change concerns, and settles one key at a time."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from gungnir.local.errors import ApiError
from gungnir.local.store import Key, Record, Store, StoreEvent

Obj = dict[str, Any]
Name = tuple[str, str]
"""(namespace, name); the namespace is empty for cluster-scoped objects."""

_LOG: Final = logging.getLogger(__name__)

PODS: Final = "pods"
SERVICES: Final = "services"
CLAIMS: Final = "persistentvolumeclaims"
VOLUMES: Final = "persistentvolumes"
STATEFUL_SETS: Final = "statefulsets.apps"
REVISIONS: Final = "controllerrevisions.apps"
SLICES: Final = "endpointslices.discovery.k8s.io"
ENDPOINTS: Final = "endpoints"
BUDGETS: Final = "poddisruptionbudgets.policy"
NAMESPACES: Final = "namespaces"
STORAGE_CLASSES: Final = "storageclasses.storage.k8s.io"

_RETRY_S: Final = 0.05
_MAX_RETRY_S: Final = 5.0
_MAX_FAILURES: Final = 10
_ROUNDS_PER_TURN: Final = 500


class Controller(Protocol):
    """One control loop over the objects of one kind."""

    def keys(self, event: StoreEvent) -> Iterable[Name]:
        """The objects that must be looked at again because of a change."""
        ...

    def everything(self) -> Iterable[Name]:
        """Every object there is, looked at once at the start."""
        ...

    def settle(self, name: Name) -> float | None:
        """Do what this object needs now; return in how many seconds to look again, None: at the next change."""
        ...


class Runner:
    """Runs controllers in the event loop, each key once per turn however often it changed."""

    def __init__(self, store: Store, controllers: Iterable[Controller]) -> None:
        self._store = store
        self._controllers = list(controllers)
        self._dirty: dict[tuple[int, Name], None] = {}
        self._failures: dict[tuple[int, Name], int] = {}
        self._timers: dict[tuple[int, Name], asyncio.TimerHandle] = {}
        self._scheduled = False
        self._stopped = False
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Look at everything once, then follow changes."""
        for number, controller in enumerate(self._controllers):
            for name in controller.everything():
                self._dirty[number, name] = None
        self._unsubscribe = self._store.subscribe(self._on_event)
        self._schedule()

    def stop(self) -> None:
        """Do nothing more."""
        self._stopped = True
        self._unsubscribe()
        for timer in self._timers.values():
            timer.cancel()

    def _on_event(self, event: StoreEvent) -> None:
        for number, controller in enumerate(self._controllers):
            for name in controller.keys(event):
                self._dirty[number, name] = None
        self._schedule()

    def _schedule(self) -> None:
        if self._dirty and not self._scheduled and not self._stopped:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Settle until nothing is left, in the same turn of the loop; a storm is spread over turns."""
        for _ in range(_ROUNDS_PER_TURN):
            if not self._dirty or self._stopped:
                break
            key = next(iter(self._dirty))
            del self._dirty[key]
            self._settle(key)
        self._scheduled = False
        self._schedule()

    def _settle(self, key: tuple[int, Name]) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        try:
            again_s = self._controllers[key[0]].settle(key[1])
        except ApiError:  # another writer was first, or the namespace is going: look again a little later
            again_s = self._later(key)
        except Exception:  # noqa: BLE001 - a defect in one controller must not stop the others
            _LOG.exception("%s cannot settle %s", type(self._controllers[key[0]]).__name__, key[1])
            again_s = self._later(key)
        else:
            self._failures.pop(key, None)
        if again_s is not None:
            self._timers[key] = asyncio.get_running_loop().call_later(again_s, self._again, key)

    def _later(self, key: tuple[int, Name]) -> float:
        failures = self._failures.get(key, 0)
        self._failures[key] = min(failures + 1, _MAX_FAILURES)
        return min(_RETRY_S * float(2**failures), _MAX_RETRY_S)

    def _again(self, key: tuple[int, Name]) -> None:
        self._timers.pop(key, None)
        self._dirty[key] = None
        self._schedule()


def read(store: Store, table: str, name: Name) -> Mapping[str, Any] | None:
    """The object as stored, shared and not to be changed; None if it does not exist."""
    record = store.get(Key(table, *name))
    return record.obj if record else None


def name_of(record: Record) -> Name:
    """(namespace, name) of a record."""
    return record.key.namespace, record.key.name


def controller_uid(obj: Mapping[str, Any]) -> str:
    """Uid of the controller that owns an object, or an empty string."""
    for owner in obj["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return str(owner["uid"])
    return ""


def owner_reference(obj: Mapping[str, Any], *, controller: bool = True) -> Obj:
    """Owner reference to ``obj``."""
    metadata = obj["metadata"]
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        **({"controller": True, "blockOwnerDeletion": True} if controller else {}),
    }


def condition(obj: Mapping[str, Any], kind: str) -> str:
    """Status of one condition: ``True``, ``False`` or ``Unknown``."""
    for entry in (obj.get("status") or {}).get("conditions") or []:
        if entry["type"] == kind:
            return str(entry["status"])
    return "Unknown"


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod's Ready condition is true."""
    return condition(pod, "Ready") == "True"


def is_terminating(obj: Mapping[str, Any]) -> bool:
    """Whether the object is being deleted."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def is_over(pod: Mapping[str, Any]) -> bool:
    """Whether a pod has ended for good."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
