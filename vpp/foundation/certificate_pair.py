"""A certificate and its private key, read from two files that are never mixed.

Two files cannot be replaced in one step. Whoever replaces them therefore writes both beside the old ones
first, as `X.next`, then renames the key and then the certificate: at every instant the key fits the
certificate or the one that waits beside it, also after a crash in between.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from vpp.foundation.certificate_name import UNREADABLE, name_of
from vpp.foundation.errors import InvalidInput
from vpp.foundation.spiffe_name import SpiffeName

_ATTEMPTS = 3
"""A pair may be replaced between the reading of its two files; hardly twice in a row."""


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """A certificate and the key that fits it.

    Attributes:
        certificate_pem: The certificate, and those of authorities between if there are any.
        key_pem: The private key.
        name: Whose it is.
        serial: Its number at its authority.
        fingerprint: SHA-256 of its DER form, lower-case hexadecimal.
        not_before: From when it holds, UTC.
        not_after: Until when it holds, UTC.
    """

    certificate_pem: bytes
    key_pem: bytes
    name: SpiffeName
    serial: int
    fingerprint: str
    not_before: datetime
    not_after: datetime

    def __repr__(self) -> str:
        """Return it without its key."""
        return f"CertificatePair({self.name}, serial {self.serial:x}, until {self.not_after:%Y-%m-%dT%H:%MZ})"

    @property
    def lifetime(self) -> timedelta:
        """How long it holds in all."""
        return self.not_after - self.not_before


def next_file(file: Path) -> Path:
    """Return where the successor of a file waits.

    Example:
        >>> next_file(Path("tls/site.pem")).name
        'site.pem.next'
    """
    return file.with_name(f"{file.name}.next")


def read_pair(certificate_file: Path, key_file: Path) -> CertificatePair:
    """Read a certificate and its key.

    Args:
        certificate_file: PEM, the holder's certificate first.
        key_file: PEM, without a password.

    Raises:
        InvalidInput: A file cannot be read, is no PEM, carries no name of ours, or the two do not fit.
    """
    for _ in range(_ATTEMPTS):
        key_pem = _read(key_file)
        key = _public_key_of(key_pem, key_file)
        for file in (certificate_file, next_file(certificate_file)):
            if file is certificate_file or file.is_file():
                pem = _read(file)
                certificate = read_certificate(pem, str(file))
                if _public_bytes(certificate, file) == key:
                    return _pair(certificate, pem, key_pem)
    raise InvalidInput(
        f"{key_file} is not the key of {certificate_file}: give the two that were made together",
        certificate_file=str(certificate_file),
        key_file=str(key_file),
    )


def read_certificate(pem: bytes, source: str) -> x509.Certificate:
    """Read the first certificate of a PEM file.

    Args:
        pem: Content of the file.
        source: What the file is called in errors.

    Raises:
        InvalidInput: It holds none that can be read.
    """
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except UNREADABLE as error:
        raise InvalidInput(f"{source} is no certificate in PEM", file=source) from error


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate's DER form, lower-case hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _pair(certificate: x509.Certificate, pem: bytes, key_pem: bytes) -> CertificatePair:
    return CertificatePair(
        pem,
        key_pem,
        name_of(certificate),
        certificate.serial_number,
        fingerprint_of(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def _public_bytes(certificate: x509.Certificate, file: Path) -> bytes:
    try:
        key = certificate.public_key()
    except UNREADABLE as error:
        raise InvalidInput(f"{file} has a key of an unknown kind", file=str(file)) from error
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _public_key_of(key_pem: bytes, file: Path) -> bytes:
    try:
        key = load_pem_private_key(key_pem, password=None)
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
    ) as error:  # its text could quote the file
        raise InvalidInput(f"{file} is no private key in PEM without a password", file=str(file)) from error
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}", file=str(file)) from error
