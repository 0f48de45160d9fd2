"""The signed list of certificates that count no more (CRL)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from vpp.cli.certs.issue_log import IssuedCertificate

VALIDITY = timedelta(days=60)
"""How long a list is fresh; every issue, rotation and revocation makes a new one, `vpp certs crl` too."""

LISTED_AFTER_END = timedelta(days=2)
"""What was revoked stays on the list so long after its end: by a hub's clock it may not have ended."""


def revocation_list(  # noqa: PLR0913, PLR0917  who signs, what and for how long
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    certificates: Iterable[IssuedCertificate],
    number: int,
    now: datetime,
    validity: timedelta = VALIDITY,
) -> bytes:
    """Make the list, PEM.

    Args:
        authority: Who signs.
        authority_key: Its private key.
        certificates: What has been issued; what was revoked is listed until a while after its end.
        number: Rises from list to list.
        now: The present.
        validity: Until when the list is fresh.

    Source:
        RFC 5280, section 5: version 2 with number and authority key identifier.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now)
        .next_update(now + validity)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for each in certificates:
        if each.revoked_at is not None and now < each.not_after + LISTED_AFTER_END:
            reason = x509.ReasonFlags[each.revoked_for or "unspecified"]
            revoked = (
                x509.RevokedCertificateBuilder().serial_number(each.serial).revocation_date(each.revoked_at)
            )
            if reason is not x509.ReasonFlags.unspecified:  # RFC 5280 wants it left out
                revoked = revoked.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(authority_key, hashes.SHA256()).public_bytes(Encoding.PEM)
