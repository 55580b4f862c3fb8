"""What a container's process gets: variables, ``$(VAR)`` expansion and paths of this machine instead of mounts.

Sources: "Dependent Environment Variables" and "Downward API" of the Kubernetes documentation.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gungnir.errors import GungnirError

Obj = Mapping[str, Any]
Lookup = Callable[[str, str], Obj | None]
"""``(resource, name)`` -> the ConfigMap or Secret of the pod's namespace, or None."""

_REFERENCE: Final = re.compile(r"\$(?:\$|\(([A-Za-z_.-][\w.-]*)\))")
_SUBSCRIPT: Final = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class ContainerConfigError(GungnirError):
    """The container cannot be configured as its spec says; shown as ``CreateContainerConfigError``."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$(NAME)`` by the variable; ``$$`` is a dollar sign and an unknown name stays as it is written."""

    def value(match: re.Match[str]) -> str:
        if match.group(0) == "$$":
            return "$"
        return variables.get(match.group(1), match.group(0))

    return _REFERENCE.sub(value, text)


def field_value(path: str, pod: Obj, address: str, node_address: str) -> str:
    """Value of a downward API field.

    Raises:
        ContainerConfigError: The field is not one that a container can ask for.
    """
    metadata, spec = pod["metadata"], pod["spec"]
    if match := _SUBSCRIPT.fullmatch(path):
        return str((metadata.get(match.group(1)) or {}).get(match.group(2), ""))
    simple = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.podIP": address,
        "status.podIPs": address,
        "status.hostIP": node_address,
        "status.hostIPs": node_address,
    }
    if path not in simple:
        raise ContainerConfigError(f"fieldRef {path!r} is not a field of the downward API")
    return str(simple[path])


def data_of(resource: str, obj: Obj) -> dict[str, bytes]:
    """The keys of a ConfigMap or Secret as bytes."""
    if resource == "secrets":
        return {key: base64.b64decode(value or "") for key, value in (obj.get("data") or {}).items()}
    text = {key: value.encode() for key, value in (obj.get("data") or {}).items()}
    return text | {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}


class Environment:
    """Computes the variables of one pod's containers."""

    def __init__(self, pod: Obj, lookup: Lookup, address: str, node_address: str) -> None:
        self._pod = pod
        self._lookup = lookup
        self._address = address
        self._node_address = node_address

    def variables(self, container: Obj) -> dict[str, str]:
        """The container's variables in order, later ones may refer to earlier ones.

        Raises:
            ContainerConfigError: A ConfigMap, Secret, key or field that is not optional is missing.
        """
        result: dict[str, str] = {}
        for source in container.get("envFrom") or []:
            result.update(self._from_source(source))
        for entry in container.get("env") or []:
            if "valueFrom" in entry:
                value = self._referred(entry["valueFrom"])
                if value is not None:
                    result[entry["name"]] = value
            else:
                result[entry["name"]] = expand(entry.get("value", ""), result)
        return result

    def _from_source(self, source: Obj) -> dict[str, str]:
        for field, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if field in source:
                data = self._data(resource, source[field])
                prefix = source.get("prefix", "")
                return {prefix + key: value.decode(errors="replace") for key, value in data.items()}
        return {}

    def _referred(self, reference: Obj) -> str | None:
        if "fieldRef" in reference:
            return field_value(reference["fieldRef"]["fieldPath"], self._pod, self._address, self._node_address)
        for field, resource in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
            if field in reference:
                key = reference[field]["key"]
                data = self._data(resource, reference[field])
                if key in data:
                    return data[key].decode(errors="replace")
                if reference[field].get("optional"):
                    return None
                raise ContainerConfigError(f"couldn't find key {key} in {resource} {reference[field]['name']}")
        raise ContainerConfigError(f"valueFrom {', '.join(reference) or '{}'} is not supported by the local node")

    def _data(self, resource: str, reference: Obj) -> dict[str, bytes]:
        name = reference.get("name", "")
        obj = self._lookup(resource, name)
        if obj is not None:
            return data_of(resource, obj)
        if reference.get("optional"):
            return {}
        raise ContainerConfigError(f'{resource} "{name}" not found')


class Paths:
    """Rewrites the paths under a container's mounts to where their volumes are on this machine.

    There are no mount namespaces without root, so a path is found by its spelling: ``/data`` is rewritten where it
    stands as a whole path or is followed by ``/``, not inside ``/database`` or ``/var/data``.
    """

    def __init__(self, mounts: Mapping[str, Path]) -> None:
        """``mounts`` maps each mount path to the directory or file of this machine behind it."""
        self._mounts = {path.rstrip("/") or "/": str(host) for path, host in mounts.items()}
        alternatives = "|".join(re.escape(path) for path in sorted(self._mounts, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w.\-/])({alternatives})(?=$|[^\w.\-])") if alternatives else None

    def rewrite(self, text: str) -> str:
        """Replace every mounted path in ``text``."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._mounts[match.group(1)], text)

    def rewrite_all(self, texts: Sequence[str]) -> list[str]:
        """Replace every mounted path in each of ``texts``."""
        return [self.rewrite(text) for text in texts]
