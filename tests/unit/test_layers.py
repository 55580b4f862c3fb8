"""The dependency directions are contracts in pyproject.toml; here they hold, and are seen to be able to fail."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

FORBIDDEN_IMPORT = """
[tool.importlinter]
root_packages = ["gungnir"]
include_external_packages = true

[[tool.importlinter.contracts]]
name = "a contract that the code breaks"
type = "forbidden"
source_modules = ["gungnir.api"]
forbidden_modules = ["typing"]
"""


def lint_imports(config: Path) -> subprocess.CompletedProcess[str]:
    """A process of its own, because import-linter loads its plugins and contract types once per process."""
    command = (
        "import sys; from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(sys.argv[1], no_cache=True, no_logo=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", command, str(config)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "160", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_import_follows_the_declared_direction() -> None:
    result = lint_imports(ROOT / "pyproject.toml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_linter_notices_a_forbidden_import(tmp_path: Path) -> None:
    config = tmp_path / "contracts.toml"
    config.write_text(FORBIDDEN_IMPORT)
    result = lint_imports(config)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "a contract that the code breaks BROKEN" in result.stdout
