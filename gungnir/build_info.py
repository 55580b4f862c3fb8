"""Which Gungnir this is: its version, and the commit that its image was built from."""

from collections.abc import Mapping
from typing import Final

from gungnir import __version__

COMMIT_VARIABLE: Final = "BUILD_COMMIT"
"""Environment variable that the Dockerfile sets. Outside ``GUNGNIR_*``, where an unknown name is a settings error."""


def version_line(environment: Mapping[str, str]) -> str:
    """Text of ``gungnir version``: the version, and the commit where the environment names one.

    Args:
        environment: The process environment; only ``BUILD_COMMIT`` is read.
    """
    commit = environment.get(COMMIT_VARIABLE, "").strip()
    if commit in {"", "unknown"}:
        return f"gungnir {__version__}"
    return f"gungnir {__version__} (commit {commit})"
