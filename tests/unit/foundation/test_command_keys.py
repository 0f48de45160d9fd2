import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from vpp.foundation.command_keys import (
    is_signed_by,
    key_id,
    new_key_pair,
    read_signing_key,
    read_verify_keys,
    sign_delivery,
)
from vpp.foundation.errors import InvalidInput


def test_a_pair_signs_and_verifies() -> None:
    private, public = new_key_pair()
    key, keys = read_signing_key(private, "k"), read_verify_keys(public, "p")
    (signer_id,) = keys
    assert signer_id == key_id(key.public_key())
    signature = sign_delivery(key, b"delivery")
    assert is_signed_by(keys, signer_id, b"delivery", signature)
    assert not is_signed_by(keys, signer_id, b"delivery", signature[:-1])
    assert not is_signed_by(keys, signer_id, b"delivery", b"")
    assert not is_signed_by(keys, "0" * 16, b"delivery", signature)
    assert not is_signed_by(keys, signer_id, b"delivery", key.sign(b"delivery"))  # signed for another use


def test_a_file_may_hold_several_keys_and_remarks() -> None:
    pairs = [new_key_pair() for _ in range(2)]
    text = b"# the old one\n" + pairs[0][1] + b"\n# the new one\n" + pairs[1][1]
    expected = {key_id(read_signing_key(private, "k").public_key()) for private, _ in pairs}
    assert set(read_verify_keys(text, "p")) == expected


def test_what_is_no_key_is_refused_by_name() -> None:
    private, public = new_key_pair()
    other = generate_private_key(SECP256R1())
    locked = read_signing_key(private, "k").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    for content in (b"", public, b"nonsense", locked, private[:40]):
        with pytest.raises(InvalidInput, match=r"secrets/a\.key is no private key"):
            read_signing_key(content, "secrets/a.key")
    elliptic = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(InvalidInput, match="expected an Ed25519 key"):
        read_signing_key(elliptic, "secrets/a.key")
    for content in (b"", private, b"nonsense"):
        with pytest.raises(InvalidInput, match=r"a\.pub holds no public key"):
            read_verify_keys(content, "a.pub")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_verify_keys(public.replace(public[30:50], b"A" * 20), "a.pub")
    elliptic = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(InvalidInput, match="expected an Ed25519 key"):
        read_verify_keys(public + elliptic, "a.pub")
