"""Where the real Kubernetes programs are: $KUBEBUILDER_ASSETS, else what `make kube-assets` built, else PATH."""

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

REQUIRED: Final = "GUNGNIR_REQUIRE_KUBE"
"""Set (`make test-kube` does): a program that is missing is a failure, not a skip."""


def assets() -> Path:
    """The folder of the binaries; it need not exist."""
    named = os.environ.get("KUBEBUILDER_ASSETS")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gungnir" / "kube-assets"


def find(program: str) -> Path | None:
    """A program, or None."""
    found = shutil.which(program, path=str(assets())) or shutil.which(program)
    return None if found is None else Path(found)


def need(program: str) -> Path:
    """A program; without it the test is skipped, or fails where the suite has to be whole."""
    found = find(program)
    if found is not None:
        return found
    text = f"{program} is neither in {assets()} nor on PATH; `make kube-assets` builds it, or set KUBEBUILDER_ASSETS"
    if os.environ.get(REQUIRED):
        pytest.fail(text)
    pytest.skip(text)
