"""An authority's list counts if an authority of ours has signed it, and says what comes after it."""

import base64
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from support.certificates import DAY, TestAuthority, now, read_lists, uri

from vpp.foundation.errors import InvalidInput
from vpp.rpc.revocation_list import authority_id

CA, OTHER = TestAuthority(), TestAuthority("other")
NAME = uri("spiffe://vpp.example/party/grid/operator")


def test_a_list_says_which_certificates_count_no_more() -> None:
    one, two = CA.issue(NAME), CA.issue(NAME)
    issued, next_at = now() - DAY, now() + DAY
    pem = CA.revocation_list(one, two, number=7, issued=issued, next_at=next_at)
    (read,) = read_lists(pem, [OTHER.certificate, CA.certificate]).values()
    assert read.serials == {one.certificate.serial_number, two.certificate.serial_number}
    assert (read.number, read.issued_at, read.next_at) == (7, issued, next_at)
    assert read.authority == authority_id(CA.certificate)


def test_every_authority_has_a_list_of_its_own() -> None:
    namesake = TestAuthority()
    authorities = [CA.certificate, OTHER.certificate, namesake.certificate]
    pem = CA.revocation_list() + b"# another\n" + OTHER.revocation_list() + namesake.revocation_list()
    read = read_lists(pem, authorities)
    assert set(read) == {authority_id(one) for one in authorities}
    assert len(read) == 3


def test_the_newest_of_two_lists_counts() -> None:
    revoked = CA.issue(NAME)
    newer, older = CA.revocation_list(revoked, number=2), CA.revocation_list(number=1)
    for both in (newer + older, older + newer):
        (read,) = read_lists(both, [CA.certificate]).values()
        assert read.serials == {revoked.certificate.serial_number}


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (b"", "no revocation list"),
        (CA.pem, "no revocation list"),
        (OTHER.revocation_list(), "none of the authorities has signed"),
        (TestAuthority().revocation_list(), "none of the authorities has signed"),  # of the same name
        (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "cannot be read"),
    ],
)
def test_other_lists_are_refused(pem: bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        read_lists(pem, [CA.certificate])


@pytest.mark.parametrize(
    "extension",
    [
        x509.DeltaCRLIndicator(1),
        x509.IssuingDistributionPoint(
            full_name=None,
            relative_name=None,
            only_contains_user_certs=True,
            only_contains_ca_certs=False,
            only_some_reasons=None,
            indirect_crl=False,
            only_contains_attribute_certs=False,
        ),
    ],
)
def test_a_part_of_a_list_does_not_take_its_place(extension: x509.ExtensionType) -> None:
    builder = x509.CertificateRevocationListBuilder().issuer_name(CA.name).last_update(now())
    builder = builder.next_update(now() + DAY).add_extension(x509.CRLNumber(9), critical=False)
    partial = builder.add_extension(extension, critical=True).sign(CA.key, hashes.SHA256())
    with pytest.raises(InvalidInput, match="is a part of one"):
        read_lists(partial.public_bytes(Encoding.PEM), [CA.certificate])


def test_a_list_without_a_next_update_does_not_come_about() -> None:
    with pytest.raises(ValueError, match="next update"):  # so the library's own refusal is what we rely on
        x509.CertificateRevocationListBuilder().issuer_name(CA.name).last_update(now()).sign(
            CA.key, hashes.SHA256()
        )


def test_a_key_of_another_kind_is_no_signature() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    builder = x509.CertificateRevocationListBuilder().issuer_name(CA.name).last_update(now())
    pem = builder.next_update(now() + timedelta(days=1)).sign(key, None).public_bytes(Encoding.PEM)
    with pytest.raises(InvalidInput, match="none of the authorities"):
        read_lists(pem, [CA.certificate])


@pytest.mark.filterwarnings("ignore:Parsed a serial number", "ignore:The parsed")
def test_no_bit_that_is_signed_may_differ() -> None:
    content = x509.load_pem_x509_crl(CA.revocation_list(CA.issue(NAME)))
    der = content.public_bytes(Encoding.DER)
    original = read_lists(content.public_bytes(Encoding.PEM), [CA.certificate])
    for bit in range(len(der) * 8):
        flipped = bytearray(der)
        flipped[bit // 8] ^= 1 << bit % 8
        text = base64.encodebytes(bytes(flipped)).decode()
        pem = f"-----BEGIN X509 CRL-----\n{text}-----END X509 CRL-----\n".encode()
        try:
            read = read_lists(pem, [CA.certificate])
        except InvalidInput:
            continue
        assert read == original, bit  # the count of unused bits behind the signature
        assert bit // 8 > len(content.tbs_certlist_bytes)
