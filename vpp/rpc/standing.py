"""Whether a caller who was let in is still to be let in: asked at every call, and of every open stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from vpp.foundation.clock import Clock
from vpp.rpc.peer_certificate import PeerCertificate
from vpp.rpc.revocation_list import RevocationList, authority_id
from vpp.workflows.access_records import Barred
from vpp.workflows.identity import Principal

_WARNED_RATIO = 20
"""An authority is warned of when this part of its life is left."""
_REMEMBERED = 4096
"""Certificates whose signature is not checked again at every call."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the files of TLS say.

    Attributes:
        authorities: Whose certificates count.
        lists: What each of them has revoked, by `authority_id`.
    """

    authorities: tuple[x509.Certificate, ...]
    lists: Mapping[bytes, RevocationList] = field(default_factory=dict)


class Standing:
    """What is known at present about who is refused. Lives on the event loop.

    gRPC checks a certificate when a connection is made, and never again: neither when it expires, nor when
    it is revoked or its authority is dropped, nor when a connection goes on from an earlier one's session.
    """

    def __init__(self, clock: Clock, grace: timedelta) -> None:
        """Begin with nobody barred and no authority.

        Args:
            clock: The machine's, which certificates are dated by; not the hub's, which may run faster.
            grace: How long a revocation list is still relied on after it should have been renewed.
        """
        self._clock = clock
        self._grace = grace
        self._trust = Trust(())
        self._issuer_of = lru_cache(_REMEMBERED)(self._find_issuer)
        self.barred = Barred()

    @property
    def trust(self) -> Trust:
        """What the files of TLS say."""
        return self._trust

    def set_trust(self, trust: Trust) -> None:
        """Take what the files of TLS say now."""
        if trust.authorities != self._trust.authorities:
            self._issuer_of.cache_clear()
        self._trust = trust

    def reason_against(
        self,
        principal: Principal,
        certificate: PeerCertificate | None,
        expires_at: datetime | None = None,
    ) -> str:
        """Return why a caller is refused, for the log alone; empty if it is not.

        Args:
            principal: Who calls.
            certificate: What proved it; None without TLS.
            expires_at: When the proof ends; None if never.
        """
        holder = certificate.name.principal_id if certificate else None
        if not self.barred.principal_ids.isdisjoint((principal.principal_id, holder)):
            return "the principal is suspended"
        now = self._clock.now()
        if expires_at is not None and now >= expires_at:
            return "the proof of identity has expired"
        return "" if certificate is None else self._against(certificate, now)

    def _against(self, certificate: PeerCertificate, now: datetime) -> str:
        if not certificate.not_before <= now < certificate.not_after:
            return "the certificate has expired, or does not hold yet"
        if f"{certificate.serial:x}" in self.barred.serials:
            return "the certificate was revoked at the hub"
        issuer = self._issuer_of(certificate.fingerprint, certificate)
        if issuer is None or now >= issuer.ends_at:
            return "the certificate comes from none of the authorities"
        revoked = self._trust.lists.get(issuer.authority)
        if revoked is None:
            return ""
        if certificate.serial in revoked.serials:
            return "the certificate was revoked by its authority"
        return "the authority's revocation list is too old to rely on" if self._is_stale(revoked, now) else ""

    def _is_stale(self, revoked: RevocationList, now: datetime) -> bool:
        return now > revoked.next_at + self._grace

    def _find_issuer(self, _fingerprint: str, certificate: PeerCertificate) -> "_Issuer | None":
        if not self._trust.authorities:
            return None
        policy = (
            PolicyBuilder()
            .store(Store(list(self._trust.authorities)))
            .time(self._clock.now())
            # The leaf's own extensions are checked where it is read.
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
            )
        )
        try:
            _, issuer, *_ = policy.build_client_verifier().verify(certificate.content, []).chain
        except (VerificationError, ValueError):  # whatever is wrong with it, it is not in order
            return None
        return _Issuer(authority_id(issuer), issuer.not_valid_after_utc)

    def warnings(self) -> list[str]:
        """Return what the hub's owner should see to before it refuses anybody; nothing if all is well."""
        now = self._clock.now()
        found = []
        for authority in self._trust.authorities:
            if now > authority.not_valid_after_utc - _lifetime(authority) / _WARNED_RATIO:
                found.append(
                    f"an authority ends at {authority.not_valid_after_utc:%Y-%m-%dT%H:%MZ}, and all of its "
                    "certificates with it: add its successor"
                )
            revoked = self._trust.lists.get(authority_id(authority))
            if revoked is None:
                found.append(
                    "an authority has no revocation list, so none of its certificates can be revoked"
                )
            elif now > revoked.next_at:
                ends_at = revoked.next_at + self._grace
                verb = "refuses" if self._is_stale(revoked, now) else "will refuse"
                found.append(
                    f"the revocation list should have been renewed by {revoked.next_at:%Y-%m-%dT%H:%MZ}; "
                    f"from {ends_at:%Y-%m-%dT%H:%MZ} on the hub {verb} everybody"
                )
        return found

    def objections(self) -> list[str]:
        """Return why nobody at all is let in; nothing while somebody may be."""
        now, authorities = self._clock.now(), self._trust.authorities
        if authorities and not any(self._vouches(one, now) for one in authorities):
            return ["everybody is refused: every authority has ended, or its revocation list is too old"]
        return []

    def _vouches(self, authority: x509.Certificate, now: datetime) -> bool:
        """Tell whether a certificate of an authority can count at present."""
        revoked = self._trust.lists.get(authority_id(authority))
        is_fresh = revoked is None or not self._is_stale(revoked, now)
        return is_fresh and now < authority.not_valid_after_utc


@dataclass(frozen=True, slots=True)
class _Issuer:
    """Which authority a certificate comes from, and when that ends."""

    authority: bytes
    ends_at: datetime


def _lifetime(authority: x509.Certificate) -> timedelta:
    return authority.not_valid_after_utc - authority.not_valid_before_utc
