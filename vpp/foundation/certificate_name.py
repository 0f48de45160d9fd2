"""Reads the one name that a certificate carries."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from vpp.foundation.errors import InvalidInput
from vpp.foundation.spiffe_name import SpiffeName

UNREADABLE = (
    ValueError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
)
"""How cryptography says that a certificate or a revocation list is none: late, and in many ways."""


def name_of(certificate: x509.Certificate) -> SpiffeName:
    """Return whose certificate it is.

    The common name, DNS names and addresses say nothing about that: only the one URI does.

    Args:
        certificate: Whose signature has been checked, or will be.

    Raises:
        InvalidInput: It carries no URI, several, or one that is no name of ours.

    Source:
        SPIFFE X.509-SVID, section 2: exactly one URI; validators must refuse more.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except x509.ExtensionNotFound:
        uris = []
    except UNREADABLE as error:
        raise InvalidInput(
            f"certificate {certificate.serial_number:x} has names that cannot be read"
        ) from error
    if len(uris) != 1:
        raise InvalidInput(
            f"certificate {certificate.serial_number:x} carries {len(uris)} URIs, expected exactly one name",
            uris=str(len(uris)),
        )
    return SpiffeName.parse(uris[0])
