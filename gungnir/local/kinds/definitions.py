"""CustomResourceDefinitions: from a definition to a served resource."""

from typing import Any


def settle_definition(registry: Any, key: Any, record: Any) -> None: ...
