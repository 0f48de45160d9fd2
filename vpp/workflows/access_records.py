"""Who is let in no more: suspended principals and revoked certificates."""

from dataclasses import dataclass

SERIAL_PREFIX = "serial-"
"""Begins the id of a revoked certificate; its number follows."""


@dataclass(frozen=True, slots=True)
class PrincipalStanding:
    """Whether a principal is let in, once somebody has decided about it; before, it is.

    Attributes:
        principal_id: The principal.
        is_suspended: Whether it is refused.
        reason: Why, in words.
        decided_by: Principal of whoever decided.
    """

    principal_id: str
    is_suspended: bool
    reason: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class CertificateRevocation:
    """A certificate that counts no more.

    It is known by its number and not by a digest: whoever holds a certificate can change its signature so
    that it stays valid and has another digest. Its number is signed.

    Attributes:
        serial: Its number at its authority, lower-case hexadecimal.
        reason: Why, in words.
        revoked_by: Principal of whoever revoked it.
    """

    serial: str
    reason: str
    revoked_by: str

    @property
    def revocation_id(self) -> str:
        """Last part of its name, which begins with a letter as every id does."""
        return f"{SERIAL_PREFIX}{self.serial}"


@dataclass(frozen=True, slots=True)
class Barred:
    """Everybody and everything that is refused by what the database says.

    Attributes:
        principal_ids: Suspended principals.
        serials: Numbers of revoked certificates, whichever authority gave them; lower-case hexadecimal.
    """

    principal_ids: frozenset[str] = frozenset()
    serials: frozenset[str] = frozenset()
