"""The command line: one table of commands. Each imports what it needs, so that ``gungnir run`` starts without the rest.

Exit codes: 0 success, 1 the command failed, 2 wrong usage or settings, 130 interrupted.
"""

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from gungnir.build_info import version_line
from gungnir.errors import UserError

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130


def _run(argv: Sequence[str]) -> int:
    # structlog loads rich where it is installed, for tracebacks that we never print: a third of a second of the start.
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # None is how an import is made to fail
    # pydantic looks through every installed distribution for plugins; none is wanted here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Modules are no garbage: looking through them again and again is a sixth of the start, and of each later full pass.
    gc.disable()

    from gungnir.runtime import log, settings, settings_table  # noqa: PLC0415 - see the module's docstring

    table = settings.settings_table()
    if {"-h", "--help"} & set(argv):
        sys.stdout.write(settings_table.help_text(table))
        return 0
    loaded = settings.load_settings(settings_table.parse_flags(argv, table), os.environ)
    log.configure_logging(loaded.log_level, loaded.log_format)

    import asyncio  # noqa: PLC0415 - see the module's docstring

    from gungnir.runtime import operator  # noqa: PLC0415 - see the module's docstring

    gc.freeze()
    gc.enable()
    asyncio.run(operator.run(loaded))
    return 0


def _crd(argv: Sequence[str]) -> int:
    from gungnir.api.crd import crd_yaml  # noqa: PLC0415 - see the module's docstring

    if not _only_help(argv, "crd", "Print the CustomResourceDefinition as YAML, for kubectl apply -f -."):
        sys.stdout.write(crd_yaml())
    return 0


def _local(argv: Sequence[str]) -> int:
    from gungnir.local.cli import app  # noqa: PLC0415 - see the module's docstring

    app(args=list(argv), prog_name="gungnir local")
    return 0


def _demo(argv: Sequence[str]) -> int:
    from gungnir.demo.cli import app  # noqa: PLC0415 - see the module's docstring

    app(args=list(argv), prog_name="gungnir demo")
    return 0


def _repl(argv: Sequence[str]) -> int:
    # The worlds are beside this package in a checkout, and in no wheel; nothing that runs in a cluster may import them,
    # so they are looked for by name.
    checkout = Path(__file__).resolve().parents[1]
    if not (checkout / "spec" / "repl" / "shell.py").is_file():
        sys.stderr.write(
            "gungnir repl steps through the worlds in spec/, which are not part of the installed package.\n"
            f"There is no spec/ beside {Path(__file__).resolve().parent}: clone the repository, and in it run\n"
            "    make repl\n"
        )
        return EXIT_FAILED
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    return int(import_module("spec.repl.shell").main(argv))


def _version(argv: Sequence[str]) -> int:
    if not _only_help(argv, "version", "Print the version and the commit."):
        sys.stdout.write(version_line(os.environ) + "\n")
    return 0


def _only_help(argv: Sequence[str], command: str, text: str) -> bool:
    """Print the help of a command that takes no argument, if that is what is asked for.

    Raises:
        UserError: Something else is asked for.
    """
    if not argv:
        return False
    if argv[0] not in ("-h", "--help"):
        raise UserError(f"unexpected argument {argv[0]!r}; it takes none")
    sys.stdout.write(f"usage: gungnir {command}\n\n{text}\n")
    return True


COMMANDS: Final[Mapping[str, tuple[str, Callable[[Sequence[str]], int]]]] = {
    "run": ("run the operator", _run),
    "demo": ("show a failover on an embedded local cluster", _demo),
    "local": ("run and break an embedded local cluster", _local),
    "repl": ("step through the checked worlds by hand (in a checkout)", _repl),
    "crd": ("print the CustomResourceDefinition", _crd),
    "version": ("print the version", _version),
}


def usage() -> str:
    """Return what ``gungnir --help`` prints."""
    rows = "\n".join(f"  {name:<10}{text}" for name, (text, _) in COMMANDS.items())
    title = "usage: gungnir COMMAND [ARG ...]\n\nA Kubernetes operator for Valkey."
    return f"{title}\n\n{rows}\n\ngungnir COMMAND --help says more.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    if not args or args[0] in ("-h", "--help", "help"):
        (sys.stdout if args else sys.stderr).write(usage())
        return 0 if args else EXIT_USAGE
    if args[0] == "--version":
        args[0] = "version"
    if args[0] not in COMMANDS:
        sys.stderr.write(f"gungnir: unknown command {args[0]!r}\n\n{usage()}")
        return EXIT_USAGE
    try:
        return COMMANDS[args[0]][1](args[1:])
    except UserError as exc:
        sys.stderr.write(f"gungnir {args[0]}: {exc}\n")
        return EXIT_USAGE
    except ModuleNotFoundError as exc:
        sys.stderr.write(f"gungnir {args[0]} needs the package {exc.name!r}: install the dependency group 'local'\n")
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
