"""A file, sealed piece by piece, so that however long it is it never has to be in memory."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO

from vpp.foundation.errors import InvalidInput
from vpp.foundation.sealing_keys import SealingKeys

PIECE_BYTES = 4 * 1024 * 1024
_LENGTH = Struct(">I")
_SCOPE = "backup"


def seal_file(source: Path, target: Path, keys: SealingKeys, bound_to: str) -> None:
    """Seal a file.

    Args:
        source: What is sealed.
        target: Where to; each piece is preceded by its length and bound to its place, the last one to
            being the last, so that pieces can be neither swapped nor cut off.
        keys: The first one seals.
        bound_to: The backup's name.
    """
    with source.open("rb") as plain, target.open("xb") as sealed:
        piece, number = plain.read(PIECE_BYTES), 0
        while True:
            following = plain.read(PIECE_BYTES)
            is_last = not following
            content = keys.seal(piece, _SCOPE, _place(bound_to, number, is_last=is_last))
            sealed.write(_LENGTH.pack(len(content)) + content)
            if is_last:
                return
            piece, number = following, number + 1


def open_file(source: Path, target: Path, keys: SealingKeys, bound_to: str) -> None:
    """Open what `seal_file` sealed.

    Raises:
        InvalidInput: A piece is missing, or is not what was sealed, or its key is not there.
    """
    with source.open("rb") as sealed, target.open("xb") as plain:
        pieces = _pieces(sealed)
        piece, number = next(pieces, None), 0
        if piece is None:
            raise InvalidInput("the sealed copy is empty", file=source.name)
        while piece is not None:
            following = next(pieces, None)
            plain.write(keys.open(piece, _SCOPE, _place(bound_to, number, is_last=following is None)))
            piece, number = following, number + 1


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _pieces(sealed: BinaryIO) -> Iterator[bytes]:
    while head := sealed.read(_LENGTH.size):
        if len(head) == _LENGTH.size:
            (length,) = _LENGTH.unpack(head)
            piece = sealed.read(min(length, 2 * PIECE_BYTES))
            if len(piece) == length:
                yield piece
                continue
        raise InvalidInput("the sealed copy ends in the middle of a piece")


def _place(bound_to: str, number: int, *, is_last: bool) -> bytes:
    return f"{bound_to}\n{number}\n{'last' if is_last else 'more'}".encode()
