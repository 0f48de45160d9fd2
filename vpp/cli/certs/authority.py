"""A private authority in a folder: its key, its certificate, what it issued and what it took back.

Nothing here talks to a hub. The hub reads `ca.pem` and `ca.crl` and needs neither the key nor the list of
what was issued, so the folder belongs on another machine.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from vpp.cli.certs.issue_log import LOG_FILE, IssuedCertificate, IssueLog
from vpp.cli.certs.pair_files import PRIVATE, PUBLIC, refuse_existing, write_new, write_whole
from vpp.cli.certs.profile import (
    AUTHORITY_LIFETIME,
    Holder,
    PublicKey,
    authority_certificate,
    holder_certificate,
)
from vpp.cli.certs.revocation_list import VALIDITY, revocation_list
from vpp.foundation.certificate_pair import fingerprint_of, read_certificate
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.foundation.spiffe_name import SpiffeName

KEY_FILE = "ca.key"
CERTIFICATE_FILE = "ca.pem"
REVOCATION_FILE = "ca.crl"
REASONS = ("unspecified", "key_compromise", "superseded", "cessation_of_operation", "affiliation_changed")
"""Why a certificate is revoked, in RFC 5280's words."""


@dataclass(slots=True)
class Authority:
    """An authority that has been opened, by its private key.

    Attributes:
        folder: Where its files are.
        certificate: Its own certificate.
        trust_domain: Whose names it gives out.
        log: What it has issued and revoked.
    """

    folder: Path
    certificate: x509.Certificate
    trust_domain: str
    log: IssueLog
    _key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(
        cls,
        folder: Path,
        trust_domain: str,
        now: datetime,
        passphrase: bytes | None = None,
        lifetime: timedelta = AUTHORITY_LIFETIME,
    ) -> Self:
        """Make an authority.

        Args:
            folder: Where to; made if it is missing.
            trust_domain: Whose names it will give out.
            now: The present.
            passphrase: Encrypts its key; None leaves the key to the rights of its file.
            lifetime: How long its certificate holds.

        Raises:
            AlreadyExists: There is one already.
            InvalidInput: The trust domain is none.
        """
        SpiffeName(trust_domain, hub_name="hub")  # refuses what is no trust domain
        refuse_existing(*(folder / name for name in (KEY_FILE, CERTIFICATE_FILE, REVOCATION_FILE, LOG_FILE)))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = authority_certificate(key, trust_domain, now, lifetime)
        write_new(folder / LOG_FILE, b"", PRIVATE)
        write_new(folder / KEY_FILE, key_pem(key, passphrase), PRIVATE)
        write_new(folder / CERTIFICATE_FILE, certificate.public_bytes(Encoding.PEM), PUBLIC)
        authority = cls(folder, certificate, trust_domain, IssueLog(folder / LOG_FILE), key)
        authority.write_revocations(now)
        return authority

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, passphrase: bytes | None = None) -> Iterator[Self]:
        """Open an authority; nobody else changes it meanwhile.

        Raises:
            InvalidInput: The folder holds none, or the passphrase is not its key's.
        """
        try:
            certificate_pem, key_pem = ((folder / name).read_bytes() for name in (CERTIFICATE_FILE, KEY_FILE))
        except OSError as error:
            raise InvalidInput(
                f"{folder} holds no authority: {error.strerror}; make one with `vpp certs init`",
                authority=str(folder),
            ) from error
        certificate = read_certificate(certificate_pem, str(folder / CERTIFICATE_FILE))
        key = _authority_key(key_pem, passphrase, folder / KEY_FILE)
        log = IssueLog(folder / LOG_FILE)
        with _locked(folder):
            log.read()
            yield cls(folder, certificate, _trust_domain(certificate), log, key)

    def issue(
        self, holder: Holder, key: PublicKey, now: datetime, lifetime: timedelta | None = None
    ) -> x509.Certificate:
        """Issue a certificate; it is written down before it is returned.

        Args:
            holder: Whom it is for.
            key: Its public key.
            now: The present.
            lifetime: How long it holds; the usual for its kind of holder if None.

        Raises:
            InvalidInput: The name is of another trust domain, or it would hold for too long.
        """
        if holder.name.trust_domain != self.trust_domain:
            raise InvalidInput(f"{holder.name} is not of this authority's trust domain {self.trust_domain}")
        length = holder.default_lifetime if lifetime is None else lifetime
        certificate = holder_certificate(self.certificate, self._key, holder, key, now, length)
        self.log.issued(
            IssuedCertificate(
                certificate.serial_number,
                str(holder.name),
                fingerprint_of(certificate),
                certificate.not_valid_before_utc,
                certificate.not_valid_after_utc,
                now,
                tuple(holder.dns_names),
                tuple(str(address) for address in holder.addresses),
            )
        )
        self.write_revocations(now)
        return certificate

    def known(self, serial: int) -> IssuedCertificate:
        """Return what is known of a certificate.

        Raises:
            NotFound: This authority has not issued it.
        """
        try:
            return self.log.certificates[serial]
        except KeyError:
            raise NotFound(
                f"this authority has issued no certificate {serial:x}", serial=f"{serial:x}"
            ) from None

    def revoke(self, serial: int, reason: str, now: datetime) -> IssuedCertificate:
        """Take a certificate back, and sign a new list; once more changes nothing but the list's date.

        Raises:
            NotFound: This authority has not issued it.
            InvalidInput: The reason is none of RFC 5280's.
        """
        if reason not in REASONS:
            raise InvalidInput(f"reason is {reason!r}, expected one of {', '.join(REASONS)}", reason=reason)
        if self.known(serial).revoked_at is None:
            self.log.revoked(serial, now, reason)
        self.write_revocations(now)
        return self.known(serial)

    def write_revocations(self, now: datetime, validity: timedelta = VALIDITY) -> None:
        """Sign the list of revoked certificates anew.

        Hubs take no list with a lower number than one that they know. Numbers therefore follow the time, so
        that they rise as well where the last list is lost, or the folder comes back from a copy.
        """
        file = self.folder / REVOCATION_FILE
        number = max(int(now.timestamp()), 1 + (_list_number(file) if file.is_file() else 0))
        content = revocation_list(
            self.certificate, self._key, self.log.certificates.values(), number, now, validity
        )
        write_whole(file, content)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a private key for a hub, a site or a person."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    """Write a private key as PEM, encrypted if there is a passphrase."""
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        encryption = BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def _authority_key(pem: bytes, passphrase: bytes | None, file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError) as error:  # the reason tells more of the file than it should
        raise InvalidInput(
            f"{file} cannot be opened: it is damaged, or its passphrase is missing or another "
            "(--passphrase-file, VPP_CA_PASSPHRASE)",
            file=str(file),
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InvalidInput(f"{file} holds a {type(key).__name__}, expected a P-256 key", file=str(file))
    return key


def _trust_domain(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        raise InvalidInput(
            f"{CERTIFICATE_FILE} names no trust domain, it was not made by `vpp certs init`"
        ) from None
    return uri.removeprefix("spiffe://")


def _list_number(file: Path) -> int:
    try:
        revocations = x509.load_pem_x509_crl(file.read_bytes())
        return revocations.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (ValueError, x509.ExtensionNotFound):
        raise InvalidInput(f"{file} is no list of revoked certificates; remove it", file=str(file)) from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    number = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)
