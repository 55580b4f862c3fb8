"""The epoch annotation on owned objects: which failover wrote the object last."""

from collections.abc import Mapping
from typing import Any, Final

from gungnir.api import names

EPOCH: Final = names.EPOCH_ANNOTATION


def epoch_of(obj: Mapping[str, Any]) -> int | None:
    """Return the epoch noted on an object; None if there is none that can be read (never written, or edited by hand).

    Args:
        obj: A Service, StatefulSet, pod or pod template.
    """
    text = (obj.get("metadata", {}).get("annotations") or {}).get(EPOCH, "")
    # isascii: int() and isdecimal() also take other scripts' digits.
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() else None
