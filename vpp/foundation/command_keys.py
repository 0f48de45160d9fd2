"""Keys that sign what the hub tells sites, and what exactly is signed.

The hub holds a private key, every agent the public one. Both are PEM files; a file of public keys may
hold several, so that a hub can change its key without a moment in which an agent trusts neither.
"""

import hashlib
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from vpp.foundation.errors import InvalidInput

DELIVERY_CONTEXT = b"vpp-delivery-1\x00"
"""Precedes the delivery in what is signed, so that a signature of anything else is of no use here."""
KEY_ID_LENGTH = 16
_PUBLIC_KEY = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----\s*", re.DOTALL)


def key_id(key: Ed25519PublicKey) -> str:
    """Name a public key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes.

    Example:
        >>> key_id(Ed25519PublicKey.from_public_bytes(bytes(32)))
        '66687aadf862bd77'
    """
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:KEY_ID_LENGTH]


def new_key_pair() -> tuple[bytes, bytes]:
    """Make a key pair; returns the private and the public key, PEM."""
    private = Ed25519PrivateKey.generate()
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


def read_signing_key(pem: bytes, source: str) -> Ed25519PrivateKey:
    """Read a private key.

    Args:
        pem: Content of the file.
        source: What the file is called in errors.

    Raises:
        InvalidInput: It is no Ed25519 private key in PEM without a password.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"{source} is no private key in PEM without a password", file=source) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidInput(f"{source} holds a {type(key).__name__}, expected an Ed25519 key", file=source)
    return key


def read_verify_keys(pem: bytes, source: str) -> dict[str, Ed25519PublicKey]:
    """Read one or several public keys.

    Args:
        pem: Content of the file.
        source: What the file is called in errors.

    Returns:
        The keys by their ids.

    Raises:
        InvalidInput: It holds no public key in PEM, or one that is not Ed25519.
    """
    found: dict[str, Ed25519PublicKey] = {}
    for block in _PUBLIC_KEY.findall(pem):
        try:
            key = load_pem_public_key(block)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InvalidInput(f"{source} holds a public key that cannot be read", file=source) from error
        if not isinstance(key, Ed25519PublicKey):
            raise InvalidInput(f"{source} holds a {type(key).__name__}, expected an Ed25519 key", file=source)
        found[key_id(key)] = key
    if not found:
        raise InvalidInput(f"{source} holds no public key in PEM", file=source)
    return found


def sign_delivery(key: Ed25519PrivateKey, delivery: bytes) -> bytes:
    """Sign a delivery's bytes; returns 64 bytes."""
    return key.sign(DELIVERY_CONTEXT + delivery)


def is_signed_by(
    keys: Mapping[str, Ed25519PublicKey], signer_id: str, delivery: bytes, signature: bytes
) -> bool:
    """Tell whether one of the keys, the one named, signed exactly these bytes of a delivery.

    Example:
        >>> private = Ed25519PrivateKey.from_private_bytes(bytes(32))
        >>> keys = {key_id(private.public_key()): private.public_key()}
        >>> signature = sign_delivery(private, b"shed 5 kW")
        >>> [is_signed_by(keys, key_id(private.public_key()), text, signature)
        ...     for text in (b"shed 5 kW", b"shed 9 kW")]
        [True, False]
    """
    key = keys.get(signer_id)
    if key is None:
        return False
    try:
        key.verify(signature, DELIVERY_CONTEXT + delivery)
    except InvalidSignature:
        return False
    return True
