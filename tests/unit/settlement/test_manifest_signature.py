import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vpp.foundation.command_keys import DELIVERY_CONTEXT, key_id
from vpp.settlement.manifest_signature import (
    STATEMENT_CONTEXT,
    SignatureState,
    StatementSigner,
    signature_state,
    signature_words,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = {key_id(KEY.public_key()): KEY.public_key()}
DOCUMENT = {"statement_id": "acme-2026-03-v1", "site_names": {"north-1": "北京"}, "row_count": 3}


def test_a_signed_manifest_is_valid_whatever_the_order_of_its_fields() -> None:
    signed = StatementSigner(KEY).signed(DOCUMENT)
    shuffled = dict(reversed(signed.items()))
    assert signature_state(shuffled, KEYS) is SignatureState.VALID
    assert signature_words(shuffled, KEYS) == f"signed with key {key_id(KEY.public_key())}"


@pytest.mark.parametrize(
    "change",
    [
        {"row_count": 4},
        {"site_names": {"north-1": "北平"}},
        {"added": 1},
        {"signature": "00" * 64},
        {"signature": "no hexadecimal"},
        {"signature": 5},
        {"signature": ""},
    ],
)
def test_any_change_makes_it_wrong(change: dict[str, object]) -> None:
    changed = StatementSigner(KEY).signed(DOCUMENT) | change
    assert signature_state(changed, KEYS) is SignatureState.WRONG
    assert signature_words(changed, KEYS).startswith("the signature is not one of key")


def test_who_signed_is_part_of_what_is_signed() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key()
    changed = StatementSigner(KEY).signed(DOCUMENT) | {"signer": key_id(other)}
    assert signature_state(changed, {**KEYS, key_id(other): other}) is SignatureState.WRONG


def test_without_key_or_signature_nothing_is_claimed() -> None:
    signed = StatementSigner(KEY).signed(DOCUMENT)
    assert signature_state(DOCUMENT, KEYS) is SignatureState.UNSIGNED
    assert signature_state(DOCUMENT | {"signer": "", "signature": ""}, KEYS) is SignatureState.UNSIGNED
    assert signature_state(signed, {}) is SignatureState.NOT_CHECKED
    assert signature_state(signed, {"0" * 16: KEY.public_key()}) is SignatureState.UNKNOWN_KEY
    assert signature_state(signed | {"signer": ["a"]}, KEYS) is SignatureState.UNKNOWN_KEY
    assert [signature_words(DOCUMENT, KEYS), signature_words(signed, {})] == [
        "unsigned",
        f"signed with key {key_id(KEY.public_key())}, not checked without its public key",
    ]


def test_a_signed_command_passes_for_no_statement() -> None:
    assert STATEMENT_CONTEXT != DELIVERY_CONTEXT
