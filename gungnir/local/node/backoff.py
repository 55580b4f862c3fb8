"""How long a container waits before it is started again."""

from typing import Final

from gungnir.local.settings import NodeSettings

_FREE_RESTARTS: Final = 5
_FLOOR_MS: Final = 100
_STABLE_FACTOR: Final = 2


class Backoff:
    """The wait doubles with every restart and begins anew after a run of twice the cap, as a kubelet's does."""

    def __init__(self, settings: NodeSettings) -> None:
        self._settings = settings
        self._restarts = 0

    @property
    def restarts(self) -> int:
        """Restarts since the last stable run."""
        return self._restarts

    def next_delay_ms(self, ran_ms: float) -> int:
        """The wait after a run of ``ran_ms``.

        With ``restart_delay_ms`` 0 the first five restarts come at once; a container that still fails is slowed down,
        so that it cannot take the machine.
        """
        settings = self._settings
        if ran_ms >= _STABLE_FACTOR * settings.restart_delay_cap_ms:
            self._restarts = 0
        restarts, self._restarts = self._restarts, self._restarts + 1
        first_ms = settings.restart_delay_ms
        if first_ms == 0:
            if restarts < _FREE_RESTARTS:
                return 0
            first_ms, restarts = _FLOOR_MS, restarts - _FREE_RESTARTS
        return int(
            min(first_ms * 2 ** min(restarts, 30), max(settings.restart_delay_cap_ms, settings.restart_delay_ms))
        )
