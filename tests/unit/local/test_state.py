from pathlib import Path

import pytest
from typer.testing import CliRunner

from gungnir.errors import RetryableError, UserError
from gungnir.local import state
from gungnir.local.admin_client import AdminClient
from gungnir.local.cli import app
from gungnir.local.data_dir import DataDir


@pytest.fixture(autouse=True)
def _runtime_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def publish(name: str, tmp_path: Path) -> None:
    state.publish(name, url="http://127.64.0.1:8001", kubeconfig=tmp_path / "kubeconfig", data_dir=tmp_path)


def test_a_published_cluster_is_found_until_it_is_withdrawn(tmp_path: Path) -> None:
    publish("one", tmp_path)
    assert state.find("one").url == "http://127.64.0.1:8001"
    with pytest.raises(UserError, match=r"no local cluster 'two' is running.*; running: one \(choose with --name\)"):
        state.find("two")
    state.withdraw("one")
    assert state.read("one") is None


def test_the_file_of_a_process_that_ended_counts_as_nothing(tmp_path: Path) -> None:
    publish("one", tmp_path)
    path = tmp_path / "gungnir" / "one.json"
    path.write_text(path.read_text().replace('"start_ticks": ', '"start_ticks": 1'))
    assert state.read("one") is None
    path.write_text("{")
    assert state.read("one") is None


def test_a_name_that_is_no_file_name_is_refused() -> None:
    with pytest.raises(UserError, match=r"--name '\.\./x': use letters"):
        state.find("../x")


def test_commands_without_a_cluster_fail_with_one_sentence() -> None:
    for words in (["status"], ["kill", "demo-0"], ["down"], ["logs", "x"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 1
        assert "no local cluster 'default' is running: start one with 'gungnir local up'" in result.stderr


def test_a_cluster_that_does_not_answer_is_said_to() -> None:
    with pytest.raises(RetryableError, match="does not answer"):
        AdminClient("http://127.0.0.1:1").describe()


def test_a_data_directory_is_locked_while_it_is_used_and_a_temporary_one_goes(tmp_path: Path) -> None:
    first = DataDir(tmp_path / "data")
    first.block = 77
    with pytest.raises(UserError, match="a running local cluster uses it"):
        DataDir(tmp_path / "data")
    first.release()
    again = DataDir(tmp_path / "data")
    assert again.block == 77
    again.release()
    temporary = DataDir(None)
    assert temporary.block is None
    temporary.release()
    assert not temporary.path.exists()


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--data-dir .*/file/x: cannot be used"):
        DataDir(tmp_path / "file" / "x")
