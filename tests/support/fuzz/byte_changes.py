"""Changes to serialized messages: what no well-behaved client would ever put on the wire."""

import random
from collections.abc import Sequence
from functools import cache

MOST_NESTED = 4000
_FIELD_NUMBERS = (1, 2, 3, 7, 15, 16, 100, 2047, 536_870_911)


def varint(value: int) -> bytes:
    """Encode an unsigned integer.

    Example:
        >>> varint(300).hex()
        'ac02'
    """
    pieces = bytearray()
    while value > 0x7F:
        pieces.append(value & 0x7F | 0x80)
        value >>= 7
    pieces.append(value)
    return bytes(pieces)


@cache
def nested(depth: int, number: int = 1, core: bytes = b"") -> bytes:
    """Return a field inside itself, so many times."""
    content = core
    for _ in range(depth):
        content = varint(number << 3 | 2) + varint(len(content)) + content
    return content


def changed(rng: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Return bytes that differ from a message's.

    Args:
        rng: Draws.
        content: The message.
        others: Further messages, to splice with.
    """
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        _change(rng, data, others)
    return bytes(data)


def _change(rng: random.Random, data: bytearray, others: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    match rng.randrange(9):
        case 0 if data:
            data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
        case 1 if data:
            data[min(at, len(data) - 1)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        case 2:
            del data[at : at + rng.choice((1, 2, 8, 1000))]
        case 3:
            data[at:at] = rng.randbytes(rng.choice((1, 2, 8, 64)))
        case 4 if data:  # a field that comes twice
            data += data[: min(at, 4096)]
        case 5 if others:
            other = rng.choice(others)
            data[at:] = other[rng.randrange(len(other) + 1) :]
        case 6:
            tag = varint(rng.choice(_FIELD_NUMBERS) << 3 | rng.randrange(8))
            data += tag + varint(rng.choice((0, 1, 127, 2**31, 2**32 - 1, 2**63, 2**64 - 1)))
        case 7:
            data += nested(rng.choice((3, 50, 99, 101, 400, MOST_NESTED)), rng.choice(_FIELD_NUMBERS[:6]))
        case _:  # groups, opened and not closed
            data += varint(rng.choice(_FIELD_NUMBERS[:6]) << 3 | 3) * rng.choice((1, 99, 101, 2000))
