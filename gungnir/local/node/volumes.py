"""The volumes of a pod as directories of this machine.

Rules:
- A claim's directory outlives its pods; every other volume lives in the pod's own directory and goes with it.
- Files of ConfigMaps and Secrets are replaced one by one through a rename, so that no reader sees half a file. They
  follow a change of the object at once (a kubelet takes up to a minute).
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gungnir.local.node.environment import ContainerConfigError, Lookup, Obj, data_of, field_value

_DIRECTORY_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


def claim_directory(data_dir: Path, claim: Obj) -> Path:
    """Directory of a PersistentVolumeClaim, by uid: a claim that is created again starts empty."""
    metadata = claim["metadata"]
    return data_dir / "claims" / str(metadata["namespace"]) / f"{metadata['name']}-{metadata['uid'][:8]}"


class Volumes:
    """Prepares the volumes of one pod below ``root``."""

    def __init__(self, pod: Obj, root: Path, data_dir: Path, lookup: Lookup) -> None:
        self._pod = pod
        self._root = root
        self._data_dir = data_dir
        self._lookup = lookup
        self._address = ""
        self._node_address = ""

    def prepare(self, address: str, node_address: str) -> None:
        """Create every volume of the pod.

        Raises:
            ContainerConfigError: An object that a volume needs is missing, or the kind of volume is not supported.
        """
        self._address, self._node_address = address, node_address
        for volume in self._pod["spec"].get("volumes") or []:
            self._prepare(volume)

    def refresh(self, resource: str, name: str) -> None:
        """Write the files of every volume that shows this ConfigMap or Secret again."""
        for volume in self._pod["spec"].get("volumes") or []:
            if (resource, name) in _shows(volume):
                self._prepare(volume)

    def mounts(self, container: Obj) -> dict[str, Path]:
        """Mount path -> place on this machine, for each mount of the container."""
        volumes = {volume["name"]: volume for volume in self._pod["spec"].get("volumes") or []}
        result: dict[str, Path] = {}
        for mount in container.get("volumeMounts") or []:
            place = self.place(volumes[mount["name"]])
            result[mount["mountPath"]] = place / mount["subPath"] if mount.get("subPath") else place
        return result

    def place(self, volume: Obj) -> Path:
        """Directory of a volume."""
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
            claim = self._lookup("persistentvolumeclaims", name)
            if claim is None:
                raise ContainerConfigError(f'persistentvolumeclaim "{name}" not found')
            return claim_directory(self._data_dir, claim)
        return self._root / "volumes" / str(volume["name"])

    def claims(self) -> list[str]:
        """Names of the claims that the pod uses."""
        volumes = self._pod["spec"].get("volumes") or []
        return [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]

    def empty(self) -> None:
        """Delete what the pod's claims and emptyDirs hold: the loss of the disk."""
        for volume in self._pod["spec"].get("volumes") or []:
            if "persistentVolumeClaim" in volume or "emptyDir" in volume:
                place = self.place(volume)
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)

    def _prepare(self, volume: Obj) -> None:
        place = self.place(volume)
        if "persistentVolumeClaim" in volume:
            claim = self._lookup("persistentvolumeclaims", volume["persistentVolumeClaim"]["claimName"])
            if claim is None or (claim.get("status") or {}).get("phase") != "Bound":
                raise ContainerConfigError(
                    f'persistentvolumeclaim "{volume["persistentVolumeClaim"]["claimName"]}" not bound'
                )
        place.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        files = self._files(volume)
        if files is None:
            return
        for stale in place.iterdir():
            if stale.is_file() and stale.name not in files:
                stale.unlink()
        for name, content in files.items():
            _replace(place / name, content)

    def _files(self, volume: Obj) -> dict[str, bytes] | None:
        """The files a volume shows; None for a volume that belongs to the container."""
        if "persistentVolumeClaim" in volume or "emptyDir" in volume:
            return None
        if "configMap" in volume:
            return self._keys("configmaps", volume["configMap"], volume["configMap"].get("name", ""))
        if "secret" in volume:
            return self._keys("secrets", volume["secret"], volume["secret"].get("secretName", ""))
        if "downwardAPI" in volume:
            return self._fields(volume["downwardAPI"])
        if "projected" in volume:
            files: dict[str, bytes] = {}
            for source in volume["projected"].get("sources") or []:
                files |= self._projected(source)
            return files
        kind = next((key for key in volume if key != "name"), "nothing")
        raise ContainerConfigError(f'volume "{volume["name"]}": the local node has no volumes of kind {kind}')

    def _projected(self, source: Obj) -> dict[str, bytes]:
        if "configMap" in source:
            return self._keys("configmaps", source["configMap"], source["configMap"].get("name", ""))
        if "secret" in source:
            return self._keys("secrets", source["secret"], source["secret"].get("name", ""))
        if "downwardAPI" in source:
            return self._fields(source["downwardAPI"])
        kind = next(iter(source), "nothing")
        raise ContainerConfigError(f"projected volume: the local node has no source of kind {kind}")

    def _fields(self, source: Obj) -> dict[str, bytes]:
        return {
            item["path"]: field_value(
                item["fieldRef"]["fieldPath"], self._pod, self._address, self._node_address
            ).encode()
            for item in source.get("items") or []
            if "fieldRef" in item
        }

    def _keys(self, resource: str, source: Mapping[str, Any], name: str) -> dict[str, bytes]:
        obj = self._lookup(resource, name)
        if obj is None:
            if source.get("optional"):
                return {}
            raise ContainerConfigError(f'{resource} "{name}" not found')
        data = data_of(resource, obj)
        if not source.get("items"):
            return data
        chosen: dict[str, bytes] = {}
        for item in source["items"]:
            if item["key"] in data:
                chosen[item["path"]] = data[item["key"]]
            elif not source.get("optional"):
                raise ContainerConfigError(f'{resource} "{name}" has no key "{item["key"]}"')
        return chosen


def _shows(volume: Obj) -> set[tuple[str, str]]:
    sources = [volume, *((volume.get("projected") or {}).get("sources") or [])]
    shown = set()
    for source in sources:
        if "configMap" in source:
            shown.add(("configmaps", source["configMap"].get("name", "")))
        if "secret" in source:
            shown.add(("secrets", source["secret"].get("secretName") or source["secret"].get("name", "")))
    return shown


def _replace(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".new")
    scratch.write_bytes(content)
    scratch.chmod(_FILE_MODE)
    scratch.replace(path)
