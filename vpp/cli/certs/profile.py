"""What stands in a certificate, and what does not: the issuer decides, never the one who asks."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vpp.foundation.errors import InvalidInput
from vpp.foundation.spiffe_name import SpiffeName

HUB_LIFETIME = timedelta(days=30)
PRINCIPAL_LIFETIME = timedelta(days=7)
AUTHORITY_LIFETIME = timedelta(days=3650)
LONGEST_LIFETIME = timedelta(days=398)
_BACKDATED = timedelta(minutes=5)
"""The clocks of those who check a new certificate may be this far behind."""
_LEAST_RSA_BITS = 2048
_LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_NO_USAGE = dict.fromkeys(
    [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ],
    False,
)

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a certificate is for.

    Attributes:
        name: Its name.
        dns_names: Host names under which a hub is reached; none for anybody else.
        addresses: Addresses under which a hub is reached; none for anybody else.
    """

    name: SpiffeName
    dns_names: Sequence[str] = ()
    addresses: Sequence[Address] = ()

    def __post_init__(self) -> None:
        """Refuse a hub that nobody could reach, and a caller that could pass for a host."""
        hosts = [*self.dns_names, *(str(address) for address in self.addresses)]
        if self.name.is_hub and not hosts:
            raise InvalidInput(f"{self.name} needs a host name or an address under which callers reach it")
        if not self.name.is_hub and hosts:
            raise InvalidInput(f"{self.name} is a caller's; host names and addresses are for hubs alone")
        for name in self.dns_names:
            if not _HOST_NAME.fullmatch(name) or _is_address(name):
                raise InvalidInput(
                    f"{name!r} is no host name, expected one such as hub.example: no wildcard, other scripts "
                    "as xn--..., an address with --ip",
                    host_name=name[:253],
                )

    @property
    def default_lifetime(self) -> timedelta:
        """How long its certificate holds unless somebody says otherwise."""
        return HUB_LIFETIME if self.name.is_hub else PRINCIPAL_LIFETIME


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def checked_key(key: object, source: str) -> PublicKey:
    """Return a public key that TLS takes.

    Raises:
        InvalidInput: It is of another kind, or too short.
    """
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS:
        return key
    raise InvalidInput(
        f"{source} has a key of {type(key).__name__}, expected P-256, P-384 or RSA of at least "
        f"{_LEAST_RSA_BITS} bits",
        source=source,
    )


def authority_certificate(
    key: ec.EllipticCurvePrivateKey, trust_domain: str, now: datetime, lifetime: timedelta
) -> x509.Certificate:
    """Make the certificate of an authority, signed by itself.

    Args:
        key: Its private key.
        trust_domain: Whose names it will give out; kept as its own URI.
        now: The present.
        lifetime: How long it holds.

    Source:
        SPIFFE X.509-SVID, section 3: a signing certificate's URI is its trust domain, without a path.
    """
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{trust_domain} authority")])
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True}), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"spiffe://{trust_domain}")]),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def holder_certificate(  # noqa: PLR0913, PLR0917  who signs, for whom, and for how long
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    holder: Holder,
    key: PublicKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.Certificate:
    """Make a holder's certificate: a hub's may serve, everybody else's may call, never both.

    Raises:
        InvalidInput: It would hold for longer than any may, or than its authority.
    """
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        raise InvalidInput(
            f"lifetime is {lifetime}, expected more than nothing and {LONGEST_LIFETIME} at most"
        )
    if now + lifetime > authority.not_valid_after_utc:
        raise InvalidInput(
            f"the certificate would hold until {now + lifetime:%Y-%m-%dT%H:%MZ}, its authority only until "
            f"{authority.not_valid_after_utc:%Y-%m-%dT%H:%MZ}"
        )
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if holder.name.is_hub else ExtendedKeyUsageOID.CLIENT_AUTH
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(str(holder.name)),
        *(x509.DNSName(name) for name in holder.dns_names),
        *(x509.IPAddress(address) for address in holder.addresses),
    ]
    common_name = holder.name.hub_name or holder.name.principal_id or ""  # for people; nothing reads it
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(authority.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**_NO_USAGE, "digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
