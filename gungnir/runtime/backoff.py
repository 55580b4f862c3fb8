"""How long to wait before the next try: exponential with jitter, so that what failed together returns apart."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that double from ``first_ms`` to ``max_ms``; each is drawn from its upper half.

    The lower half is kept free so that a retry never comes at once, which full jitter allows
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, "equal jitter").

    Attributes:
        first_ms: Upper bound of the first delay.
        max_ms: Upper bound of every delay.
        random: Gives numbers in [0, 1); injected so that tests are deterministic.
    """

    first_ms: int
    max_ms: int
    random: Callable[[], float]

    def delay_ms(self, failures: int) -> int:
        """Delay after this many failures in a row (1 or more), in milliseconds."""
        # the exponent is capped too: 1 << 10_000 would be computed in full before it is compared
        bound = min(self.max_ms, self.first_ms << min(failures - 1, 32))
        return bound // 2 + int(self.random() * (bound - bound // 2))
