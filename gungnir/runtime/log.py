"""Logs: one JSON object a line on stderr, or readable text for a terminal; never a secret.

Every decision is logged once with its operands (``decision``); what belongs to a cluster carries its namespace and name
(``cluster_context``). Records of libraries that use the standard ``logging`` go the same way.
"""

import contextlib
import dataclasses
import logging
import sys
from collections.abc import Generator, Mapping
from enum import Enum
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from gungnir.runtime.redact import Redactor

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "text"]

_LEVELS: Final[Mapping[Level, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

redactor: Final = Redactor()
"""The process's own redactor. Register every secret before it is used."""


class _Bridge(logging.Handler):
    """Hands records of the standard library's ``logging`` to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = get_logger(record.name)
        with contextlib.suppress(Exception):  # a record whose arguments do not fit its format must not stop the caller
            log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def configure_logging(level: Level = "info", log_format: Format = "auto", stream: TextIO | None = None) -> None:
    """Set the process's logging up, replacing what was set before.

    Args:
        level: Lowest level shown.
        log_format: ``auto`` is text if the stream is a terminal, JSON otherwise.
        stream: Standard error by default.
    """
    stream = sys.stderr if stream is None else stream
    text = log_format == "text" or (log_format == "auto" and stream.isatty())
    renderer: Processor
    if text:
        renderer = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    else:
        renderer = structlog.processors.JSONRenderer(default=str)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,  # before the redactor: a traceback is a text like any other
            redactor,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,  # a logger of an imported module must follow a later configuration
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    # libraries narrate their own work below WARNING; ours is in structlog
    root.setLevel(max(_LEVELS[level], logging.WARNING))


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger whose events carry ``component: name``. It follows a later configuration, so modules may keep one."""
    logger: FilteringBoundLogger = structlog.get_logger(component=name)
    return logger


@contextlib.contextmanager
def cluster_context(namespace: str, name: str, **more: object) -> Generator[None]:
    """Everything logged inside, in this task and those it starts, names the cluster."""
    with structlog.contextvars.bound_contextvars(namespace=namespace, cluster=name, **more):
        yield


def decision(logger: FilteringBoundLogger, what: str, verdict: object, **more: object) -> None:
    """Log a decision with everything it rests on.

    Args:
        logger: Whose decision it is.
        what: What was decided, for example ``primary health``.
        verdict: A NamedTuple, dataclass or mapping; ``operands`` given as pairs become a mapping.
        more: Further fields.
    """
    logger.info("decision", decision=what, verdict=plain(verdict), **more)


def plain(value: Any) -> Any:
    """A verdict, view or request as mappings, lists and scalars, for logs and traces."""
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: _operands(item) if key == "operands" else plain(item) for key, item in value._asdict().items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {key: _operands(item) if key == "operands" else plain(item) for key, item in fields.items()}
    if isinstance(value, Mapping):
        return {str(key): _operands(item) if key == "operands" else plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def _operands(value: Any) -> Any:
    if isinstance(value, list | tuple) and all(isinstance(item, tuple) and len(item) == 2 for item in value):  # noqa: PLR2004 - a pair
        return {str(key): plain(item) for key, item in value}
    return plain(value)
