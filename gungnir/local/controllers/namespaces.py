"""What every namespace has from the start: the ServiceAccount that pods use by default."""

from collections.abc import Iterable
from typing import Final

from gungnir.local.controllers.base import NAMESPACES, Name, is_terminating, read
from gungnir.local.registry import Registry
from gungnir.local.store import StoreEvent

_ACCOUNTS: Final = "serviceaccounts"


class NamespaceController:
    """Creates the ServiceAccount ``default`` in every namespace."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def keys(self, event: StoreEvent) -> Iterable[Name]:
        """Changed namespaces, and those that lost a ServiceAccount."""
        key = event.record.key
        if key.table == NAMESPACES:
            yield "", key.name
        elif key.table == _ACCOUNTS and event.type == "DELETED":
            yield "", key.namespace

    def everything(self) -> Iterable[Name]:
        """Every namespace."""
        return [("", record.key.name) for record in self._registry.store.scan(NAMESPACES)]

    def settle(self, name: Name) -> float | None:
        """Create what is missing."""
        namespace = read(self._registry.store, NAMESPACES, name)
        if namespace is None or is_terminating(namespace):
            return None
        if read(self._registry.store, _ACCOUNTS, (name[1], "default")) is None:
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
            self._registry.create(_ACCOUNTS, account, namespace=name[1])
        return None
