"""Who is calling: proved by the certificate of the connection."""

from collections.abc import Mapping
from functools import lru_cache

from vpp.foundation.errors import InvalidInput, NotAuthenticated
from vpp.rpc.access_tokens import AccessTokens
from vpp.rpc.interception import Call, Context
from vpp.rpc.live_calls import NOT_AUTHENTICATED, Identity
from vpp.rpc.minute_counts import MinuteLog
from vpp.rpc.peer_certificate import PeerCertificate, read_peer_certificate
from vpp.rpc.standing import Standing
from vpp.workflows.identity import Principal

_REMEMBERED = 4096
"""Certificates that are not read again at every call; beyond, those used longest ago are."""
_SCHEME = "bearer "
_STRANGER = "a stranger"


class CertificateAuthenticator:
    """Finds the principal that a connection's certificate names; implements `Authenticator`.

    The name in the certificate has to agree with the hub's settings in principal, party and site. Whoever
    is refused is told the same, whatever the reason, and the log says which.
    """

    def __init__(
        self,
        principals: Mapping[str, Principal],
        *,
        trust_domain: str,
        standing: Standing,
        tokens: AccessTokens | None = None,
    ) -> None:
        """Keep what callers are compared with.

        Args:
            principals: The principals that the settings name, by id.
            trust_domain: Whose names certificates carry.
            standing: Who is refused.
            tokens: Checks access tokens; None takes none.
        """
        self._principals = principals
        self._standing = standing
        self._tokens = tokens
        self._log = MinuteLog(__name__)

        @lru_cache(_REMEMBERED)
        def read(pem: bytes) -> PeerCertificate | str:
            """Return the certificate, or why it is nobody's; reading that again would cost as much."""
            try:
                return read_peer_certificate(pem, trust_domain)
            except InvalidInput as error:
                return str(error)

        self._read = read

    def authenticate(self, call: Call, context: Context) -> Identity:
        """Return the caller.

        Raises:
            NotAuthenticated: The certificate proves nobody who may call, or the token does not.
        """
        held = list(context.auth_context().get("x509_pem_cert") or ())
        if len(held) != 1:
            raise self._refused(_STRANGER, "the connection has no certificate")
        identity = self.holder_of(held[0])
        header = call.metadata.get("authorization")
        return identity if header is None else self._narrowed(identity, header)

    def holder_of(self, pem: bytes) -> Identity:
        """Return whom a certificate proves that TLS has accepted; from any thread.

        Raises:
            NotAuthenticated: It proves nobody who may call now.
        """
        certificate = self._read(pem)
        if isinstance(certificate, str):
            raise self._refused(_STRANGER, certificate)
        name = certificate.name
        principal = self._principals.get(name.principal_id or "")
        if principal is None:
            raise self._refused(_STRANGER, "the settings name no such principal")
        if (principal.party_id, principal.site_id) != (name.party_id, name.site_id):
            raise self._refused(principal.principal_id, "the settings name another party or site")
        return self._in_good_standing(Identity(principal, certificate, certificate.not_after))

    def _narrowed(self, identity: Identity, header: str | bytes) -> Identity:
        """Return whom an access token proves on this connection, with no more rights than it names."""
        holder, certificate = identity.principal, identity.certificate
        is_token = isinstance(header, str) and header.lower().startswith(_SCHEME)
        if self._tokens is None or certificate is None or not is_token:
            raise self._refused(holder.principal_id, "it sent an authorization of a kind that is not taken")
        token = str(header)[len(_SCHEME) :].strip()
        grant = self._tokens.grant(token, holder, certificate.fingerprint)
        expires_at = min(certificate.not_after, grant.not_after)
        return self._in_good_standing(Identity(grant.principal, certificate, expires_at))

    def _in_good_standing(self, identity: Identity) -> Identity:
        reason = self._standing.reason_against(identity.principal, identity.certificate, identity.expires_at)
        if reason:
            raise self._refused(identity.principal.principal_id, reason)
        return identity

    def _refused(self, who: str, reason: str) -> NotAuthenticated:
        """Write the reason down, once a minute for each, and return what the caller is told."""
        self._log.warn(who, reason)
        return NotAuthenticated(NOT_AUTHENTICATED)
