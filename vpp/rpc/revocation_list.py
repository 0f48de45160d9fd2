"""An authority's signed list of its certificates that count no more."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vpp.foundation.certificate_name import UNREADABLE
from vpp.foundation.errors import InvalidInput

_BLOCK = re.compile(b"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """What one authority said last.

    Attributes:
        authority: Which authority, by `authority_id`.
        number: Rises with every list of the authority; 0 if it does not number them.
        issued_at: When the authority said so, UTC.
        next_at: By when it will have said more, UTC.
        serials: Numbers of the certificates that count no more.
    """

    authority: bytes
    number: int
    issued_at: datetime
    next_at: datetime
    serials: frozenset[int]

    def is_older_than(self, other: "RevocationList") -> bool:
        """Tell whether the authority has said more in the other list."""
        return (self.number, self.issued_at) < (other.number, other.issued_at)


def authority_id(authority: x509.Certificate) -> bytes:
    """Return what tells an authority from all others: the SHA-256 of its public key.

    Its name does not: one that is replaced and the one that replaces it may well have the same.
    """
    key = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key)
    return digest.finalize()


def revocation_blocks(pem: bytes) -> list[bytes]:
    """Return the revocation lists of a file, each by itself and not yet read.

    Raises:
        InvalidInput: There is none.
    """
    blocks = _BLOCK.findall(pem)
    if not blocks:
        raise InvalidInput("it holds no revocation list in PEM")
    return blocks


def newest_lists(lists: Iterable[RevocationList]) -> dict[bytes, RevocationList]:
    """Return of every authority the list in which it has said most, by the authority."""
    newest: dict[bytes, RevocationList] = {}
    for one in lists:
        known = newest.get(one.authority)
        if known is None or known.is_older_than(one):
            newest[one.authority] = one
    return newest


def read_revocation_list(pem: bytes, authorities: Sequence[x509.Certificate]) -> RevocationList:
    """Read one revocation list.

    Args:
        pem: One list.
        authorities: Whose signatures count.

    Raises:
        InvalidInput: It cannot be read, or is not signed by any of the authorities.
    """
    try:
        content = x509.load_pem_x509_crl(pem)
        next_at = content.next_update_utc
        serials = frozenset(one.serial_number for one in content)
        number, issued_at = _number(content), content.last_update_utc
        is_partial = any(one.critical for one in content.extensions)
    except UNREADABLE as error:
        raise InvalidInput("it holds a revocation list that cannot be read") from error
    if is_partial:  # what has changed since another, some reasons, some kinds of certificates: RFC 5280, 5.2
        raise InvalidInput("it holds a revocation list that is a part of one, expected whole ones")
    if next_at is None:
        raise InvalidInput("it holds a revocation list without a next update")
    signer = next((one for one in authorities if _is_signed_by(content, one)), None)
    if signer is None:
        raise InvalidInput("it holds a revocation list that none of the authorities has signed")
    return RevocationList(authority_id(signer), number, issued_at, next_at, serials)


def _number(content: x509.CertificateRevocationList) -> int:
    try:
        return content.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0


def _is_signed_by(content: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    try:
        if content.issuer != authority.subject:
            return False
        return content.is_signature_valid(authority.public_key())  # type: ignore[arg-type]  # refuses the others
    except (TypeError, *UNREADABLE):  # no name, or a key of another kind
        return False
