"""A certificate proves its one name, and nothing else ever proves anything: not a bit of it may differ."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from support.certificates import CLIENT, SERVER, TestAuthority, now, uri

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import ID_PATTERN
from vpp.foundation.spiffe_name import SpiffeName
from vpp.rpc.peer_certificate import read_peer_certificate
from vpp.rpc.standing import Standing, Trust
from vpp.workflows.identity import Principal, Role

CA = TestAuthority()
NAME = "spiffe://vpp.example/party/grid/operator"
HELD = CA.issue(uri(NAME))
DER = HELD.certificate.public_bytes(Encoding.DER)
OPERATOR = Principal("operator", "grid", None, frozenset({Role.MARKET_OPERATOR}))
ORIGINAL = read_peer_certificate(HELD.pem, "vpp.example")
STANDING = Standing(ManualClock(now()), timedelta(days=7))
STANDING.set_trust(Trust((CA.certificate,)))

ids = st.from_regex(ID_PATTERN, fullmatch=True)
principals = st.builds(
    lambda party, site, principal: str(SpiffeName("vpp.example", party, site, principal)),
    ids,
    st.none() | ids,
    ids,
)
near = st.sampled_from(
    [
        "spiffe://vpp.example/hub/hub",
        "spiffe://vpp.example/party/grid",
        "spiffe://vpp.example/party/grid/site/a",
        "spiffe://vpp.example/party/grid/operator/",
        "spiffe://vpp.example//party/grid/operator",
        "spiffe://vpp.example/party/../party/grid/operator",
        "spiffe://vpp.example/party/grid/operator?x",
        "spiffe://vpp.example/party/grid/operator#x",
        "spiffe://vpp.example:443/party/grid/operator",
        "spiffe://grid@vpp.example/party/grid/operator",
        "spiffe://vpp.example./party/grid/operator",
        "spiffe://VPP.example/party/grid/operator",
        "spiffe://vpp.example/party/grid/operator\x00",
        "spiffe://other.example/party/grid/operator",
    ]
)
names = st.lists(
    st.builds(uri, principals | near)
    | st.builds(x509.DNSName, st.sampled_from(["hub.example", "spiffe.vpp.example"]))
    | st.builds(x509.RFC822Name, st.sampled_from(["operator@vpp.example"])),
    max_size=3,
)
purposes = st.lists(st.sampled_from([CLIENT, SERVER]), max_size=2)


@settings(max_examples=80, deadline=None)
@given(names, purposes)
def test_exactly_one_name_of_ours_for_a_client_alone(
    wanted: list[x509.GeneralName], used_for: list[x509.ObjectIdentifier]
) -> None:
    pem = CA.issue(*wanted, purposes=used_for).pem
    try:
        shown: str | None = str(read_peer_certificate(pem, "vpp.example").name)
    except InvalidInput:
        shown = None
    is_right = len(wanted) == 1 and used_for == [CLIENT] and _is_principal(wanted[0])
    assert shown == (wanted[0].value if is_right else None)


def _is_principal(name: x509.GeneralName) -> bool:
    if not isinstance(name, x509.UniformResourceIdentifier):
        return False
    try:
        read = SpiffeName.parse(name.value)
    except InvalidInput:
        return False
    return read.trust_domain == "vpp.example" and not read.is_hub


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_bit_that_is_signed_may_differ() -> None:
    read_count = 0
    for bit in range(len(DER) * 8):
        flipped = bytearray(DER)
        flipped[bit // 8] ^= 1 << bit % 8
        text = base64.encodebytes(bytes(flipped)).decode()
        pem = f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n".encode()
        try:
            read = read_peer_certificate(pem, "vpp.example")
        except InvalidInput:
            continue
        read_count += 1
        if STANDING.reason_against(OPERATOR, read) == "":  # the count of unused bits behind the signature
            assert read == replace(ORIGINAL, fingerprint=read.fingerprint), bit
            assert bit // 8 > len(HELD.certificate.tbs_certificate_bytes)
    assert read_count > 1000  # those can be read, and their signature is wrong


def test_the_same_certificate_without_a_difference_is_let_in() -> None:
    assert STANDING.reason_against(OPERATOR, read_peer_certificate(HELD.pem, "vpp.example")) == ""


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail_in_another_way(content: bytes) -> None:
    text = base64.encodebytes(content).decode()
    for pem in (content, f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n".encode()):
        try:
            read_peer_certificate(pem, "vpp.example")
        except InvalidInput:
            continue
        raise AssertionError("bytes of no kind were taken for a certificate")
