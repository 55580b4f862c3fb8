import base64
from pathlib import Path
from typing import Any

import pytest

from gungnir.local.node.environment import ContainerConfigError
from gungnir.local.node.volumes import Volumes, claim_directory

CLAIM: dict[str, Any] = {
    "metadata": {"name": "data-demo-0", "namespace": "default", "uid": "12345678-9"},
    "status": {"phase": "Bound"},
}


def pod(*volumes: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "demo-0", "namespace": "default", "uid": "u"}, "spec": {"volumes": list(volumes)}}


def volumes(tmp_path: Path, objects: dict[tuple[str, str], Any], *entries: dict[str, Any]) -> Volumes:
    return Volumes(pod(*entries), tmp_path / "pod", tmp_path, lambda resource, name: objects.get((resource, name)))


def test_config_maps_and_secrets_become_files_that_follow_changes(tmp_path: Path) -> None:
    objects = {
        ("configmaps", "c"): {"data": {"valkey.conf": "save 1 1", "old": "x"}},
        ("secrets", "s"): {"data": {"default.acl": base64.b64encode(b"user default on").decode()}},
    }
    found = volumes(
        tmp_path,
        objects,
        {"name": "conf", "configMap": {"name": "c"}},
        {"name": "acl", "secret": {"secretName": "s", "items": [{"key": "default.acl", "path": "a/users.acl"}]}},
    )
    found.prepare("127.64.1.1", "127.0.0.1")
    mounts = found.mounts(
        {"volumeMounts": [{"name": "conf", "mountPath": "/etc/valkey"}, {"name": "acl", "mountPath": "/acl"}]}
    )
    assert (mounts["/etc/valkey"] / "valkey.conf").read_text() == "save 1 1"
    assert (mounts["/acl"] / "a/users.acl").read_text() == "user default on"
    objects["configmaps", "c"] = {"data": {"valkey.conf": "save 2 2"}}
    found.refresh("configmaps", "c")
    assert (mounts["/etc/valkey"] / "valkey.conf").read_text() == "save 2 2"
    assert not (mounts["/etc/valkey"] / "old").exists()


def test_a_claim_is_a_directory_by_uid_that_emptying_leaves_empty(tmp_path: Path) -> None:
    entry = {"name": "data", "persistentVolumeClaim": {"claimName": "data-demo-0"}}
    found = volumes(tmp_path, {("persistentvolumeclaims", "data-demo-0"): CLAIM}, entry)
    found.prepare("a", "b")
    place = found.place(entry)
    assert place == claim_directory(tmp_path, CLAIM)
    (place / "dump.rdb").touch()
    found.empty()
    assert list(place.iterdir()) == []
    assert found.claims() == ["data-demo-0"]


def test_projected_and_downward_volumes_show_fields(tmp_path: Path) -> None:
    items = {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}
    found = volumes(
        tmp_path,
        {},
        {"name": "down", "downwardAPI": items},
        {"name": "all", "projected": {"sources": [{"downwardAPI": items}]}},
    )
    found.prepare("a", "b")
    for name in ("down", "all"):
        assert (tmp_path / "pod/volumes" / name / "name").read_text() == "demo-0"


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"name": "v", "configMap": {"name": "gone"}}, 'configmaps "gone" not found'),
        ({"name": "v", "nfs": {"server": "x"}}, 'volume "v": the local node has no volumes of kind nfs'),
        ({"name": "v", "persistentVolumeClaim": {"claimName": "gone"}}, 'persistentvolumeclaim "gone" not found'),
        ({"name": "v", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p"}]}}, 'has no key "k"'),
    ],
)
def test_what_a_volume_lacks_is_named(tmp_path: Path, volume: dict[str, Any], message: str) -> None:
    with pytest.raises(ContainerConfigError, match=message):
        volumes(tmp_path, {("secrets", "s"): {"data": {}}}, volume).prepare("a", "b")


def test_an_optional_source_may_be_missing(tmp_path: Path) -> None:
    found = volumes(tmp_path, {}, {"name": "v", "configMap": {"name": "gone", "optional": True}})
    found.prepare("a", "b")
    assert list((tmp_path / "pod/volumes/v").iterdir()) == []
