"""Keys that keep what is stored unreadable until its time, and what exactly is encrypted.

A file of keys is text with one key a line. The first one seals; every one of them opens, so that a hub
can change its key while what the older one sealed is still closed.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vpp.foundation.errors import InvalidInput
from vpp.foundation.random_source import SYSTEM_RANDOM_SOURCE, RandomSource

PREFIX = "vpp-sealing-1:"
"""Begins the line of a key, so that a file of something else is not taken for keys."""
KEY_BYTES = 32
_CONTEXT = b"vpp-sealed-1\x00"
_NAME_CONTEXT = b"vpp-sealing-key-name\x00"
_FORM = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD_BYTES = len(_FORM) + _KEY_ID_BYTES + _NONCE_BYTES
_MOST_SCOPES = 4096


@dataclass(frozen=True, slots=True, repr=False)
class SealingKeys:
    """The keys of a hub.

    Attributes:
        keys: 32 bytes each; the first one seals.
    """

    keys: tuple[bytes, ...]

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Names of the keys, in their order; they give nothing of a key away."""
        return tuple(key_id(key) for key in self.keys)

    def __repr__(self) -> str:
        """Name the keys, never show them."""
        return f"SealingKeys({', '.join(self.key_ids)})"

    def seal(
        self,
        content: bytes,
        scope: str,
        bound_to: bytes,
        random_source: RandomSource = SYSTEM_RANDOM_SOURCE,
    ) -> bytes:
        """Encrypt with the first key.

        Args:
            content: What is to be kept.
            scope: Whose key is derived: contents of one scope cannot be opened as another's.
            bound_to: What stands beside it in the clear; with anything else it does not open.
            random_source: Gives the nonce, which must never be the same twice with one key and scope.

        Returns:
            A byte for the form, 8 for the key, 12 of nonce, then what AES-GCM made of the content.
        """
        key = self.keys[0]
        nonce = random_source.random_bytes(_NONCE_BYTES)
        head = _FORM + bytes.fromhex(key_id(key)) + nonce
        return head + _cipher(key, scope).encrypt(nonce, content, head + bound_to)

    def open(self, sealed: bytes, scope: str, bound_to: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            InvalidInput: It is not what was sealed in this scope beside this, or its key is not here.
        """
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        if len(head) < _HEAD_BYTES or not head.startswith(_FORM):
            raise InvalidInput("it is not in the form of what was sealed")
        named = head[len(_FORM) : len(_FORM) + _KEY_ID_BYTES].hex()
        key = next((each for each in self.keys if key_id(each) == named), None)
        if key is None:
            raise InvalidInput(
                f"it was sealed with key {named}, which is not among this hub's keys", key=named
            )
        nonce = head[-_NONCE_BYTES:]
        try:
            return _cipher(key, scope).decrypt(nonce, rest, head + bound_to)
        except InvalidTag as error:
            raise InvalidInput("it is not what was sealed here: it was changed or moved") from error


@lru_cache(_MOST_SCOPES)
def key_id(key: bytes) -> str:
    """Name a key: the first 16 hexadecimal digits of a SHA-256 of its own kind.

    Example:
        >>> key_id(bytes(32))
        '817d81d3530ae0be'
    """
    return hashlib.sha256(_NAME_CONTEXT + key).hexdigest()[: 2 * _KEY_ID_BYTES]


@lru_cache(_MOST_SCOPES)
def _cipher(key: bytes, scope: str) -> AESGCM:
    derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=_CONTEXT + scope.encode()).derive(key)
    return AESGCM(derived)


def new_sealing_keys() -> SealingKeys:
    """Make one new key."""
    return SealingKeys((SYSTEM_RANDOM_SOURCE.random_bytes(KEY_BYTES),))


def sealing_key_lines(keys: SealingKeys) -> str:
    """Write keys as the text of a file."""
    return "".join(f"{PREFIX}{base64.urlsafe_b64encode(key).decode()}\n" for key in keys.keys)


def read_sealing_keys(text: str, source: str) -> SealingKeys:
    """Read the text of a file.

    Args:
        text: A key a line, the one that seals first; empty lines and those with # count nothing.
        source: What the file is called in errors, which never repeat what it holds.

    Raises:
        InvalidInput: A line is no key, one is given twice, or there is none.
    """
    keys = [
        _key_of(line.strip(), number, source)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#")
    ]
    _check(keys, source)
    return SealingKeys(tuple(keys))


def _key_of(line: str, number: int, source: str) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(PREFIX).encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        key = b""
    if not line.startswith(PREFIX) or len(key) != KEY_BYTES:
        raise InvalidInput(
            f"line {number} of {source} is no sealing key, expected what `vpp keys create --sealing` writes",
            file=source,
            line=str(number),
        )
    return key


def _check(keys: Sequence[bytes], source: str) -> None:
    if not keys:
        raise InvalidInput(f"{source} holds no sealing key", file=source)
    if len(set(keys)) < len(keys):
        raise InvalidInput(f"{source} holds a sealing key twice", file=source)
