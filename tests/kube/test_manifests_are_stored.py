"""An API server stores the manifests of every feature as they are meant, and any feature can follow any other.

With ``--update-golden`` what the real one stored is written to tests/golden/stored, where
tests/unit/resources/test_drift.py reads it:
``pytest tests/kube/test_manifests_are_stored.py tests/unit/resources --update-golden``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gungnir.api.cluster import parse_cluster
from gungnir.resources.drift import frozen_drift, merge_owned, owned_drift
from gungnir.resources.inventory import BuildInputs, OwnedKind, build
from gungnir.resources.manifest import Manifest
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import ref_of
from tests.kube.conftest import new_namespace
from tests.kube.servers import Server

pytestmark = pytest.mark.anyio
GOLDEN = Path(__file__).parents[1] / "golden"
FEATURES = sorted(path.stem for path in (GOLDEN / "clusters").glob("*.yaml"))
RECORDED = sorted(path.stem for path in (GOLDEN / "stored").glob("*.yaml"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def cluster_of(feature: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((GOLDEN / "clusters" / f"{feature}.yaml").read_text())
    return found


def manifests(feature: str, owner: Mapping[str, Any]) -> dict[OwnedKind, Manifest]:
    """Return the manifests of a feature for the cluster with this metadata."""
    cluster = parse_cluster({**cluster_of(feature), "metadata": owner})
    inputs = BuildInputs(cluster, epoch=1, operator_key="5c" * 32, password="open sesame")
    return {kind: build(kind, inputs) for kind in OwnedKind}


async def stored_by(kube: Kube, objects: Mapping[OwnedKind, Manifest]) -> dict[OwnedKind, Manifest]:
    """Create these objects and return them as they are read back."""
    stored = {}
    for kind, obj in objects.items():
        await kube.create(obj)
        stored[kind] = await kube.get(ref_of(obj))
    return stored


async def record(feature: str, kube: Kube, namespace: str) -> None:
    """Write what is stored for the cluster of the file, whose uid is in some of it (an owner that is not there)."""
    owner = {**cluster_of(feature)["metadata"], "namespace": namespace}
    objects, plain = manifests(feature, owner), manifests("default", owner)
    stored = await stored_by(kube, objects)

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    class Readable(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
            return True

    Readable.add_representer(str, text)
    kept: list[dict[str, Any]] = []
    for kind, obj in objects.items():
        if feature == "default" or obj != plain[kind]:
            metadata = {key: value for key, value in stored[kind]["metadata"].items() if key != "managedFields"}
            kept.append({**stored[kind], "metadata": {**metadata, "namespace": "db"}})
    (GOLDEN / "stored" / f"{feature}.yaml").write_text(
        "# As a real API server stored the manifests of this feature (managedFields left out).\n"
        + yaml.dump_all(kept, Dumper=Readable, sort_keys=True, width=140)
    )


@pytest.mark.parametrize("feature", FEATURES)
async def test_what_is_stored_is_no_drift_and_can_become_any_other(
    feature: str, server: Server, namespace: str, request: pytest.FixtureRequest
) -> None:
    async with await Kube.connect(kubeconfig=str(server.kubeconfig)) as kube:
        cluster = cluster_of(feature)
        cluster["metadata"] = {"name": cluster["metadata"]["name"], "namespace": namespace}
        owner = (await kube.create(cluster))["metadata"]
        objects = manifests(feature, owner)
        stored = await stored_by(kube, objects)
        for kind, obj in objects.items():
            assert owned_drift(obj, stored[kind]) == []
            assert frozen_drift(obj, stored[kind]) == []
        if server.is_real and feature in RECORDED and request.config.getoption("--update-golden"):
            await record(feature, kube, new_namespace(server.api))
        # Whether there are volumes is fixed, by the schema of the cluster (persistence-fixed); nobody edits that here.
        for other in (name for name in FEATURES if (name == "in-memory") == (feature == "in-memory")):
            for obj in manifests(other, owner).values():
                live = await kube.get(ref_of(obj))
                if owned_drift(obj, live):
                    await kube.replace(merge_owned(obj, live))
                    assert owned_drift(obj, await kube.get(ref_of(obj))) == []
