"""Signed heads: where a chain ended at an instant, for somebody else to keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vpp.foundation.audit_chain import ChainHead, canonical
from vpp.foundation.command_keys import key_id
from vpp.foundation.errors import InvalidInput

HEAD_CONTEXT = b"vpp-audit-head-1\x00"
"""Precedes a head in what is signed, so that no signature of anything else passes for one."""
_TEXTS = ("at", "chain", "entry_hash", "key_id", "signature")


@dataclass(frozen=True, slots=True)
class SignedHead:
    """Where a chain ended.

    Attributes:
        head: The chain's end.
        at: When it was signed, ISO 8601, UTC.
        key_id: The key that signed it; empty if the hub has none.
        signature: Ed25519, lower-case hexadecimal; empty if the hub has no key.
    """

    head: ChainHead
    at: str
    key_id: str = ""
    signature: str = ""

    def document(self) -> dict[str, Any]:
        """Return the head as JSON says it."""
        return {
            "at": self.at,
            "chain": self.head.chain,
            "entry_hash": self.head.entry_hash,
            "key_id": self.key_id,
            "sequence": self.head.sequence,
            "signature": self.signature,
        }

    def is_signed_by(self, keys: Mapping[str, Ed25519PublicKey]) -> bool:
        """Tell whether one of the keys, the one named, signed exactly this head.

        Example:
            >>> private = Ed25519PrivateKey.from_private_bytes(bytes(32))
            >>> keys = {key_id(private.public_key()): private.public_key()}
            >>> head = signed(ChainHead("market", 1, "ab" * 32), "2026-03-02T12:00:00+00:00", private)
            >>> head.is_signed_by(keys), signed(head.head, head.at, None).is_signed_by(keys)
            (True, False)
        """
        key = keys.get(self.key_id)
        if key is None or self.signature != self.signature.lower():
            return False
        try:
            key.verify(bytes.fromhex(self.signature), _signed_bytes(self))
        except (InvalidSignature, ValueError):
            return False
        return True


def signature_fault(head: SignedHead, keys: Mapping[str, Ed25519PublicKey], words: str) -> str:
    """Say what is wrong with a head's signature.

    Args:
        head: The head.
        keys: Public keys by id.
        words: What the head is called.

    Returns:
        Empty if nothing is wrong with it, without keys, and for a head without a signature.
    """
    if not keys or not (head.key_id or head.signature) or head.is_signed_by(keys):
        return ""
    if head.key_id not in keys:
        return f"key {head.key_id} is said to have signed {words}, and is not among the given ones"
    return f"the signature is not one of key {head.key_id} over {words}"


def signed(head: ChainHead, at: str, key: Ed25519PrivateKey | None) -> SignedHead:
    """Sign a head.

    Args:
        head: The chain's end.
        at: When, ISO 8601, UTC.
        key: The hub's key; None leaves it unsigned, which proves nothing to others.
    """
    if key is None:
        return SignedHead(head, at)
    named = SignedHead(head, at, key_id(key.public_key()))
    return SignedHead(head, at, named.key_id, key.sign(_signed_bytes(named)).hex())


def head_of(document: object) -> SignedHead:
    """Read a head from JSON.

    Raises:
        InvalidInput: A field is missing, or is not what it should be.
    """
    if not isinstance(document, Mapping):
        raise InvalidInput("a signed head is no JSON object, expected one", field="head")
    for name in _TEXTS:
        if not isinstance(document.get(name), str):
            raise InvalidInput(
                f"{name} of a signed head is {document.get(name)!r}, expected text", field=name
            )
    sequence = document.get("sequence")
    if type(sequence) is not int or sequence < 0:
        raise InvalidInput(
            f"sequence of a signed head is {sequence!r}, expected a whole number of 0 or more",
            field="sequence",
        )
    at, chain, entry_hash, signer, signature = (document[name] for name in _TEXTS)
    return SignedHead(ChainHead(chain, sequence, entry_hash), at, signer, signature)


def _signed_bytes(head: SignedHead) -> bytes:
    content = {name: value for name, value in head.document().items() if name != "signature"}
    return HEAD_CONTEXT + canonical(content).encode("utf-8", "surrogatepass")
