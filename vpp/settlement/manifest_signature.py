"""Signatures on manifests: who vouches for a statement, checked with a public key alone.

A manifest is signed as canonical JSON (sorted keys, no spaces, UTF-8) without its `signature`, after a
context of its own, so that no signature of anything else passes for one. The key is the hub's, the algorithm
Ed25519.
"""

import enum
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vpp.foundation.command_keys import key_id

STATEMENT_CONTEXT = b"vpp-statement-1\x00"
"""Precedes the manifest in what is signed."""
SIGNATURE_FIELD = "signature"
SIGNER_FIELD = "signer"


class SignatureState(enum.Enum):
    """What is known of a manifest's signature.

    Attributes:
        UNSIGNED: It has none.
        NOT_CHECKED: It has one, and there is no public key to check it with.
        UNKNOWN_KEY: It names a key that is not among the public keys.
        WRONG: The key did not sign this manifest.
        VALID: The key signed exactly this manifest.
    """

    UNSIGNED = "unsigned"
    NOT_CHECKED = "not_checked"
    UNKNOWN_KEY = "unknown_key"
    WRONG = "wrong"
    VALID = "valid"


class StatementSigner:
    """Signs manifests with the hub's key.

    Example:
        >>> signer = StatementSigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))
        >>> signed = signer.signed({"statement_id": "acme-2026-03-v1"})
        >>> keys = {signer.key_id: Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()}
        >>> signature_state(signed, keys), signature_state({**signed, "row_count": 3}, keys)
        (<SignatureState.VALID: 'valid'>, <SignatureState.WRONG: 'wrong'>)
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Keep the key."""
        self._key = key
        self.key_id = key_id(key.public_key())

    def signed(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a manifest with the signer's key id and its signature, 128 hexadecimal digits."""
        named = {**document, SIGNER_FIELD: self.key_id}
        return {**named, SIGNATURE_FIELD: self._key.sign(_signed_bytes(named)).hex()}


def signature_state(document: Mapping[str, Any], keys: Mapping[str, Ed25519PublicKey]) -> SignatureState:
    """Check a manifest's signature.

    Args:
        document: The manifest.
        keys: Public keys by their ids; none leaves the signature unchecked.
    """
    signature, signer = document.get(SIGNATURE_FIELD), document.get(SIGNER_FIELD)
    if not signature and not signer:
        return SignatureState.UNSIGNED
    if not keys:
        return SignatureState.NOT_CHECKED
    key = keys.get(signer) if isinstance(signer, str) else None
    if key is None:
        return SignatureState.UNKNOWN_KEY
    if str(signature) != str(signature).lower():  # the same number, and not what was written
        return SignatureState.WRONG
    try:
        key.verify(bytes.fromhex(str(signature)), _signed_bytes(document))
    except (InvalidSignature, ValueError):
        return SignatureState.WRONG
    return SignatureState.VALID


def signature_words(document: Mapping[str, Any], keys: Mapping[str, Ed25519PublicKey]) -> str:
    """Say what is known of a manifest's signature, for people."""
    state, signer = signature_state(document, keys), document.get(SIGNER_FIELD)
    return {
        SignatureState.UNSIGNED: "unsigned",
        SignatureState.NOT_CHECKED: f"signed with key {signer}, not checked without its public key",
        SignatureState.UNKNOWN_KEY: f"signed with key {signer}, which is not among the public keys given",
        SignatureState.WRONG: f"the signature is not one of key {signer} over this manifest",
        SignatureState.VALID: f"signed with key {signer}",
    }[state]


def _signed_bytes(document: Mapping[str, Any]) -> bytes:
    """Return what is signed of a manifest."""
    content = {field: value for field, value in document.items() if field != SIGNATURE_FIELD}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return STATEMENT_CONTEXT + text.encode("utf-8", "surrogatepass")
