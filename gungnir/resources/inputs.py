"""What the builders need beside the ValkeyCluster: secrets that were generated once, and who is primary."""

from dataclasses import dataclass, field

from gungnir.api.cluster import ValkeyCluster


@dataclass(frozen=True)
class BuildInputs:
    """Everything a manifest depends on. Equal inputs give equal manifests."""

    cluster: ValkeyCluster
    epoch: int
    """Epoch of the cluster's record: where a pod with a new volume starts, if the StatefulSet does not say it yet."""
    operator_key: str = field(repr=False)
    """64 hex digits, generated once and kept in the Secret. The passwords of all epochs derive from it."""
    password: str | None = field(default=None, repr=False)
    """Password of the ``default`` user, generated or from ``auth.existingSecret``; unused where auth is disabled."""
    pinned_hash: str | None = None
    """Hash by which the pods know the password of ``auth.existingSecret``, whatever that Secret holds now."""
    primary: str | None = None
    """Pod that the client Service selects if it does not exist yet; None: nobody."""
    replicas: int | None = None
    """Pods to run instead of ``spec.replicas``: a scale-down that would remove the primary is held back."""
