"""Clusters to build from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gungnir.api.cluster import parse_cluster
from gungnir.resources.inputs import BuildInputs

KEY = "5c" * 32
Inputs = Callable[..., BuildInputs]


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    return Path(__file__).parents[2] / "golden"


@pytest.fixture(scope="session")
def inputs() -> Inputs:
    """Build inputs from a spec as a user writes it; keyword arguments replace the other inputs."""

    def make(spec: dict[str, Any] | None = None, **others: Any) -> BuildInputs:
        cluster = parse_cluster(
            {
                "apiVersion": "valkey.verilean.io/v1",
                "kind": "ValkeyCluster",
                "metadata": {"name": "demo", "namespace": "db", "uid": "0b6fe2a0-7c1d-4f6e-9d55-3f1f6f0a2c11"},
                "spec": spec or {},
            }
        )
        return BuildInputs(**{"cluster": cluster, "epoch": 1, "operator_key": KEY, "password": "open sesame", **others})

    return make
