"""The principal that a certificate names, and the access token that may narrow it."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from support.certificates import Held, TestAuthority, now, uri

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import NotAuthenticated
from vpp.rpc.access_tokens import Grant
from vpp.rpc.certificate_authenticator import CertificateAuthenticator
from vpp.rpc.identity_interceptor import TokenAuthenticator, token_digest
from vpp.rpc.interception import Call
from vpp.rpc.live_calls import NOT_AUTHENTICATED
from vpp.rpc.standing import Standing, Trust
from vpp.workflows.access_records import Barred
from vpp.workflows.identity import Principal, Role

CA = TestAuthority()
OPERATOR = Principal("operator", "grid", None, frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER}))
AGENT = Principal("agent-a", "owner-a", "a", frozenset({Role.SITE_AGENT}))
PRINCIPALS = {one.principal_id: one for one in (OPERATOR, AGENT)}
HELD = CA.issue(uri("spiffe://vpp.example/party/grid/operator"))
NARROWED = replace(OPERATOR, roles=frozenset({Role.DISPATCHER}))


class Context:
    """What gRPC knows of a connection."""

    def __init__(self, *pems: bytes) -> None:
        self.pems = pems

    def auth_context(self) -> dict[str, Iterable[bytes]]:
        return {"x509_pem_cert": iter(self.pems)} if self.pems else {}


class Tokens:
    """Takes one token, of one certificate."""

    def __init__(self, not_after: datetime) -> None:
        self.not_after = not_after

    def grant(self, token: str, holder: Principal, fingerprint: str) -> Grant:
        if (token, holder, fingerprint) != ("good", OPERATOR, HELD.fingerprint):
            raise NotAuthenticated(NOT_AUTHENTICATED)
        return Grant(NARROWED, self.not_after)


@pytest.fixture
def standing() -> Standing:
    made = Standing(ManualClock(now()), timedelta(days=7))
    made.set_trust(Trust((CA.certificate,)))
    return made


def authenticator(standing: Standing, tokens: object = None) -> CertificateAuthenticator:
    taken: Any = tokens
    return CertificateAuthenticator(PRINCIPALS, trust_domain="vpp.example", standing=standing, tokens=taken)


def ask(one: CertificateAuthenticator, *helds: Held, header: str | bytes | None = None) -> Any:  # noqa: ANN401  an identity
    metadata = {} if header is None else {"authorization": header}
    context: Any = Context(*(held.pem for held in helds))
    return one.authenticate(Call("/x/y", metadata), context)


def test_the_certificate_names_the_caller(standing: Standing) -> None:
    identity = ask(authenticator(standing), HELD)
    assert identity.principal == OPERATOR
    assert identity.certificate.fingerprint == HELD.fingerprint
    assert identity.expires_at == HELD.certificate.not_valid_after_utc


@pytest.mark.parametrize("count", [0, 2])
def test_a_connection_has_exactly_one_certificate(standing: Standing, count: int) -> None:
    with pytest.raises(NotAuthenticated, match=NOT_AUTHENTICATED):
        ask(authenticator(standing), *[HELD] * count)


@pytest.mark.parametrize(
    "name",
    [
        "party/grid/agent-a",
        "party/owner-a/agent-a",
        "party/owner-a/site/b/agent-a",
        "party/owner-a/operator",
        "party/grid/site/a/operator",
        "party/grid/mallory",
    ],
)
def test_party_site_and_principal_go_together(standing: Standing, name: str) -> None:
    with pytest.raises(NotAuthenticated, match=NOT_AUTHENTICATED):
        ask(authenticator(standing), CA.issue(uri(f"spiffe://vpp.example/{name}")))
    ask(authenticator(standing), CA.issue(uri("spiffe://vpp.example/party/owner-a/site/a/agent-a")))


def test_a_token_narrows_and_ends_earlier(standing: Standing) -> None:
    ends_at = now() + timedelta(minutes=10)
    identity = ask(authenticator(standing, Tokens(ends_at)), HELD, header="Bearer good")
    assert (identity.principal, identity.expires_at) == (NARROWED, ends_at)
    much_later = now() + timedelta(days=900)
    identity = ask(authenticator(standing, Tokens(much_later)), HELD, header="bearer  good ")
    assert identity.expires_at == HELD.certificate.not_valid_after_utc  # never beyond its certificate


@pytest.mark.parametrize("header", ["Bearer bad", "Bearer ", "good", "Basic good", "", b"Bearer good"])
def test_another_authorization_is_refused_not_ignored(standing: Standing, header: str | bytes) -> None:
    tokens = Tokens(now() + timedelta(minutes=10))
    with pytest.raises(NotAuthenticated, match=NOT_AUTHENTICATED):
        ask(authenticator(standing, tokens), HELD, header=header)


def test_where_no_tokens_are_taken_one_is_refused(standing: Standing) -> None:
    with pytest.raises(NotAuthenticated):
        ask(authenticator(standing), HELD, header="Bearer good")


def test_an_expired_token_and_a_suspended_principal_are_refused(standing: Standing) -> None:
    with pytest.raises(NotAuthenticated):
        ask(authenticator(standing, Tokens(now() - timedelta(seconds=1))), HELD, header="Bearer good")
    standing.barred = Barred(principal_ids=frozenset({"operator"}))
    for header in (None, "Bearer good"):
        with pytest.raises(NotAuthenticated):
            ask(authenticator(standing, Tokens(now() + timedelta(minutes=1))), HELD, header=header)


def test_the_reason_is_for_the_log_alone(standing: Standing, caplog: pytest.LogCaptureFixture) -> None:
    standing.barred = Barred(serials=frozenset({HELD.serial}))
    one = authenticator(standing)
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            with pytest.raises(NotAuthenticated) as error:
                ask(one, HELD)
    assert str(error.value) == NOT_AUTHENTICATED
    assert error.value.metadata == {}
    assert [record.getMessage() for record in caplog.records] == [
        "refused operator: the certificate was revoked at the hub"
    ]


def test_on_loopback_a_suspended_principals_token_counts_no_more(standing: Standing) -> None:
    one = TokenAuthenticator({token_digest("sesame"): OPERATOR}, standing)
    call, context = Call("/x/y", {"authorization": "Bearer sesame"}), SimpleNamespace()
    assert one.authenticate(call, context).principal == OPERATOR  # type: ignore[arg-type]  # it asks nothing of it
    standing.barred = Barred(principal_ids=frozenset({"operator"}))
    with pytest.raises(NotAuthenticated, match=NOT_AUTHENTICATED):
        one.authenticate(call, context)  # type: ignore[arg-type]  # as above
