"""Gungnir: a Kubernetes operator for Valkey whose running decisions are the ones that are checked."""

__version__ = "0.1.0"
