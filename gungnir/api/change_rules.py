"""Rules over an update: what may never change, or only in one direction.

They follow from what cannot be changed underneath: a StatefulSet's volumeClaimTemplates are fixed, the first ACL file
of a volume is kept (so ``auth`` is too), and all pods of a cluster must be found at one port.
Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#volume-claim-templates
"""

from typing import Final

from gungnir.api.quantity import parse_quantity
from gungnir.api.rule import ChangeRule

CHANGE_RULES: Final = (
    ChangeRule(
        name="port-fixed",
        scope="spec.port",
        field="spec.port",
        cel="self == oldSelf",
        message="cannot change, because the pods of a cluster must find each other at one port; "
        "set it back, or create another cluster",
        holds=lambda old, new: new.spec.port == old.spec.port,
    ),
    ChangeRule(
        name="auth-fixed",
        scope="spec.auth.enabled",
        field="spec.auth.enabled",
        cel="self == oldSelf",
        message="cannot change, because each volume keeps the users it was created with; "
        "set it back, or create another cluster",
        holds=lambda old, new: new.spec.auth.enabled == old.spec.auth.enabled,
    ),
    ChangeRule(
        name="existing-secret-fixed",
        scope="",
        field="spec.auth.existingSecret",
        # No volume is there while no pod was: a name that was misspelt from the first day on can be put right.
        cel="!has(oldSelf.status) || (!has(oldSelf.status.credentials) && "
        "(!has(oldSelf.status.replicas) || oldSelf.status.replicas == 0)) || "
        "(has(self.spec.auth.existingSecret) == has(oldSelf.spec.auth.existingSecret) && "
        "(!has(self.spec.auth.existingSecret) || self.spec.auth.existingSecret == oldSelf.spec.auth.existingSecret))",
        message="cannot change once there are pods, because each volume keeps the password it was created with; "
        "set it back, or create another cluster",
        holds=lambda old, new: (
            not (old.status.credentials or old.status.replicas)
            or new.spec.auth.existing_secret == old.spec.auth.existing_secret
        ),
    ),
    ChangeRule(
        name="persistence-fixed",
        scope="spec.persistence.enabled",
        field="spec.persistence.enabled",
        cel="self == oldSelf",
        message="cannot change, because a StatefulSet's volumes are fixed; set it back, or create another cluster",
        holds=lambda old, new: new.spec.persistence.enabled == old.spec.persistence.enabled,
    ),
    ChangeRule(
        name="storage-class-fixed",
        scope="spec.persistence",
        field="spec.persistence.storageClassName",
        cel="has(self.storageClassName) == has(oldSelf.storageClassName) && "
        "(!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
        message="cannot change, because a volume stays in its class; set it back, or create another cluster",
        holds=lambda old, new: new.spec.persistence.storage_class_name == old.spec.persistence.storage_class_name,
    ),
    ChangeRule(
        name="access-modes-fixed",
        scope="spec.persistence.accessModes",
        field="spec.persistence.accessModes",
        cel="self == oldSelf",
        message="cannot change, because a StatefulSet's volumes are fixed; set it back, or create another cluster",
        holds=lambda old, new: new.spec.persistence.access_modes == old.spec.persistence.access_modes,
    ),
    ChangeRule(
        name="storage-not-shrunk",
        scope="spec.persistence",
        field="spec.persistence.size",
        cel="quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0",
        message="cannot become smaller, because a volume cannot shrink; write at least the former size",
        holds=lambda old, new: parse_quantity(new.spec.persistence.size) >= parse_quantity(old.spec.persistence.size),
    ),
)
