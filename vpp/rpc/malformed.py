"""A request whose bytes are no message. Left to itself, grpc answers UNKNOWN with a class name."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from vpp.foundation.errors import InvalidInput


class Malformed:
    """Stands for a request that could not be parsed, until an interceptor may refuse it."""


def tolerant(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    r"""Wrap a deserializer so that broken bytes become a `Malformed`, never an exception.

    Example:
        >>> from google.protobuf.timestamp_pb2 import Timestamp
        >>> type(tolerant(Timestamp.FromString)(b"\xff")).__name__
        'Malformed'
    """

    def parse(content: bytes) -> Any:  # noqa: ANN401  the method's request, or Malformed
        try:
            return deserialize(content)
        except DecodeError:
            return Malformed()

    return parse


def refuse_malformed(request: object) -> None:
    """Refuse what could not be parsed.

    Raises:
        InvalidInput: The bytes were no message of the method's.
    """
    if isinstance(request, Malformed):
        raise InvalidInput("the request is not a message of this method", request="malformed")
