from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import cel
import jsonschema
import pytest
import yaml

from gungnir.api.crd import crd
from gungnir.api.quantity import parse_quantity
from gungnir.api.rule import AnyRule

Json = dict[str, Any]
CelCheck = Callable[..., bool]

REPO = Path(__file__).parents[3]


def _quantity(text: str) -> dict[str, str]:
    return {"quantity": str(parse_quantity(text))}


def _compare(left: Mapping[str, str], right: Mapping[str, str]) -> int:
    difference = Fraction(left["quantity"]) - Fraction(right["quantity"])
    return (difference > 0) - (difference < 0)


KUBERNETES_FUNCTIONS: dict[str, Callable[..., Any]] = {
    # https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library
    "quantity": _quantity,
    "compareTo": _compare,
    "isGreaterThan": lambda left, right: _compare(left, right) > 0,
}


def _at(obj: Any, scope: str) -> Any:
    for part in filter(None, scope.split(".")):
        obj = obj.get(part) if isinstance(obj, Mapping) else None
    return obj


@pytest.fixture(scope="session")
def cel_holds() -> CelCheck:
    """Evaluate a rule's CEL on a stored object, as an API server does: a rule about an absent field holds."""
    programs: dict[str, cel.Program] = {}

    def holds(rule: AnyRule, obj: Json, old: Json | None = None) -> bool:
        variables = {"self": _at(obj, rule.scope)} | ({} if old is None else {"oldSelf": _at(old, rule.scope)})
        if any(value is None for value in variables.values()):
            return True
        program = programs.setdefault(rule.cel, cel.compile(rule.cel))
        verdict = program.execute(cel.Context(variables=variables, functions=KUBERNETES_FUNCTIONS))
        assert isinstance(verdict, bool), rule.name
        return verdict

    return holds


@pytest.fixture(scope="session")
def schema_problems() -> Callable[[Json], list[str]]:
    """Validate an object against the CRD's schema without its CEL rules; the paths of what is wrong."""
    schema = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    validator = jsonschema.Draft7Validator(schema)
    return lambda obj: [error.json_path for error in validator.iter_errors(obj)]


def samples() -> Iterator[tuple[str, Json]]:
    """Yield the ValkeyClusters among deploy/samples, with their file's name."""
    for path in sorted((REPO / "deploy/samples").glob("*.yaml")):
        for obj in yaml.safe_load_all(path.read_text()):
            if obj["kind"] == "ValkeyCluster":
                yield path.stem, obj


@pytest.fixture(scope="session")
def sample_clusters() -> dict[str, Json]:
    return dict(samples())
