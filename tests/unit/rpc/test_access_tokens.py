import base64
import json
import logging
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from support.tokens import (
    AGENT,
    ANNA,
    BOTH,
    FINGERPRINT,
    GATEWAY,
    NOW,
    RIVAL,
    ChangingKeys,
    checker,
    claims,
    key_pem,
    signed,
    signed_as_it_is,
)

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import NotAuthenticated
from vpp.rpc.access_tokens import AccessTokens
from vpp.rpc.live_calls import NOT_AUTHENTICATED
from vpp.rpc.token_keys import OwnKeys
from vpp.workflows.identity import Principal, Role

KEYS = OwnKeys(key_pem(), "test")
ISSUED = round(NOW.timestamp())
TOKENS = checker(KEYS, ManualClock(NOW))


def refused(token: str, tokens: AccessTokens = TOKENS, holder: Principal = ANNA) -> None:
    """Every refusal has the same text, whatever was wrong."""
    with pytest.raises(NotAuthenticated) as error:
        tokens.grant(token, holder, FINGERPRINT)
    assert str(error.value) == NOT_AUTHENTICATED
    assert error.value.metadata == {}


def test_a_good_token_proves_its_subject() -> None:
    grant = TOKENS.grant(signed(KEYS, claims()), ANNA, FINGERPRINT)
    assert grant.principal == ANNA
    assert grant.not_after.timestamp() == ISSUED + 600


def test_a_gateway_may_carry_another_person_of_its_own_party() -> None:
    grant = TOKENS.grant(signed(KEYS, claims()), GATEWAY, FINGERPRINT)
    assert (grant.principal.principal_id, grant.principal.person) == ("anna", "anna-jones")


@pytest.mark.parametrize(
    ("scope", "roles"),
    [
        ("market_operator dispatcher", BOTH),
        ("dispatcher", {Role.DISPATCHER}),
        ("openid dispatcher auditor administrator", {Role.DISPATCHER}),
        ("dispatcher dispatcher", {Role.DISPATCHER}),
    ],
)
def test_a_scope_takes_roles_away_and_never_adds_one(scope: str, roles: set[Role]) -> None:
    assert TOKENS.grant(signed(KEYS, claims(scope=scope)), ANNA, FINGERPRINT).principal.roles == roles


WRONG: dict[str, dict[str, Any]] = {
    "no issuer": {"iss": None},
    "another issuer": {"iss": "https://tokens.example/"},
    "no audience": {"aud": None},
    "another hub's": {"aud": "other-hub"},
    "an audience of several others": {"aud": ["a", "b"]},
    "no end": {"exp": None},
    "over": {"exp": ISSUED},
    "an end that is no number": {"exp": "tomorrow"},
    "an end that is no time": {"exp": 1e300},
    "an end that is true": {"exp": True},
    "no beginning": {"iat": None},
    "not begun": {"iat": ISSUED + 3, "exp": ISSUED + 600},
    "not good yet": {"nbf": ISSUED + 3},
    "good for too long": {"exp": ISSUED + 3601},
    "bound to nothing": {"cnf": None},
    "bound to text": {"cnf": "x5t"},
    "bound to another certificate": {"cnf": {"x5t#S256": "A" * 43}},
    "bound by another hash": {"cnf": {"jkt": "A" * 43}},
    "no subject": {"sub": None},
    "a subject that is a list": {"sub": ["anna"], "client_id": ["anna"]},
    "no client": {"client_id": None},
    "another client": {"client_id": "gateway"},
    "an unknown subject": {"sub": "nobody", "client_id": "nobody"},
    "another party's": {"sub": "rival", "client_id": "rival"},
    "a site's": {"sub": "agent", "client_id": "agent"},
    "no scope": {"scope": None},
    "an empty scope": {"scope": ""},
    "a scope of others' roles": {"scope": "auditor"},
    "a scope that is a list": {"scope": ["dispatcher"]},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_what_a_token_says_wrongly_is_refused(changes: dict[str, Any]) -> None:
    refused(signed(KEYS, claims(**changes)))


@pytest.mark.parametrize(
    "allowed", [{"iat": ISSUED + 2}, {"nbf": ISSUED + 2}, {"exp": ISSUED + 3600}, {"aud": ["a", "vpp-hub"]}]
)
def test_what_is_just_right_is_taken(allowed: dict[str, Any]) -> None:
    assert TOKENS.grant(signed(KEYS, claims(**allowed)), ANNA, FINGERPRINT).principal == ANNA


def test_a_token_of_another_connection_is_refused() -> None:
    with pytest.raises(NotAuthenticated):
        TOKENS.grant(signed(KEYS, claims()), ANNA, "cd" * 32)


@pytest.mark.parametrize("holder", [RIVAL, AGENT])
def test_a_token_of_another_party_or_site_is_refused(holder: Principal) -> None:
    refused(signed(KEYS, claims()), holder=holder)


def test_signing_it_is_what_makes_a_token_good() -> None:
    assert TOKENS.grant(signed_as_it_is(KEYS, claims(), HEADER), ANNA, FINGERPRINT).principal == ANNA


def _unsigned(header: dict[str, Any], signature: str = "") -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (header, claims())
    ]
    return f"{parts[0]}.{parts[1]}.{signature}"


