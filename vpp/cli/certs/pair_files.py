"""Certificates and keys on disk: never written over by accident, never mixed when they are replaced."""

import os
from pathlib import Path

from vpp.foundation.certificate_pair import next_file, read_pair
from vpp.foundation.errors import AlreadyExists, InvalidInput

PRIVATE = 0o600
PUBLIC = 0o644


def write_new(file: Path, content: bytes, mode: int) -> None:
    """Write a file that does not exist yet; its folder is made if it is missing.

    Raises:
        AlreadyExists: It does.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise AlreadyExists(f"{file} exists; choose another name or remove it", file=str(file)) from None
    _fill(number, content)
    _sync(file.parent)


def refuse_existing(*files: Path) -> None:
    """Refuse to go on where one of the files is there.

    Raises:
        AlreadyExists: One is.
    """
    for file in files:
        if file.exists():
            raise AlreadyExists(
                f"{file} exists; `vpp certs rotate` replaces a certificate, nothing else does", file=str(file)
            )


def write_whole(file: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Replace a file in one step; a reader sees the old content or the new, never a part."""
    beside = next_file(file)
    _write_next(beside, content, mode)
    beside.replace(file)
    _sync(file.parent)


def replace_pair(certificate_file: Path, key_file: Path, certificate: bytes, key: bytes) -> None:
    """Replace a certificate and its key; at every instant `read_pair` finds two that fit.

    Args:
        certificate_file: The certificate; it is there.
        key_file: Its key; it is there.
        certificate: PEM of the new one.
        key: PEM of the new one's key.
    """
    _finish(certificate_file, key_file)
    _write_next(next_file(key_file), key, PRIVATE)
    _write_next(next_file(certificate_file), certificate, PUBLIC)
    _sync(certificate_file.parent)
    next_file(key_file).replace(key_file)
    next_file(certificate_file).replace(certificate_file)
    _sync(certificate_file.parent)


def _finish(certificate_file: Path, key_file: Path) -> None:
    """End a replacement that a crash cut short: what waits may be all that fits the key."""
    waiting = next_file(certificate_file)
    try:
        pair = read_pair(certificate_file, key_file)
    except InvalidInput:
        return  # nothing that fits is lost
    if waiting.is_file() and waiting.read_bytes() == pair.certificate_pem:
        waiting.replace(certificate_file)


def _write_next(file: Path, content: bytes, mode: int) -> None:
    file.unlink(missing_ok=True)
    _fill(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), content)


def _fill(number: int, content: bytes) -> None:
    with os.fdopen(number, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
