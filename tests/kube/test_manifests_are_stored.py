"""A real API server stores the manifests of every feature as they are meant, and any feature can follow any other.

Needs the kubeconfig of a throwaway API server in GUNGNIR_TEST_KUBECONFIG. With ``--update-golden`` it writes what was
stored to tests/golden/stored, where tests/unit/resources/test_drift.py reads it:
``pytest tests/kube/test_manifests_are_stored.py tests/unit/resources --update-golden``.
"""

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from gungnir.api.cluster import parse_cluster
from gungnir.resources.drift import frozen_drift, merge_owned, owned_drift
from gungnir.resources.inventory import BuildInputs, OwnedKind, build
from gungnir.resources.manifest import Manifest
from gungnir.runtime.errors import NotFoundError
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import ref_of

KUBECONFIG = os.environ.get("GUNGNIR_TEST_KUBECONFIG", "")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not KUBECONFIG, reason="GUNGNIR_TEST_KUBECONFIG names no API server"),
]

GOLDEN = Path(__file__).parents[1] / "golden"
FEATURES = sorted(path.stem for path in (GOLDEN / "clusters").glob("*.yaml"))
RECORDED = sorted(path.stem for path in (GOLDEN / "stored").glob("*.yaml"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def manifests(feature: str) -> dict[OwnedKind, Manifest]:
    cluster = yaml.safe_load((GOLDEN / "clusters" / f"{feature}.yaml").read_text())
    cluster["metadata"]["namespace"] = "default"
    inputs = BuildInputs(parse_cluster(cluster), epoch=1, operator_key="5c" * 32, password="open sesame")
    return {kind: build(kind, inputs) for kind in OwnedKind}


async def recreate(kube: Kube, feature: str) -> dict[OwnedKind, Manifest]:
    """Create the feature's objects anew and return them as they are read back."""
    stored = {}
    for kind, obj in manifests(feature).items():
        ref = ref_of(obj)
        with contextlib.suppress(NotFoundError):
            await kube.delete(ref, uid=(await kube.get(ref))["metadata"]["uid"])
        await kube.create(obj)
        stored[kind] = await kube.get(ref)
    return stored


def record(feature: str, stored: dict[OwnedKind, Manifest]) -> None:
    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    class Readable(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
            return True

    Readable.add_representer(str, text)
    plain = manifests("default")
    kept: list[dict[str, Any]] = []
    for kind, obj in manifests(feature).items():
        if feature == "default" or obj != plain[kind]:
            metadata = {key: value for key, value in stored[kind]["metadata"].items() if key != "managedFields"}
            kept.append({**stored[kind], "metadata": {**metadata, "namespace": "db"}})
    (GOLDEN / "stored" / f"{feature}.yaml").write_text(
        "# As a real API server stored the manifests of this feature (managedFields left out).\n"
        + yaml.dump_all(kept, Dumper=Readable, sort_keys=True, width=140)
    )


@pytest.mark.parametrize("feature", FEATURES)
async def test_what_is_stored_is_no_drift_and_can_become_any_other(
    feature: str, request: pytest.FixtureRequest
) -> None:
    async with await Kube.connect(kubeconfig=KUBECONFIG) as kube:
        stored = await recreate(kube, feature)
        for kind, obj in manifests(feature).items():
            assert owned_drift(obj, stored[kind]) == []
            assert frozen_drift(obj, stored[kind]) == []
        if feature in RECORDED and request.config.getoption("--update-golden"):
            record(feature, stored)
        # Whether there are volumes is fixed (persistence-fixed), and this API server has no schema that would say so.
        for other in (name for name in FEATURES if (name == "in-memory") == (feature == "in-memory")):
            for obj in manifests(other).values():
                live = await kube.get(ref_of(obj))
                if owned_drift(obj, live):
                    await kube.replace(merge_owned(obj, live))
                    assert owned_drift(obj, await kube.get(ref_of(obj))) == []
