"""The command line's table of commands, and what it says when something is missing."""

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