def _with_shared_secret() -> str:
    key = OctKey.import_key(base64.b64encode(KEYS.current().keys[0].as_pem(private=False)))
    header = {"alg": "HS256", "typ": "at+jwt", "kid": KEYS.key.kid}
    return jwt.encode(header, claims(), key, algorithms=["HS256"])


HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": KEYS.key.kid}
OTHER = ECKey.generate_key("P-256")
FORGED = {
    "no signature": _unsigned({"alg": "none", "typ": "at+jwt", "kid": KEYS.key.kid}),
    "no algorithm": _unsigned({"typ": "at+jwt", "kid": KEYS.key.kid}, "AA"),
    "a shared secret": _with_shared_secret(),
    "another key under the same id": signed(KEYS, claims(), by=OTHER),
    "another key's id": signed(KEYS, claims(), {"kid": "other"}),
    "no id": signed(KEYS, claims(), {"kid": None}),
    "a key of its own": signed(KEYS, claims(), {"jwk": OTHER.as_dict(private=False)}, by=OTHER),
    "no type": signed(KEYS, claims(), {"typ": None}),
    "an identity token": signed(KEYS, claims(), {"typ": "JWT"}),
    "something critical": signed_as_it_is(KEYS, claims(), HEADER | {"crit": ["x"], "x": 1}),
    "a header that is no object": signed_as_it_is(KEYS, claims(), ["alg"]),  # type: ignore[arg-type]  # wrong on purpose
    "claims that are no object": signed_as_it_is(KEYS, ["iss"], HEADER),  # type: ignore[arg-type]  # as above
    "nothing": "",
    "no parts": "abc",
    "too many parts": "a.b.c.d.e.f",
    "no base64": "%.%.%",
    "no text": "\ud800",
    "deep": "W1tb" * 1000 + ".e30.AA",
    "long": "A" * 100_000,
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_what_the_issuer_did_not_sign_is_refused(token: str) -> None:
    refused(token)


def test_every_changed_character_is_noticed() -> None:
    token = signed(KEYS, claims())
    for place in range(0, len(token) - 1, 7):  # the last character holds bits that mean nothing
        other = "A" if token[place] != "A" else "B"
        refused(token[:place] + other + token[place + 1 :])


def test_a_token_ends_although_it_was_good_before() -> None:
    clock = ManualClock(NOW)
    tokens, token = checker(KEYS, clock), signed(KEYS, claims())
    tokens.grant(token, ANNA, FINGERPRINT)
    clock.advance_to(NOW.replace(minute=10))
    refused(token, tokens)


def test_what_was_signed_with_a_dropped_key_is_refused_although_it_was_good_before() -> None:
    other = OwnKeys(key_pem(), "test")
    keys = ChangingKeys(KeySet([*KEYS.current().keys, *other.current().keys]))
    tokens, token = checker(keys, ManualClock(NOW)), signed(KEYS, claims())
    tokens.grant(token, ANNA, FINGERPRINT)
    keys.keys = other.current()
    refused(token, tokens)
    assert tokens.grant(signed(other, claims()), ANNA, FINGERPRINT).principal == ANNA


def test_the_log_says_what_was_wrong_and_nothing_of_the_token(caplog: pytest.LogCaptureFixture) -> None:
    tokens, token = checker(KEYS, ManualClock(NOW)), signed(KEYS, claims(aud="canary-hub"))
    with caplog.at_level(logging.DEBUG):
        refused(token, tokens)
    assert "aud is somebody else" in caplog.text
    assert token not in caplog.text
    assert "canary" not in caplog.text
