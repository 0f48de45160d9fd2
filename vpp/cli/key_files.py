"""Keys on disk: private halves and keys that seal for the hub alone, public halves for its agents."""

import os
from dataclasses import dataclass
from pathlib import Path

from vpp.foundation.errors import AlreadyExists


@dataclass(frozen=True, slots=True)
class KeyPairFiles:
    """A key pair that has been written.

    Attributes:
        private_file: PEM, readable by its owner alone.
        public_file: PEM, for everybody.
        key_id: Names the pair in messages and logs.
    """

    private_file: Path
    public_file: Path
    key_id: str


def write_key_pair(stem: Path) -> KeyPairFiles:
    """Make a key pair and write it as `{stem}.key` and `{stem}.pub`.

    Args:
        stem: Where to, without an ending; its folder is made if it is missing.

    Raises:
        AlreadyExists: One of the files is there; nothing is written over.
    """
    # The operator's commands start faster without cryptography.
    from vpp.foundation.command_keys import key_id, new_key_pair, read_signing_key  # noqa: PLC0415

    private_file, public_file = (stem.with_name(stem.name + ending) for ending in (".key", ".pub"))
    for file in (private_file, public_file):
        if file.exists():
            raise AlreadyExists(f"{file} exists; choose another name or remove it", file=str(file))
    stem.parent.mkdir(parents=True, exist_ok=True)
    private, public = new_key_pair()
    _write(private_file, private, 0o600)
    _write(public_file, public, 0o644)
    key = read_signing_key(private, str(private_file)).public_key()
    return KeyPairFiles(private_file, public_file, key_id(key))


def write_sealing_key(file: Path) -> str:
    """Make a key that seals bids and write it, readable by its owner alone; returns its id.

    Raises:
        AlreadyExists: The file is there; nothing is written over.
    """
    from vpp.foundation.sealing_keys import new_sealing_keys, sealing_key_lines  # noqa: PLC0415  as above

    if file.exists():
        raise AlreadyExists(f"{file} exists; choose another name or remove it", file=str(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    keys = new_sealing_keys()
    _write(file, sealing_key_lines(keys).encode(), 0o600)
    return keys.key_ids[0]


def _write(file: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        opened.write(content)
