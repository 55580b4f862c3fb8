"""Every object that belongs to a ValkeyCluster, in the order in which they are written."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from gungnir.api import names
from gungnir.resources.client_service import client_service
from gungnir.resources.config_map import config_map
from gungnir.resources.disruption_budget import disruption_budget
from gungnir.resources.headless_service import headless_service
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.manifest import Manifest
from gungnir.resources.read_service import read_service
from gungnir.resources.secret import secret
from gungnir.resources.service_account import service_account
from gungnir.resources.stateful_set import stateful_set

__all__ = ["BuildInputs", "OwnedKind", "build", "name_of"]


class OwnedKind(StrEnum):
    """The owned objects, in the order of reconciliation: what pods need comes before the StatefulSet makes pods."""

    SERVICE_ACCOUNT = "service-account"
    SECRET = "secret"  # noqa: S105 - a kind of object
    CONFIG_MAP = "config-map"
    HEADLESS_SERVICE = "headless-service"
    CLIENT_SERVICE = "client-service"
    READ_SERVICE = "read-service"
    DISRUPTION_BUDGET = "disruption-budget"
    STATEFUL_SET = "stateful-set"


_BUILDERS: Final[Mapping[OwnedKind, Callable[[BuildInputs], Manifest]]] = {
    OwnedKind.SERVICE_ACCOUNT: service_account,
    OwnedKind.SECRET: secret,
    OwnedKind.CONFIG_MAP: config_map,
    OwnedKind.HEADLESS_SERVICE: headless_service,
    OwnedKind.CLIENT_SERVICE: client_service,
    OwnedKind.READ_SERVICE: read_service,
    OwnedKind.DISRUPTION_BUDGET: disruption_budget,
    OwnedKind.STATEFUL_SET: stateful_set,
}

_NAMES: Final[Mapping[OwnedKind, Callable[[str], str]]] = {
    OwnedKind.SERVICE_ACCOUNT: names.service_account,
    OwnedKind.SECRET: names.secret,
    OwnedKind.CONFIG_MAP: names.config_map,
    OwnedKind.HEADLESS_SERVICE: names.headless_service,
    OwnedKind.CLIENT_SERVICE: names.client_service,
    OwnedKind.READ_SERVICE: names.read_service,
    OwnedKind.DISRUPTION_BUDGET: names.disruption_budget,
    OwnedKind.STATEFUL_SET: names.stateful_set,
}


def build(kind: OwnedKind, inputs: BuildInputs) -> Manifest:
    """Return the manifest of one owned object, as it is created.

    Args:
        kind: Which object.
        inputs: What it depends on.

    Raises:
        UserError: The spec or the Secret holds a value that no manifest can be made of.
    """
    return _BUILDERS[kind](inputs)


def name_of(kind: OwnedKind, cluster: str) -> str:
    """Return the name of an owned object.

    Args:
        kind: Which object.
        cluster: Name of the ValkeyCluster.
    """
    return _NAMES[kind](cluster)
