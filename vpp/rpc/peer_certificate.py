"""The certificate of a caller, and whether it can be one."""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from vpp.foundation.certificate_name import UNREADABLE, name_of
from vpp.foundation.certificate_pair import fingerprint_of, read_certificate
from vpp.foundation.errors import InvalidInput
from vpp.foundation.spiffe_name import SpiffeName

_CLIENT_ONLY = [ExtendedKeyUsageOID.CLIENT_AUTH]


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """A caller's certificate, read once.

    Attributes:
        name: Whom it names: a principal.
        fingerprint: SHA-256 of its DER form, lower-case hexadecimal.
        serial: Its number at its authority.
        not_before: From when it holds, UTC.
        not_after: Until when it holds, UTC.
        content: The certificate itself.
    """

    name: SpiffeName
    fingerprint: str
    serial: int
    not_before: datetime
    not_after: datetime
    content: x509.Certificate = field(repr=False, compare=False)


def read_peer_certificate(pem: bytes, trust_domain: str) -> PeerCertificate:
    """Read a caller's certificate.

    gRPC has checked the signatures, the dates and that it may be used for a client before anything is
    served; what it does not know is who our callers are.

    Args:
        pem: As gRPC hands it over.
        trust_domain: Whose names count.

    Raises:
        InvalidInput: It names nobody or several, a hub, somebody of another domain, or anything beside its
            one name; or it may be used for more than a client.
    """
    certificate = read_certificate(pem, "the caller's certificate")
    try:
        return _read(certificate, trust_domain)
    except UNREADABLE as error:
        raise InvalidInput("it is a certificate that cannot be read") from error


def _read(certificate: x509.Certificate, trust_domain: str) -> PeerCertificate:
    name = name_of(certificate)
    if name.trust_domain != trust_domain:
        raise InvalidInput(f"it names {name}, expected a name of {trust_domain}")
    if name.is_hub:
        raise InvalidInput(f"it names {name}, expected a principal's name")
    _check_nothing_beside(certificate)
    return PeerCertificate(
        name,
        fingerprint_of(certificate),
        certificate.serial_number,
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate,
    )


def _check_nothing_beside(certificate: x509.Certificate) -> None:
    """Refuse further names and purposes: whoever reads another one of them would see somebody else."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if len(names) != 1:
        raise InvalidInput(f"it has {len(names)} names, expected its URI alone")
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        raise InvalidInput("it may be used for anything, expected clientAuth alone") from None
    if list(purposes) != _CLIENT_ONLY:
        raise InvalidInput("it may be used for more than a client, or for none, expected clientAuth alone")
