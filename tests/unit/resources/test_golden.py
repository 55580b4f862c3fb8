"""The manifests of each feature, as they are sent. ``pytest tests/unit/resources --update-golden`` writes them anew."""

from pathlib import Path

import pytest
import yaml

from gungnir.api.cluster import parse_cluster
from gungnir.resources.inventory import BuildInputs, OwnedKind, build

GOLDEN = Path(__file__).parents[2] / "golden"
FEATURES = sorted(path.stem for path in (GOLDEN / "clusters").glob("*.yaml"))
KEY = "5c" * 32


class _Readable(yaml.SafeDumper):
    """Text of several lines as a block, nothing as an alias."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Readable.add_representer(str, _text)


def manifests(feature: str) -> str:
    text = (GOLDEN / "clusters" / f"{feature}.yaml").read_text()
    inputs = BuildInputs(parse_cluster(yaml.safe_load(text)), epoch=1, operator_key=KEY, password="open sesame")
    built = [build(kind, inputs) for kind in OwnedKind]
    # Features other than the default show what they change: most objects are the same in all.
    if feature != "default":
        default = parse_cluster(yaml.safe_load((GOLDEN / "clusters" / "default.yaml").read_text()))
        plain = BuildInputs(default, epoch=1, operator_key=KEY, password="open sesame")
        built = [obj for kind, obj in zip(OwnedKind, built, strict=True) if obj != build(kind, plain)]
    return yaml.dump_all(built, Dumper=_Readable, sort_keys=False, width=140)


@pytest.mark.parametrize("feature", FEATURES)
def test_manifests_are_the_golden_ones(feature: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / "manifests" / f"{feature}.yaml"
    if request.config.getoption("--update-golden"):
        path.write_text(manifests(feature))
    assert path.read_text() == manifests(feature)


def test_every_golden_file_belongs_to_a_cluster() -> None:
    assert sorted(path.stem for path in (GOLDEN / "manifests").glob("*.yaml")) == FEATURES
