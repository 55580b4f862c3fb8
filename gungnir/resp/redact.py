"""Commands as text for logs and traces, without secrets.

The rule is what may be shown, not what must be hidden: the arguments of a command that is not listed here are hidden
all together, so that a command nobody thought of leaks neither a password nor a client's data.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

HIDDEN: Final = "***"

_OPEN: Final = frozenset(
    {
        "PING",
        "INFO",
        "ROLE",
        "MULTI",
        "EXEC",
        "DISCARD",
        "REPLICAOF",
        "SLAVEOF",
        "WAIT",
        "FAILOVER",
        "SHUTDOWN",
        "CLIENT",
    }
)
_OPEN_SUBCOMMANDS: Final = {
    "ACL": frozenset({"DELUSER", "USERS", "LIST", "SAVE", "LOAD", "WHOAMI", "GETUSER", "CAT"}),
    "CONFIG": frozenset({"GET", "REWRITE", "RESETSTAT"}),
}
_NAME: Final = re.compile(r"[A-Za-z]{1,32}")
_SECRET_PARAMETER: Final = re.compile(r"pass|auth(?!-clients)|secret", re.IGNORECASE)
# A rule of a user: a known word, or a category, command, key or channel pattern. Anything else can be a password.
_OPEN_RULE: Final = re.compile(
    r"on|off|reset|resetpass|resetkeys|resetchannels|nopass|clearselectors|allkeys|allchannels|allcommands|nocommands"
    r"|sanitize-payload|skip-sanitize-payload|[+\-~&%][^<>#!]*",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"[!-~]+")
_SHOWN: Final = 200


def redact(command: Sequence[bytes]) -> str:
    """The command in one line; `HIDDEN` stands for a secret, or for an argument that could be one."""
    if not command:
        return ""
    name = command[0].decode("utf-8", "replace")
    if not _NAME.fullmatch(name):
        return HIDDEN
    return " ".join([name, *_arguments(name.upper(), [item.decode("utf-8", "replace") for item in command[1:]])])


def _arguments(name: str, args: list[str]) -> Iterator[str]:
    subcommand = args[0].upper() if args else ""
    if name in _OPEN or subcommand in _OPEN_SUBCOMMANDS.get(name, ()):
        yield from map(_show, args)
    elif name == "HELLO":
        yield from _hello(args)
    elif name == "AUTH":
        # One argument is the password, of two the second is.
        yield from (_show(arg) if len(args) > 1 and index == 0 else HIDDEN for index, arg in enumerate(args))
    elif (name, subcommand) == ("ACL", "SETUSER"):
        yield _show(args[0])
        # A rule that stands where the name is missing is as secret as any other.
        yield from (HIDDEN if name[0:1] in set("<>#!") else _show(name) for name in args[1:2])
        yield from (_show(rule) if _OPEN_RULE.fullmatch(rule) else HIDDEN for rule in args[2:])
    elif (name, subcommand) == ("CONFIG", "SET"):
        yield _show(args[0])
        yield from _parameters(args[1:])
    else:
        yield from [HIDDEN] * len(args)


def _hello(args: list[str]) -> Iterator[str]:
    shown = [_show(arg) for arg in args]
    index = 0
    while index < len(args):
        if args[index].upper() == "AUTH":
            # AUTH user password; with one argument only, that may be the password.
            secret = index + 2 if index + 2 < len(args) else index + 1
            shown[secret : secret + 1] = [HIDDEN] * len(shown[secret : secret + 1])
            index += 3
        else:
            index += 1
    return iter(shown)


def _parameters(args: list[str]) -> Iterator[str]:
    if len(args) % 2:  # not pairs: which of them are values is anybody's guess
        yield from [HIDDEN] * len(args)
        return
    for parameter, value in zip(args[::2], args[1::2], strict=True):
        yield _show(parameter)
        yield HIDDEN if _SECRET_PARAMETER.search(parameter) else _show(value)


def _show(arg: str) -> str:
    # An argument with a line break or an escape sequence would forge log lines and terminals.
    text = arg if _PLAIN.fullmatch(arg) else repr(arg)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
