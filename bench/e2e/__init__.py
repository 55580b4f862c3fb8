"""The operator on a whole Kubernetes with three nodes: the faults that other operators were measured with."""
