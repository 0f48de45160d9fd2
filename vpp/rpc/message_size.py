"""How large the message is that is being served: noted where its bytes become a message."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

_bytes: ContextVar[int] = ContextVar("vpp_message_bytes", default=0)


def measured(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    r"""Wrap a deserializer so that it notes how many bytes it was given.

    A message is read in the task that serves it, so the note is there for whoever asks next.

    Example:
        >>> _ = measured(bytes.decode)(b"four")
        >>> message_bytes()
        4
    """

    def parse(content: bytes) -> Any:  # noqa: ANN401  the method's request
        _bytes.set(len(content))
        return deserialize(content)

    return parse


def message_bytes() -> int:
    """Return the size of the message that was read last in this task, bytes on the wire unpacked."""
    return _bytes.get()
