import sys
from pathlib import Path

import pytest

from gungnir.errors import UserError
from gungnir.local.node.images import (
    ImageError,
    Server,
    check_image,
    command_line,
    find_program,
    find_server,
    is_server,
    mapped_note,
)

SERVER = Server(Path(sys.executable), "9.1.2")


@pytest.mark.parametrize(
    "image",
    [
        "valkey/valkey:7.2",
        "valkey/valkey",
        "docker.io/valkey/valkey:8.1-alpine",
        "registry.example.com:5000/team/valkey:v9.1.2",
        "redis:latest",
        "valkey/valkey@sha256:0123",
        "valkey/valkey:9.1@sha256:0123",
    ],
)
def test_images_of_valkey_are_accepted(image: str) -> None:
    check_image(image)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("nginx:1.27", "the local node has no container images"),
        ("valkey/valkey-exporter:1", "the local node has no container images"),
        ("registry.example.com:5000/nginx", "the local node has no container images"),
        ("valkey/valkey:no-such-tag", 'tag "no-such-tag" not found'),
    ],
)
def test_other_images_cannot_be_pulled(image: str, why: str) -> None:
    with pytest.raises(ImageError, match=why):
        check_image(image)


def test_the_note_says_what_runs_instead_and_is_silent_when_the_tag_is_true() -> None:
    assert mapped_note("valkey/valkey:7.2", SERVER) == (
        'image "valkey/valkey:7.2" is run by the installed valkey-server 9.1.2'
    )
    assert mapped_note("valkey/valkey:9.1.2", SERVER) == ""
    assert "9.1.2" in mapped_note("localhost:5000/valkey", SERVER)


def test_command_and_arguments_combine_as_with_the_images_entry_point() -> None:
    assert command_line({}) == ["valkey-server"]
    assert command_line({"args": ["--save", ""]}) == ["valkey-server", "--save", ""]
    assert command_line({"args": ["valkey-server", "/x"]}) == ["valkey-server", "/x"]
    assert command_line({"command": ["sh", "-c"], "args": ["true"]}) == ["sh", "-c", "true"]
    assert command_line({"command": ["docker-entrypoint.sh"], "args": ["valkey-server"]}) == ["valkey-server"]
    assert is_server(["/usr/local/bin/redis-server"])
    assert not is_server(["sh"])


def test_programs_of_the_image_are_those_of_this_machine() -> None:
    assert find_program("/usr/local/bin/valkey-server", SERVER) == sys.executable
    assert find_program("sh", SERVER).endswith("/sh")
    with pytest.raises(FileNotFoundError, match="executable file not found"):
        find_program("no-such-program", SERVER)


def test_a_program_that_is_no_server_is_refused_with_the_option_that_named_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--valkey-server .*: it does not run"):
        find_server(tmp_path / "absent")
    with pytest.raises(UserError, match=r"--valkey-server .*: '--version' printed"):
        find_server(Path(sys.executable))


def test_the_wheels_server_is_found_with_its_version() -> None:
    server = find_server()
    assert server.program.is_file()
    assert server.image_id == f"local://valkey-server@{server.version}"
