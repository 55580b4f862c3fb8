"""A condition of the status, without its times."""

from typing import NamedTuple


class Sign(NamedTuple):
    """A condition: a stable word for programs as its reason, and a sentence that says what to do."""

    type: str
    holds: bool
    reason: str
    message: str
