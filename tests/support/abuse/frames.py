"""HTTP/2 frames written by hand, for what no honest client sends.

Source:
    RFC 9113 (HTTP/2), sections 4 and 6; RFC 7541 (HPACK), section 6.2.2: literal fields without
    indexing; gRPC over HTTP/2: five bytes before each message, compressed or not, and its length.
"""

from collections.abc import Iterable

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACKNOWLEDGED = 1, 4, 1
HEADER_SIZE = 9
INITIAL_WINDOW_SIZE = 4
CANCEL = 8


def frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    """Write one frame."""
    return len(content).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + content


def settings(**values: int) -> bytes:
    """Write settings; of ours only the window of new streams matters."""
    pairs = b"".join(INITIAL_WINDOW_SIZE.to_bytes(2) + value.to_bytes(4) for value in values.values())
    return frame(SETTINGS, 0, 0, pairs)


def settings_taken() -> bytes:
    """Acknowledge the other side's settings."""
    return frame(SETTINGS, ACKNOWLEDGED, 0)


def ping(content: int = 0) -> bytes:
    """Ask for an answer."""
    return frame(PING, 0, 0, content.to_bytes(8))


def reset(stream: int) -> bytes:
    """Give up a stream."""
    return frame(RESET, 0, stream, CANCEL.to_bytes(4))


def header_block(fields: Iterable[tuple[str, str]]) -> bytes:
    """Write header fields, none of them indexed or packed."""
    return b"".join(
        b"\x00" + _text(name.encode()) + _text(value.encode("utf-8", "surrogateescape"))
        for name, value in fields
    )


def _text(content: bytes) -> bytes:
    return _number(len(content), 7) + content


def _number(value: int, bits: int) -> bytes:
    most = (1 << bits) - 1
    if value < most:
        return bytes((value,))
    rest, parts = value - most, [most]
    while rest >= 128:
        parts.append(rest % 128 + 128)
        rest //= 128
    return bytes((*parts, rest))


def call_headers(
    stream: int, method: str, metadata: Iterable[tuple[str, str]] = (), *, ends: bool = False
) -> bytes:
    """Begin a gRPC call."""
    fields = [
        (":method", "POST"),
        (":scheme", "https"),
        (":path", method),
        (":authority", "localhost"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *metadata,
    ]
    return frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, header_block(fields))


def message(content: bytes, *, is_packed: bool = False, length: int | None = None) -> bytes:
    """Write one gRPC message; `length` may lie."""
    return bytes((is_packed,)) + (len(content) if length is None else length).to_bytes(4) + content


def data(stream: int, content: bytes, *, ends: bool = True) -> bytes:
    """Write data of a stream."""
    return frame(DATA, END_STREAM if ends else 0, stream, content)
