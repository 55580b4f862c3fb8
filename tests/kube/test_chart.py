"""The Helm chart under the real helm: it renders what tests/golden holds, and refuses what cannot work."""

import subprocess
from pathlib import Path

import pytest

from tests.kube.tools import need

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "chart" / "gungnir-operator"
GOLDEN = ROOT / "tests" / "golden" / "chart"
CASES = sorted(path.stem for path in (GOLDEN / "values").glob("*.yaml"))


def helm(*arguments: str, code: int = 0) -> str:
    """Run helm and return what it printed."""
    done = subprocess.run([need("helm"), *arguments], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode != 0) == (code != 0), done.stdout + done.stderr
    return done.stdout if not code else done.stderr


def template(*arguments: str, code: int = 0) -> str:
    place = ("--namespace", "valkey-system", "--kube-version", "1.36.0")
    return helm("template", "demo", str(CHART), *place, *arguments, code=code)


def test_lint_finds_nothing() -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART))


@pytest.mark.parametrize("case", CASES)
def test_lint_finds_nothing_in_any_set_of_values(case: str) -> None:
    helm("lint", "--strict", str(CHART), "--values", str(GOLDEN / "values" / f"{case}.yaml"))


@pytest.mark.parametrize("case", CASES)
def test_what_is_rendered_is_golden(case: str, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / "rendered" / f"{case}.yaml"
    found = template("--values", str(GOLDEN / "values" / f"{case}.yaml"))
    if request.config.getoption("--update-golden"):
        golden.write_text(found)
    assert found == golden.read_text()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("settings.leaderElect=false", "all of them would act at once; set replicaCount to 1"),
        ("settings.identity=me", "each would take the other's lease for its own"),
        ("serviceAccount.create=false", "name the account that exists"),
        ("settings.logLevl=debug", "additional properties 'logLevl' not allowed"),
        ("settings.leaseDurationMs=soon", "got string, want null or integer"),
        ("replicas=3", "additional properties 'replicas' not allowed"),
    ],
)
def test_values_that_cannot_work_are_refused_with_the_fix(change: str, told: str) -> None:
    assert told in template("--set", change, code=1)


def test_an_older_kubernetes_is_refused() -> None:
    assert "chart requires kubeVersion: >=1.29.0-0" in template("--kube-version", "1.28.4", code=1)


def test_a_packaged_chart_renders_the_same(tmp_path: Path) -> None:
    """What .helmignore leaves out is not needed."""
    helm("package", str(CHART), "--destination", str(tmp_path))
    (package,) = tmp_path.glob("*.tgz")
    rendered = helm("template", "demo", str(package), "--namespace", "valkey-system", "--kube-version", "1.36.0")
    assert rendered == (GOLDEN / "rendered" / "default.yaml").read_text()
    assert "kind: CustomResourceDefinition" in helm("show", "crds", str(package))
