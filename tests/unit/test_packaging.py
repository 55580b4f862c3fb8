"""What is true of the whole repository: metadata, sizes, locks; and no file names the machine it was written on."""

import importlib.metadata
import importlib.resources
import itertools
import re
import statistics
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gungnir
from gungnir.build_info import version_line

ROOT = Path(__file__).parents[2]
LOCKS = ("runtime", "image", "demo", "test", "glide", "dev", "build")
GENERATED = re.compile(
    r"^(lock/.*\.txt|LICENSE|deploy/(.*/)?crds/.*|tests/golden/.*|.*/go\.(mod|sum)|.*\.json|.*\.(svg|png))$"
)
PIN = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^ ;]+)", re.MULTILINE)
# Written so that this file does not match itself.
INDEX_ADDRESS = re.compile(r"(--(extra-)?index-ur[l]|files\.pythonhoste[d]|pypi\.or[g]|/simpl[e]/)")
MACHINE_PATH = re.compile(r"(?<![\w.$})~-])/(roo[t]|wor[k]|Users|opt/wheel[s])/")


@cache
def tracked_files() -> tuple[str, ...]:
    """Paths of the files under version control; a source archive has none, and skips the tests that ask for them."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    return tuple(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@cache
def tracked_texts() -> dict[str, str]:
    texts: dict[str, str] = {}
    for name in tracked_files():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data:
            texts[name] = data.decode("utf-8", errors="replace")
    return texts


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / "lock" / f"{lock}.txt").read_text()))


def version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def test_the_installed_version_is_the_one_in_the_source() -> None:
    assert importlib.metadata.version("gungnir") == gungnir.__version__


def test_the_metadata_names_licence_python_and_console_script() -> None:
    metadata = importlib.metadata.metadata("gungnir")
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="gungnir")
    assert script.value == "gungnir.cli:main"


def test_the_package_says_that_it_is_typed() -> None:
    assert importlib.resources.files("gungnir").joinpath("py.typed").is_file()


def test_every_data_file_of_the_package_is_shipped() -> None:
    shipped = {
        path.relative_to(ROOT).as_posix()
        for package, patterns in pyproject()["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    data = {name for name in tracked_files() if name.startswith("gungnir/") and not name.endswith(".py")}
    assert data - shipped == set()


def test_the_licence_is_the_full_text_of_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_changelog_has_an_unreleased_section_and_the_current_version_is_not_older_than_the_last_one() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    released = [version_key(heading) for heading in headings[1:]]
    assert released == sorted(released, reverse=True)
    assert all(version <= version_key(gungnir.__version__) for version in released)


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, f"gungnir {gungnir.__version__}"),
        ({"BUILD_COMMIT": "unknown"}, f"gungnir {gungnir.__version__}"),
        ({"BUILD_COMMIT": "0123abcd\n"}, f"gungnir {gungnir.__version__} (commit 0123abcd)"),
    ],
)
def test_the_version_line_names_the_commit_only_where_it_is_known(environment: dict[str, str], line: str) -> None:
    assert version_line(environment) == line


def test_no_file_is_longer_than_500_lines() -> None:
    sizes = {name: text.count("\n") for name, text in tracked_texts().items() if not GENERATED.match(name)}
    assert {name: lines for name, lines in sizes.items() if lines > 500} == {}


def test_half_of_the_modules_are_at_most_200_lines() -> None:
    sizes = [
        text.count("\n") for name, text in tracked_texts().items() if name.endswith(".py") and text.count("\n") > 20
    ]
    assert statistics.median(sizes) <= 200


def test_no_file_names_a_package_index() -> None:
    assert [name for name, text in tracked_texts().items() if INDEX_ADDRESS.search(text)] == []


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    found = {name: match.group() for name, text in tracked_texts().items() if (match := MACHINE_PATH.search(text))}
    assert found == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_has_a_hash(lock: str) -> None:
    entries = (ROOT / "lock" / f"{lock}.txt").read_text().replace("\\\n", " ").splitlines()
    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", ["runtime", "image", "demo", "test"])
def test_a_package_has_the_same_version_in_all_locks(lock: str) -> None:
    development = pins("dev")
    assert {name: version for name, version in pins(lock).items() if development.get(name) != version} == {}


@pytest.mark.parametrize("chain", [("runtime", "demo", "test", "dev"), ("runtime", "image", "test"), ("test", "glide")])
def test_each_lock_contains_the_smaller_one(chain: tuple[str, ...]) -> None:
    names = [set(pins(lock)) for lock in chain]
    assert all(smaller <= larger for smaller, larger in itertools.pairwise(names))


def broken_requirements(lock: str, declared: list[str]) -> list[Requirement]:
    """Return what a lock leaves out, or pins at another version."""
    assert declared
    pinned = pins(lock)
    requirements = map(Requirement, declared)
    return [r for r in requirements if not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0"))]


def test_the_runtime_lock_satisfies_what_the_project_declares() -> None:
    assert broken_requirements("runtime", pyproject()["project"]["dependencies"]) == []


def test_the_image_has_what_the_settings_may_ask_for() -> None:
    project = pyproject()["project"]
    optional = list(itertools.chain.from_iterable(project["optional-dependencies"].values()))
    assert broken_requirements("image", project["dependencies"] + optional) == []


def test_the_build_lock_is_the_build_backend_alone() -> None:
    (backend,) = map(Requirement, pyproject()["build-system"]["requires"])
    ((name, version),) = pins("build").items()
    assert name == backend.name
    assert backend.specifier.contains(version)
