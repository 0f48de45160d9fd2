"""How a process logs: lines for people, or one JSON object per line for their tools."""

import logging
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Literal, TextIO

from pythonjsonlogger.json import JsonFormatter

from vpp.foundation.redaction import redacted

LogFormat = Literal["text", "json"]
FIELDS = ("site", "event", "instruction", "auction", "deadline")
"""What a record may be about, given as `extra=` or by `log_about`; each is a name, as in audit records."""
CHATTY = ("apscheduler", "alembic", "pyomo", "linopy", "sqlalchemy")
"""Each of their ticks and steps would be a line; of models and statements, with every bid in them."""


_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_CONTROL |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\t", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""What ends a line or steers a terminal: a caller's words must not look like lines of the log's own."""

_about: ContextVar[Mapping[str, str]] = ContextVar("vpp_log_about", default=MappingProxyType({}))


def log_about(**fields: str) -> None:
    """Say what this task is about: whatever it logs from now on, and the tasks it starts, has the fields."""
    _about.set({**_about.get(), **fields})


class _AboutFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        for field, value in _about.get().items():
            if not hasattr(record, field):
                setattr(record, field, value)
        return True


class TextFormatter(logging.Formatter):
    """Writes a record as one line for people, with what it is about at its end."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        """Put the time first, in UTC."""
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name is logging's
        """Return the line before any traceback."""
        line = super().formatMessage(record)
        given = vars(record)
        about = " ".join(f"{field}={given[field]}" for field in FIELDS if given.get(field))
        return redacted(f"{line} [{about}]" if about else line).translate(_CONTROL)

    def formatException(self, ei: Any) -> str:  # noqa: N802, ANN401  the name and the type are logging's
        """Return a traceback with a margin, so that no line of it looks like one of the log's own."""
        lines = redacted(super().formatException(ei)).splitlines()
        return "\n".join(f"  {line.translate(_CONTROL)}" for line in lines)


class _RedactingJsonFormatter(JsonFormatter):
    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        told = {key: redacted(value) if isinstance(value, str) else value for key, value in log_data.items()}
        return super().process_log_record(told)


def json_formatter() -> logging.Formatter:
    """Return what writes a record as one line of JSON: time, level, logger, message, its fields, exception.

    Example:
        >>> record = logging.makeLogRecord({"name": "vpp", "msg": "late", "levelname": "INFO", "event": "e1"})
        >>> '"message": "late"' in json_formatter().format(record)
        True
    """
    return _RedactingJsonFormatter(
        "{levelname}{name}{message}",
        style="{",
        timestamp="time",
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
        json_ensure_ascii=False,
    )


def log_handler(stream: TextIO, log_format: LogFormat) -> logging.Handler:
    """Return what writes records to a stream, each with what its task is about."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(_AboutFilter())
    handler.setFormatter(json_formatter() if log_format == "json" else TextFormatter())
    return handler


def log_to_stderr(level: str, log_format: LogFormat = "text") -> None:
    """Log from this severity on to standard error, in place of whatever was set up before.

    Args:
        level: Least severity: DEBUG, INFO, WARNING or ERROR.
        log_format: Lines for people, or JSON.
    """
    logging.basicConfig(level=level, handlers=[log_handler(sys.stderr, log_format)], force=True)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
