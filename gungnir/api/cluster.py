"""The one way from an object of the API server to a ValkeyCluster."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from gungnir.api.errors import InvalidCluster
from gungnir.api.objects import ObjectMeta, ValkeyCluster
from gungnir.api.problems import from_validation_error
from gungnir.api.validation import check

__all__ = ["InvalidCluster", "ObjectMeta", "ValkeyCluster", "parse_cluster"]


def parse_cluster(obj: Mapping[str, Any]) -> ValkeyCluster:
    """Return the cluster that a JSON object of the API server describes.

    Applies the same types, bounds, defaults and rules as the CRD: an object stored under an older CRD, or through a
    server that does not evaluate its rules, is refused here.

    Raises:
        InvalidCluster: naming every offending field with its value and the fix.
    """
    try:
        cluster = ValkeyCluster.model_validate_json(json.dumps(obj), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidCluster(from_validation_error(error, ValkeyCluster)) from error
    if problems := check(cluster):
        raise InvalidCluster(problems)
    return cluster
