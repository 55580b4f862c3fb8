"""The PersistentVolumeClaims of one cluster as the informer last showed them, and who was refused to grow.

Rule: a refusal is remembered for the claim's uid and the size that was asked for, so that it is neither repeated in a
tight loop nor held against another claim of the same name.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from gungnir.api.quantity import parse_quantity
from gungnir.machines.requests import GrowClaim
from gungnir.machines.view import ClaimView, GrowthRefusal, Resize
from gungnir.runtime.kube_resources import Object

_RESIZE: Final = (
    # Conditions of a claim, the most telling first (k8s.io/api/core/v1, PersistentVolumeClaimConditionType).
    ("ControllerResizeError", Resize.FAILED),
    ("NodeResizeError", Resize.FAILED),
    ("FileSystemResizePending", Resize.FILE_SYSTEM),
    ("Resizing", Resize.RUNNING),
)


class _Refused(NamedTuple):
    uid: str
    size_bytes: int
    text: str
    due_s: float


@dataclass
class ClaimCache:
    """Claims by name. Times in seconds of the caller's monotonic clock."""

    objects: dict[str, Object] = field(default_factory=dict)
    _refused: dict[str, _Refused] = field(default_factory=dict)

    def saw(self, obj: Object) -> None:
        """Take a claim as an event or our own write showed it."""
        self.objects[obj["metadata"]["name"]] = obj

    def gone(self, name: str) -> None:
        """Forget a claim that was deleted."""
        self.objects.pop(name, None)
        self._refused.pop(name, None)

    def grew(self, obj: Object, before: Object | None) -> None:
        """Take our own write's result, unless an event came since ``before`` was cached: that is newer, or shows it."""
        name = obj["metadata"]["name"]
        self._refused.pop(name, None)
        if before is not None and self.objects.get(name) is before:
            self.saw(obj)

    def refused(self, request: GrowClaim, text: str, due_s: float) -> None:
        """Remember what the API server said; from ``due_s`` on it may be asked again."""
        self._refused[request.claim] = _Refused(request.uid, request.size, text, due_s)

    def views(self, now_s: float) -> tuple[ClaimView, ...]:
        """Return every claim, by name."""
        return tuple(self._view(name, now_s) for name in sorted(self.objects))

    def retry_ms(self, now_s: float) -> int | None:
        """Return in how many milliseconds the next refusal falls due, or None if none will."""
        waits_s = [refused.due_s - now_s for refused in self._refused.values() if refused.due_s > now_s]
        return math.ceil(min(waits_s) * 1000) if waits_s else None

    def _view(self, name: str, now_s: float) -> ClaimView:
        claim = self.objects[name]
        metadata, status = claim["metadata"], claim.get("status") or {}
        requests = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
        resize, note = _progress(status)
        refused, refusal = self._refused.get(name), None
        if refused is not None and refused.uid == metadata["uid"]:
            refusal = GrowthRefusal(refused.size_bytes, refused.text, now_s >= refused.due_s)
        return ClaimView(
            name=name,
            uid=metadata["uid"],
            version=str(metadata.get("resourceVersion", "")),
            requested_bytes=_bytes(requests.get("storage", "0")),
            capacity_bytes=_bytes((status.get("capacity") or {}).get("storage", "0")),
            bound=status.get("phase") == "Bound",
            deleting=bool(metadata.get("deletionTimestamp")),
            resize=resize,
            note=note,
            refusal=refusal,
        )


def _progress(status: Mapping[str, Any]) -> tuple[Resize, str]:
    held = {c.get("type"): c for c in status.get("conditions") or () if c.get("status") == "True"}
    for kind, resize in _RESIZE:
        if kind in held:
            return resize, str(held[kind].get("message") or kind)
    state = str((status.get("allocatedResourceStatuses") or {}).get("storage") or "")
    if state.endswith("Infeasible"):
        return Resize.FAILED, state
    return Resize.NONE, ""


def _bytes(quantity: object) -> int:
    """Return a size in whole bytes, rounded up as Kubernetes does; -1 for a text that is no quantity to us."""
    return _whole_bytes(str(quantity))


@lru_cache(maxsize=1024)
def _whole_bytes(text: str) -> int:
    try:
        return math.ceil(parse_quantity(text))
    except ValueError:
        return -1
