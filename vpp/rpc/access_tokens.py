"""OAuth2 access tokens that are bound to the caller's certificate.

A token alone proves nothing: it counts on a connection with the very certificate that it names. It can
only take roles away, never add any.

Source:
    RFC 9068 (tokens as JWT: header, claims), sections 2 and 4; RFC 8705 (binding to a certificate),
    section 3.1.
"""

import base64
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vpp.foundation.clock import Clock
from vpp.foundation.errors import InvalidInput, NotAuthenticated
from vpp.rpc.live_calls import NOT_AUTHENTICATED
from vpp.rpc.minute_counts import MinuteLog
from vpp.rpc.token_keys import ALGORITHMS, TokenKeys
from vpp.workflows.identity import Principal, Role

if TYPE_CHECKING:  # joserfc comes with the extra `oauth`
    from joserfc.jwk import KeySet

_log = logging.getLogger(__name__)
_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_LONGEST_TOKEN = 6000
_MOST_KEPT = 10_000
_FORESEEABLE = 2**40
"""Seconds from 1970 beyond which nothing is a time: 36,800 years."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Which tokens count.

    Attributes:
        issuer: What `iss` equals.
        audience: What `aud` contains.
        longest_lifetime: From `iat` to `exp` at most.
        clock_allowance: How far the issuer's clock may be off.
    """

    issuer: str
    audience: str
    longest_lifetime: timedelta
    clock_allowance: timedelta


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token proves.

    Attributes:
        principal: Whom it names, with no more than the roles that it speaks of.
        not_after: Until when; streams end then too.
    """

    principal: Principal
    not_after: datetime


class AccessTokens:
    """Checks access tokens; each one's signature once. Used on the event loop alone."""

    def __init__(
        self, rules: TokenRules, keys: TokenKeys, principals: Mapping[str, Principal], clock: Clock
    ) -> None:
        """Keep the parts.

        Args:
            rules: Which tokens count.
            keys: Whose signatures count.
            principals: Everybody that the settings know, by id.
            clock: The machine's, which tokens are dated by.
        """
        self._rules = rules
        self._keys = keys
        self._principals = principals
        self._clock = clock
        self._known: OrderedDict[bytes, dict[str, Any]] = OrderedDict()
        self._known_under: KeySet | None = None
        self._log = MinuteLog(__name__)

    def grant(self, token: str, holder: Principal, fingerprint: str) -> Grant:
        """Return whom a token proves, on a connection whose certificate has been checked already.

        Args:
            token: As it came after `Bearer`.
            holder: Whom the certificate proves.
            fingerprint: SHA-256 of the certificate's DER, in hexadecimal.

        Raises:
            NotAuthenticated: It is none, not good yet or no longer, another's, for another hub, or bound
                to another certificate or to none. The text is the same for all of these; the log says
                which.
        """
        try:
            return self._checked(self._claims(token), holder, fingerprint)
        except InvalidInput as error:
            self._log.warn(holder.principal_id, f"its access token is not good: {error}")
            raise NotAuthenticated(NOT_AUTHENTICATED) from None

    def _claims(self, token: str) -> dict[str, Any]:
        keys = self._current_keys()
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise InvalidInput(f"it is no ASCII of at most {_LONGEST_TOKEN} characters")
        digest = hashlib.sha256(token.encode("ascii")).digest()
        known = self._known.get(digest)
        if known is not None:
            self._known.move_to_end(digest)
            return known
        claims = _decoded(token, keys)
        self._known[digest] = claims
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return claims

    def _current_keys(self) -> "KeySet":
        """Return the keys; what was checked with others is forgotten."""
        try:
            keys = self._keys.current()
        except InvalidInput as error:
            _log.error("the keys of access tokens could not be read again, the last ones stay: %s", error)
            keys = self._keys.current()
        if keys is not self._known_under:
            self._known.clear()
            self._known_under = keys
        return keys

    def _checked(self, claims: Mapping[str, Any], holder: Principal, fingerprint: str) -> Grant:
        rules = self._rules
        if claims.get("iss") != rules.issuer:
            raise InvalidInput("iss is another issuer")
        audience = claims.get("aud")
        if rules.audience not in (audience if isinstance(audience, list) else [audience]):
            raise InvalidInput("aud is somebody else")
        expires_at = self._in_time(claims)
        confirmation = claims.get("cnf")
        bound = confirmation.get("x5t#S256") if isinstance(confirmation, dict) else None
        if bound != thumbprint(fingerprint):
            raise InvalidInput("cnf is missing or another certificate's")
        return Grant(self._principal(claims, holder), expires_at)

    def _in_time(self, claims: Mapping[str, Any]) -> datetime:
        rules, now = self._rules, self._clock.now()
        issued_at, expires_at = _instant(claims, "iat"), _instant(claims, "exp")
        not_before = _instant(claims, "nbf") if "nbf" in claims else issued_at
        if max(not_before, issued_at) > now + rules.clock_allowance:
            raise InvalidInput("iat or nbf is yet to come")
        if expires_at <= now:
            raise InvalidInput("exp is past")
        if expires_at - issued_at > rules.longest_lifetime:
            raise InvalidInput(f"it is good for longer than {rules.longest_lifetime}")
        return expires_at

    def _principal(self, claims: Mapping[str, Any], holder: Principal) -> Principal:
        subject, client, scope = claims.get("sub"), claims.get("client_id"), claims.get("scope")
        if not isinstance(subject, str) or client != subject:
            raise InvalidInput("sub and client_id are missing or differ")
        known = self._principals.get(subject)
        if known is None:
            raise InvalidInput("sub is unknown")
        if (known.party_id, known.site_id) != (holder.party_id, holder.site_id):
            raise InvalidInput("sub is of another party or site than the certificate")
        if not isinstance(scope, str):
            raise InvalidInput("scope is missing")
        asked = frozenset(scope.split(" "))
        roles = frozenset(role for role in known.roles if role.value in asked)
        if not roles:
            raise InvalidInput("scope has no role of the principal's")
        return Principal(known.principal_id, known.party_id, known.site_id, roles, known.person_id)


def thumbprint(fingerprint: str) -> str:
    """Return a certificate's SHA-256 as tokens write it (`x5t#S256`): base64url without padding.

    Args:
        fingerprint: The same in hexadecimal.

    Example:
        >>> thumbprint("00" * 32)
        'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    """
    return base64.urlsafe_b64encode(bytes.fromhex(fingerprint)).rstrip(b"=").decode("ascii")


def scope_of(roles: frozenset[Role]) -> str:
    """Return roles as a token's scope: their names in order, one blank between two.

    Example:
        >>> scope_of(frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER}))
        'dispatcher market_operator'
    """
    return " ".join(sorted(role.value for role in roles))


def _decoded(token: str, keys: "KeySet") -> dict[str, Any]:
    """Check the signature and return the claims."""
    from joserfc import jwt  # noqa: PLC0415  comes with the extra `oauth`

    try:
        decoded = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
    except Exception as error:  # noqa: BLE001  whatever foreign bytes make the parser raise, they are refused
        raise InvalidInput(
            f"it cannot be read or is not signed by the issuer: {type(error).__name__}"
        ) from None
    header = decoded.header
    if "kid" not in header or str(header.get("typ", "")).lower() not in _TYPES:
        raise InvalidInput("its header has no kid, or a typ other than at+jwt")
    return dict(decoded.claims)


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _FORESEEABLE:
        raise InvalidInput(f"{name} is missing or no time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(f"{name} is no time") from None
