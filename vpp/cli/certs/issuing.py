"""Certificates with their files: made, made from a request, replaced."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from vpp.cli.certs.authority import Authority, key_pem, new_key
from vpp.cli.certs.pair_files import PRIVATE, PUBLIC, refuse_existing, replace_pair, write_new
from vpp.cli.certs.profile import Holder, checked_key
from vpp.foundation.certificate_pair import read_certificate, read_pair
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.spiffe_name import SpiffeName


@dataclass(frozen=True, slots=True)
class WrittenPair:
    """A certificate and its key on disk.

    Attributes:
        certificate: The certificate.
        certificate_file: Where it is.
        key_file: Where its key is; None if its holder keeps the key.
    """

    certificate: x509.Certificate
    certificate_file: Path
    key_file: Path | None


def pair_files(stem: Path) -> tuple[Path, Path]:
    """Return the files of a certificate and its key.

    Example:
        >>> [file.name for file in pair_files(Path("tls/site"))]
        ['site.pem', 'site.key']
    """
    return stem.with_name(f"{stem.name}.pem"), stem.with_name(f"{stem.name}.key")


def issue_pair(
    authority: Authority, holder: Holder, stem: Path, now: datetime, lifetime: timedelta | None = None
) -> WrittenPair:
    """Make a key and its certificate, and write both.

    Args:
        authority: Who issues it.
        holder: Whom it is for.
        stem: Where to, without an ending.
        now: The present.
        lifetime: How long it holds; the usual if None.

    Raises:
        AlreadyExists: A file of that name is there; nothing is issued.
        InvalidInput: The authority refuses the name or the lifetime.
    """
    certificate_file, key_file = pair_files(stem)
    refuse_existing(certificate_file, key_file)
    key = new_key()
    certificate = authority.issue(holder, key.public_key(), now, lifetime)
    write_new(key_file, key_pem(key), PRIVATE)
    write_new(certificate_file, certificate.public_bytes(Encoding.PEM), PUBLIC)
    return WrittenPair(certificate, certificate_file, key_file)


def issue_for_request(  # noqa: PLR0913, PLR0917  who, whom, for what and where to
    authority: Authority,
    holder: Holder,
    request_file: Path,
    stem: Path,
    now: datetime,
    lifetime: timedelta | None = None,
) -> WrittenPair:
    """Issue a certificate for a key that stays where it was made.

    Only the key is taken from the request; names and purposes are the issuer's to decide.

    Raises:
        AlreadyExists: A file of that name is there; nothing is issued.
        InvalidInput: It is no request, its maker does not hold the key, or the authority refuses.
    """
    certificate_file, _ = pair_files(stem)
    refuse_existing(certificate_file)
    try:
        request = x509.load_pem_x509_csr(request_file.read_bytes())
        is_signed = request.is_signature_valid
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{request_file} is no certificate request in PEM", file=str(request_file)
        ) from error
    if not is_signed:
        raise InvalidInput(
            f"{request_file} is not signed with the key that it asks for", file=str(request_file)
        )
    key = checked_key(request.public_key(), str(request_file))
    certificate = authority.issue(holder, key, now, lifetime)
    write_new(certificate_file, certificate.public_bytes(Encoding.PEM), PUBLIC)
    return WrittenPair(certificate, certificate_file, None)


def write_request(stem: Path) -> tuple[Path, Path]:
    """Make a key and a request for its certificate; the request names nobody.

    Returns:
        The request's file and the key's.

    Raises:
        AlreadyExists: One of them is there.
    """
    _, key_file = pair_files(stem)
    request_file = stem.with_name(f"{stem.name}.csr")
    refuse_existing(request_file, key_file)
    key = new_key()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    write_new(key_file, key_pem(key), PRIVATE)
    write_new(request_file, request.public_bytes(Encoding.PEM), PUBLIC)
    return request_file, key_file


def rotate_pair(  # noqa: PLR0913  as above, and what becomes of the old one
    authority: Authority,
    certificate_file: Path,
    key_file: Path,
    now: datetime,
    lifetime: timedelta | None = None,
    *,
    revokes_old: bool = False,
) -> WrittenPair:
    """Replace a key and its certificate by new ones of the same name, without a moment of neither.

    Args:
        authority: Who issued the old one.
        certificate_file: The certificate to replace.
        key_file: Its key.
        now: The present.
        lifetime: How long the new one holds; the usual if None.
        revokes_old: Whether the old one ends at once; otherwise it holds until its end.

    Raises:
        NotFound: The authority has not issued it.
        InvalidInput: The files cannot be used.
        WrongState: It is revoked: whoever holds it has to be given a new one by `issue`.
    """
    old = authority.known(read_pair(certificate_file, key_file).serial)
    if old.revoked_at is not None:
        raise WrongState(
            f"certificate {old.serial:x} of {old.name} is revoked; a new one comes from `vpp certs issue`",
            serial=f"{old.serial:x}",
        )
    holder = Holder(SpiffeName.parse(old.name), old.dns_names, [ip_address(text) for text in old.addresses])
    key = new_key()
    certificate = authority.issue(holder, key.public_key(), now, lifetime)
    replace_pair(certificate_file, key_file, certificate.public_bytes(Encoding.PEM), key_pem(key))
    if revokes_old:
        authority.revoke(old.serial, "superseded", now)
    return WrittenPair(certificate, certificate_file, key_file)


def install_pair(new_stem: Path, certificate_file: Path, key_file: Path) -> WrittenPair:
    """Put a new certificate and its key in the place of old ones of the same name.

    For holders whose key never leaves them: `rotate` without the authority at hand.

    Raises:
        InvalidInput: The files cannot be used, do not fit, or the names differ.
    """
    new = read_pair(*pair_files(new_stem))
    old_name = read_pair(certificate_file, key_file).name
    if new.name != old_name:
        raise InvalidInput(f"the new certificate is {new.name}'s, the old one {old_name}'s")
    replace_pair(certificate_file, key_file, new.certificate_pem, new.key_pem)
    return WrittenPair(read_certificate(new.certificate_pem, str(new_stem)), certificate_file, key_file)
