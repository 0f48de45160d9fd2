import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from support.tokens import ANNA, FINGERPRINT, NOW, checker, claims, key_pem, signed

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import InvalidInput, NotAuthenticated
from vpp.rpc.token_keys import IssuerKeys, OwnKeys, read_key_set

GOOD = ECKey.generate_key("P-256", parameters={"kid": "one"}).as_dict(private=False)
RSA = RSAKey.generate_key(2048, parameters={"kid": "two"}).as_dict(private=False)
EDWARDS = OKPKey.generate_key("Ed25519", parameters={"kid": "three"}).as_dict(private=False)


def document(*keys: Any) -> bytes:  # noqa: ANN401  right and wrong ones
    return json.dumps({"keys": keys}).encode()


def test_public_keys_of_three_kinds_are_taken() -> None:
    assert [key.kid for key in read_key_set(document(GOOD, RSA, EDWARDS), "file")] == ["one", "two", "three"]


WRONG = {
    "no document": b"keys",
    "no text": b"\xff",
    "no object": b"[]",
    "no keys": b"{}",
    "keys that are no list": b'{"keys": 1}',
    "an empty list": document(),
    "too many": document(*[GOOD | {"kid": str(n)} for n in range(51)]),
    "nested": b'{"keys":' + b"[" * 100_000,
    "an id twice": document(GOOD, GOOD),
    "no id": document({name: value for name, value in GOOD.items() if name != "kid"}),
    "no kind": document({"kid": "a"}),
    "a shared secret": document(OctKey.generate_key(256, parameters={"kid": "a"}).as_dict(private=True)),
    "a private key": document(ECKey.generate_key("P-256", parameters={"kid": "a"}).as_dict(private=True)),
    "another curve": document(ECKey.generate_key("P-384", parameters={"kid": "a"}).as_dict(private=False)),
    "a curve for agreement": document(
        OKPKey.generate_key("X25519", parameters={"kid": "a"}).as_dict(private=False)
    ),
    "a short RSA key": document({"kty": "RSA", "kid": "a", "n": "A" * 170, "e": "AQAB"}),
    "a point that is none": document(GOOD | {"x": "AA"}),
    "a key for encryption": document(GOOD | {"use": "enc"}),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_anything_else_is_refused_with_its_file_named(content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"^keys\.json"):
        read_key_set(content, "keys.json")


def test_keys_are_read_again_when_they_change_and_bad_ones_are_told_once() -> None:
    contents = [document(GOOD), None, b"broken", None, document(RSA)]
    keys = IssuerKeys(lambda: contents.pop(0), "keys.json")
    first = keys.current()
    with pytest.raises(InvalidInput, match="no key set"):
        keys.current()
    assert keys.current() is first
    assert [key.kid for key in keys.current()] == ["two"]


def test_the_last_good_keys_stay_where_the_file_is_broken(caplog: pytest.LogCaptureFixture) -> None:
    own = OwnKeys(key_pem(), "test")
    contents = [json.dumps(own.document()).encode(), b"broken", None]
    tokens = checker(IssuerKeys(lambda: contents.pop(0), "keys.json"), ManualClock(NOW))
    assert tokens.grant(signed(own, claims()), ANNA, FINGERPRINT).principal == ANNA
    assert "the last ones stay" in caplog.text


def test_a_hubs_own_key_is_a_p_256_private_key() -> None:
    own = OwnKeys(key_pem(), "test")
    assert own.document()["keys"][0] == {
        "kty": "EC",
        "crv": "P-256",
        "use": "sig",
        "alg": "ES256",
        "kid": own.key.kid,
        "x": own.key.as_dict(private=False)["x"],
        "y": own.key.as_dict(private=False)["y"],
    }
    public = ECKey.import_key(key_pem()).as_pem(private=False)
    for wrong in (b"", b"no key", public, key_pem(ec.SECP384R1())):
        with pytest.raises(InvalidInput, match="test holds no P-256 private key"):
            OwnKeys(wrong, "test")


def test_two_hubs_with_one_key_name_it_alike() -> None:
    pem = key_pem()
    assert OwnKeys(pem, "a").key.kid == OwnKeys(pem, "b").key.kid
    other = OwnKeys(key_pem(), "c")
    tokens = checker(OwnKeys(pem, "a"), ManualClock(NOW))
    with pytest.raises(NotAuthenticated):
        tokens.grant(signed(other, claims()), ANNA, FINGERPRINT)
