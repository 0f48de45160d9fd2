"""Whose certificate it is: exactly one name of ours, for a client alone, or nobody's."""

import pytest
from cryptography import x509
from support.certificates import CLIENT, LOCAL, SERVER, Held, TestAuthority, uri

from vpp.foundation.errors import InvalidInput
from vpp.rpc.peer_certificate import read_peer_certificate

NAME = "spiffe://vpp.example/party/owner-a/site/a/agent-a"
CA = TestAuthority()


def refused(held: Held) -> str:
    with pytest.raises(InvalidInput) as error:
        read_peer_certificate(held.pem, "vpp.example")
    return str(error.value)


def test_the_name_says_who_calls() -> None:
    held = CA.issue(uri(NAME), common_name="operator")
    read = read_peer_certificate(held.pem, "vpp.example")
    assert str(read.name) == NAME
    assert (read.name.party_id, read.name.site_id, read.name.principal_id) == ("owner-a", "a", "agent-a")
    assert read.fingerprint == held.fingerprint
    assert read.serial == held.certificate.serial_number
    assert (read.not_before, read.not_after) == (
        held.certificate.not_valid_before_utc,
        held.certificate.not_valid_after_utc,
    )


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ((), "0 URIs"),
        ((LOCAL[0],), "0 URIs"),
        ((uri(NAME), uri(NAME)), "2 URIs"),
        ((uri(NAME), uri("https://example")), "2 URIs"),
        ((uri(NAME), *LOCAL), "3 names"),
        ((uri(NAME), x509.RFC822Name("operator@example")), "2 names"),
        ((uri("spiffe://other.example/party/owner-a/site/a/agent-a"),), "a name of vpp.example"),
        ((uri("spiffe://vpp.example.evil/party/grid/operator"),), "a name of vpp.example"),
        ((uri("spiffe://vpp.example/hub/hub"),), "a principal's name"),
        ((uri("spiffe://vpp.example/party/owner-a"),), "expected spiffe"),
    ],
    ids=str,
)
def test_other_names_are_nobodys(names: tuple[x509.GeneralName, ...], why: str) -> None:
    assert why in refused(CA.issue(*names, common_name="agent-a"))


@pytest.mark.parametrize("purposes", [(SERVER,), (CLIENT, SERVER), (CLIENT, CLIENT), ()], ids=str)
def test_other_purposes_are_refused(purposes: tuple[x509.ObjectIdentifier, ...]) -> None:
    assert "clientAuth alone" in refused(CA.issue(uri(NAME), purposes=purposes))


@pytest.mark.parametrize("pem", [b"", b"no certificate", CA.revocation_list()])
def test_what_is_no_certificate_is_refused(pem: bytes) -> None:
    with pytest.raises(InvalidInput, match="no certificate in PEM"):
        read_peer_certificate(pem, "vpp.example")


def test_the_certificate_is_not_printed() -> None:
    held = CA.issue(uri(NAME))
    assert "content" not in repr(read_peer_certificate(held.pem, "vpp.example"))
