"""Pure builders: a ValkeyCluster in, Kubernetes manifests out."""
