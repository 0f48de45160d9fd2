"""What a certificate says, for people."""

from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from vpp.foundation.certificate_pair import fingerprint_of, read_certificate

Kind = TypeVar("Kind", bound=x509.ExtensionType)
_PURPOSES = {ExtendedKeyUsageOID.CLIENT_AUTH: "calls a hub", ExtendedKeyUsageOID.SERVER_AUTH: "is a hub"}


def certificate_facts(file: Path, now: datetime) -> dict[str, str]:
    """Return what a certificate says, by field.

    Args:
        file: PEM.
        now: The present, to say whether it holds.

    Raises:
        InvalidInput: It cannot be read.
    """
    certificate = read_certificate(file.read_bytes(), str(file))
    names = _extension(certificate, x509.SubjectAlternativeName)
    uses = _extension(certificate, x509.ExtendedKeyUsage)
    listed = {
        "names": names.get_values_for_type(x509.UniformResourceIdentifier) if names else [],
        "host_names": names.get_values_for_type(x509.DNSName) if names else [],
        "addresses": [str(each) for each in names.get_values_for_type(x509.IPAddress)] if names else [],
        "purposes": [_PURPOSES.get(use, use.dotted_string) for use in uses or ()],
    }
    return {
        **{field: ", ".join(values) or "-" for field, values in listed.items()},
        "state": _state(certificate, now),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "issuer": certificate.issuer.rfc4514_string(),
        "key": _key(certificate),
        "serial": f"{certificate.serial_number:x}",
        "fingerprint_sha256": fingerprint_of(certificate),
    }


def _extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _state(certificate: x509.Certificate, now: datetime) -> str:
    """Return what its own dates say; whether it is revoked is not written in it."""
    if now < certificate.not_valid_before_utc:
        return "not yet valid"
    return "valid, unless revoked" if now < certificate.not_valid_after_utc else "expired"


def _key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name
    return f"RSA {key.key_size}" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__
