"""Certificates of every kind, right and wrong, and revocation lists, made for tests."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from vpp.foundation.clock import SystemClock
from vpp.rpc.revocation_list import RevocationList, newest_lists, read_revocation_list, revocation_blocks

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
DAY = timedelta(days=1)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LOCAL = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


def uri(text: str) -> x509.UniformResourceIdentifier:
    """Return a URI as a certificate's name."""
    return x509.UniformResourceIdentifier(text)


def now() -> datetime:
    """Return the machine's time to the second: gRPC reads the dates of certificates by it."""
    return SystemClock().now().replace(microsecond=0)


def read_lists(pem: bytes, authorities: Sequence[x509.Certificate]) -> dict[bytes, RevocationList]:
    """Read a file of revocation lists, all of which have to be of use; by their authority's id."""
    return newest_lists(read_revocation_list(block, authorities) for block in revocation_blocks(pem))


@dataclass(frozen=True)
class Held:
    """A certificate and its key.

    Attributes:
        certificate: The certificate.
        key: Its private key.
        chain: Certificates that are shown after it, PEM.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: bytes = b""

    @property
    def pem(self) -> bytes:
        """What its holder shows, PEM."""
        return self.certificate.public_bytes(Encoding.PEM) + self.chain

    @property
    def key_pem(self) -> bytes:
        """Its private key, PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def serial(self) -> str:
        """Its number at its authority, hexadecimal."""
        return f"{self.certificate.serial_number:x}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its DER form, hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def with_another_signature(self) -> "Held":
        """Return the same certificate with the other signature that is as valid: (r, n - s) for (r, s).

        Nobody's key is needed for that, and no byte of the certificate's digest stays.
        """
        certificate = self.certificate
        r, s = decode_dss_signature(certificate.signature)
        signature = b"\x00" + encode_dss_signature(r, P256_ORDER - s)
        algorithm = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256
        content = certificate.tbs_certificate_bytes + algorithm + _der(0x03, signature)
        return replace(self, certificate=x509.load_der_x509_certificate(_der(0x30, content)))

    def channel(self, address: str, authority: "TestAuthority") -> grpc.aio.Channel:
        """Connect to a hub with it; over a connection of its own."""
        credentials = grpc.ssl_channel_credentials(authority.pem, self.key_pem, self.pem)
        options = [("grpc.use_local_subchannel_pool", 1)]
        return grpc.aio.secure_channel(address, credentials, options=options)


@dataclass(frozen=True)
class TestAuthority:
    """An authority that signs whatever it is asked to.

    Attributes:
        common_name: Its name; two may have the same.
    """

    __test__ = False  # pytest collects what begins with Test

    common_name: str = "test authority"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        """Sign its own certificate."""
        public = self.key.public_key()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() - 10 * DAY)
            .not_valid_after(now() + 3650 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signs_alone(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        object.__setattr__(self, "certificate", certificate)

    @classmethod
    def kept(cls, key: ec.EllipticCurvePrivateKey, pem: bytes) -> Self:
        """Return an authority that was made elsewhere."""
        certificate = x509.load_pem_x509_certificate(pem)
        [common] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        made = cls(str(common.value), key)
        object.__setattr__(made, "certificate", certificate)
        return made

    @property
    def key_pem(self) -> bytes:
        """Its private key, PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def name(self) -> x509.Name:
        """Its distinguished name."""
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.common_name)])

    @property
    def pem(self) -> bytes:
        """Its certificate, PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        *names: x509.GeneralName,
        purposes: Sequence[ObjectIdentifier] = (CLIENT,),
        start: datetime | None = None,
        end: datetime | None = None,
        common_name: str = "",
    ) -> Held:
        """Sign a certificate with any names, purposes and dates."""
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(attributes))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start or now() - timedelta(minutes=5))
            .not_valid_after(end or now() + DAY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not attributes)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        return Held(builder.sign(self.key, hashes.SHA256()), key)

    def revocation_list(
        self, *revoked: Held, number: int = 1, issued: datetime | None = None, next_at: datetime | None = None
    ) -> bytes:
        """Sign a list of certificates that count no more, PEM."""
        issued = issued or now() - timedelta(minutes=1)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(issued)
            .next_update(next_at or issued + 30 * DAY)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder(
                one.certificate.serial_number, issued.astimezone(UTC), []
            ).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _der(tag: int, content: bytes) -> bytes:
    """Write one element of DER."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content


def _signs_alone() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def issue_hub(authority: TestAuthority, **dates: datetime) -> Held:
    """Sign a certificate of a hub on this machine."""
    return authority.issue(uri("spiffe://vpp.example/hub/hub"), *LOCAL, purposes=(SERVER,), **dates)  # type: ignore[arg-type]  # dates alone


def write_hub_files(folder: Path, authority: TestAuthority, hub: Held, revoked: Sequence[Held] = ()) -> None:
    """Write what a hub reads, as `vpp certs` would: in [server.tls]'s places."""
    tls = folder / "tls"
    tls.mkdir(exist_ok=True)
    (tls / "hub.key").write_bytes(hub.key_pem)
    (tls / "hub.pem").write_bytes(hub.pem)
    (tls / "ca.pem").write_bytes(authority.pem)
    (tls / "ca.crl").write_bytes(authority.revocation_list(*revoked))
