from datetime import datetime, timedelta
from typing import Any

import pytest
from support.tokens import ANNA, FINGERPRINT, ISSUER, NOW, checker, key_pem

from vpp.foundation.clock import ManualClock
from vpp.hub.token_issuer import Holder, IssuerRules, TokenIssuer
from vpp.rpc.access_tokens import Grant
from vpp.rpc.token_keys import OwnKeys
from vpp.workflows.identity import Role

KEYS = OwnKeys(key_pem(), "test")
CLOCK = ManualClock(NOW)
TOKENS = TokenIssuer(IssuerRules(ISSUER, "vpp-hub", timedelta(minutes=10)), KEYS, CLOCK)
GOOD = {"grant_type": "client_credentials", "client_id": "anna"}


def holder(not_after: datetime = NOW + timedelta(days=7)) -> Holder:
    return Holder(ANNA, FINGERPRINT, not_after)


def granted(body: dict[str, Any]) -> Grant:
    return checker(KEYS, CLOCK).grant(body["access_token"], ANNA, FINGERPRINT)


def test_a_token_of_its_own_is_one_that_the_hub_takes() -> None:
    answer = TOKENS.answer(GOOD, holder())
    assert (answer.status, answer.body["token_type"], answer.body["expires_in"]) == (200, "Bearer", 600)
    assert answer.headers["Cache-Control"] == "no-store"
    grant = granted(answer.body)
    assert (grant.principal, grant.not_after) == (ANNA, NOW + timedelta(minutes=10))


@pytest.mark.parametrize(
    ("scope", "roles"),
    [
        ("dispatcher", {Role.DISPATCHER}),
        ("market_operator dispatcher", {Role.DISPATCHER, Role.MARKET_OPERATOR}),
        ("", {Role.DISPATCHER, Role.MARKET_OPERATOR}),
    ],
)
def test_the_scope_that_is_asked_for_is_the_scope_that_is_given(scope: str, roles: set[Role]) -> None:
    answer = TOKENS.answer(GOOD | {"scope": scope}, holder())
    assert answer.body["scope"] == " ".join(sorted(role.value for role in roles))
    assert granted(answer.body).principal.roles == roles


def test_a_token_ends_no_later_than_the_certificate() -> None:
    answer = TOKENS.answer(GOOD, holder(NOW + timedelta(seconds=90)))
    assert answer.body["expires_in"] == 90
    assert granted(answer.body).not_after == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("form", "status", "reason"),
    [
        ({}, 400, "unsupported_grant_type"),
        (GOOD | {"grant_type": "password"}, 400, "unsupported_grant_type"),
        (GOOD | {"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        (GOOD | {"client_id": "gateway"}, 401, "invalid_client"),
        (GOOD | {"client_id": "gateway", "client_secret": "x"}, 401, "invalid_client"),
        (GOOD | {"scope": "auditor"}, 400, "invalid_scope"),
        (GOOD | {"scope": "dispatcher administrator"}, 400, "invalid_scope"),
    ],
)
def test_what_is_not_the_certificates_is_not_given(form: dict[str, str], status: int, reason: str) -> None:
    answer = TOKENS.answer(form, holder())
    assert (answer.status, answer.body["error"]) == (status, reason)
    assert "access_token" not in answer.body


def test_the_metadata_say_how_to_ask() -> None:
    said = TOKENS.metadata
    assert said["issuer"] == ISSUER
    assert said["token_endpoint"] == f"{ISSUER}/oauth2/token"
    assert said["token_endpoint_auth_methods_supported"] == ["tls_client_auth"]
    assert said["tls_client_certificate_bound_access_tokens"] is True


def test_no_private_half_is_shown() -> None:
    assert all("d" not in key for key in TOKENS.keys["keys"])


def test_no_two_tokens_are_alike() -> None:
    assert len({TOKENS.answer(GOOD, holder()).body["access_token"] for _ in range(20)}) == 20
