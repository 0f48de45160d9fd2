"""Gives out access tokens to callers that prove themselves by their certificate, and binds them to it.

Source:
    RFC 6749 (OAuth 2.0), sections 4.4 and 5: client credentials; RFC 8705, sections 2.1 and 3.1: the
    client is proved by the URI in its certificate, the token holds the certificate's hash; RFC 9068,
    section 2: the token's header and claims; RFC 8414: the metadata.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from joserfc import jwt

from vpp.foundation.clock import Clock
from vpp.rpc.access_tokens import scope_of, thumbprint
from vpp.rpc.token_keys import OwnKeys
from vpp.workflows.identity import Principal, Role

METHOD = "tls_client_auth"
TOKEN_PATH, KEYS_PATH, METADATA_PATH = (
    "/oauth2/token",
    "/oauth2/jwks",
    "/.well-known/oauth-authorization-server",
)
_ALGORITHM = "ES256"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who asks for a token, proved by the certificate of the connection.

    Attributes:
        principal: Who it is.
        fingerprint: SHA-256 of the certificate's DER, in hexadecimal.
        not_after: Until when the certificate holds.
    """

    principal: Principal
    fingerprint: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class IssuerRules:
    """What tokens say.

    Attributes:
        issuer: `iss`, and where the endpoint is.
        audience: `aud`: the hub.
        token_lifetime: For how long; never longer than the certificate.
    """

    issuer: str
    audience: str
    token_lifetime: timedelta


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the endpoint answers.

    Attributes:
        status: HTTP status.
        body: JSON object.
        headers: HTTP headers.
    """

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class _Client(ClientMixin):  # type: ignore[misc]  # authlib ships no types
    """A holder, as authlib asks about it."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder

    def get_client_id(self) -> str:
        return self.holder.principal.principal_id

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == METHOD and endpoint == "token"

    def check_grant_type(self, grant_type: str) -> bool:
        return bool(grant_type == ClientCredentialsGrant.GRANT_TYPE)


class _Request(OAuth2Request):  # type: ignore[misc]  # authlib ships no types
    """One request for a token, with who sent it."""

    def __init__(self, uri: str, form: dict[str, str], holder: Holder) -> None:
        super().__init__("POST", uri)
        self.payload = BasicOAuth2Payload(form)
        self.holder = holder

    @property
    def form(self) -> dict[str, str]:
        return dict(self.payload.data)


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # authlib ships no types
    TOKEN_ENDPOINT_AUTH_METHODS = (METHOD,)

    def validate_requested_scope(self) -> None:
        """Refuse a role that the client has not: a token never adds any."""
        asked = (self.request.payload.scope or "").split()
        held = {role.value for role in self.request.holder.principal.roles}
        if not set(asked) <= held:
            raise InvalidScopeError("A role of the scope is not yours.")


class TokenIssuer(AuthorizationServer):  # type: ignore[misc]  # authlib ships no types
    """Issues tokens by client credentials alone, over mutual TLS alone. Keeps nothing of them."""

    def __init__(self, rules: IssuerRules, keys: OwnKeys, clock: Clock) -> None:
        """Keep what it signs with.

        Args:
            rules: What tokens say.
            keys: Signs them.
            clock: The machine's, which tokens are dated by.
        """
        super().__init__()
        self._rules = rules
        self._keys = keys
        self._clock = clock
        self.register_client_auth_method(METHOD, _authenticated)
        self.register_grant(_Grant)
        self.register_token_generator("default", self._token)

    @property
    def keys(self) -> dict[str, Any]:
        """The public keys, a JSON Web Key Set."""
        return self._keys.document()

    @property
    def metadata(self) -> dict[str, Any]:
        """What a client can find out before it asks (RFC 8414)."""
        issuer = self._rules.issuer
        return {
            "issuer": issuer,
            "token_endpoint": f"{issuer.rstrip('/')}{TOKEN_PATH}",
            "jwks_uri": f"{issuer.rstrip('/')}{KEYS_PATH}",
            "grant_types_supported": [ClientCredentialsGrant.GRANT_TYPE],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": [METHOD],
            "tls_client_certificate_bound_access_tokens": True,
            "scopes_supported": sorted(role.value for role in Role),
        }

    def answer(self, form: dict[str, str], holder: Holder) -> TokenAnswer:
        """Answer a request for a token.

        Args:
            form: What it asks for: grant_type, client_id, and scope (all roles if absent).
            holder: Whom the connection's certificate proves.
        """
        uri = f"{self._rules.issuer.rstrip('/')}{TOKEN_PATH}"
        answer: TokenAnswer = self.create_token_response(_Request(uri, form, holder))
        return answer

    def query_client(self, client_id: str) -> None:
        """Know no client but by its certificate."""
        del client_id

    def save_token(self, token: object, request: object) -> None:
        """Keep nothing: a token is checked by its signature."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Tell nobody."""

    def create_oauth2_request(self, request: _Request) -> _Request:
        """Take the request as it is."""
        return request

    def handle_response(
        self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]
    ) -> TokenAnswer:
        """Return what the endpoint is to answer."""
        return TokenAnswer(status, dict(body), dict(headers))

    def _token(self, client: _Client, scope: str | None, **_: object) -> dict[str, Any]:
        """Make a token."""
        holder, rules = client.holder, self._rules
        now = self._clock.now().replace(microsecond=0)
        expires_at = min(now + rules.token_lifetime, holder.not_after)
        lifetime_s = round((expires_at - now).total_seconds())
        # In the order and spelling of the settings, whatever was asked, so that it can be compared as text.
        asked = set(scope.split()) if scope else {role.value for role in holder.principal.roles}
        granted = scope_of(frozenset(role for role in holder.principal.roles if role.value in asked))
        claims = {
            "iss": rules.issuer,
            "aud": rules.audience,
            "sub": holder.principal.principal_id,
            "client_id": holder.principal.principal_id,
            "iat": round(now.timestamp()),
            "exp": round(expires_at.timestamp()),
            "jti": uuid.uuid4().hex,
            "scope": granted,
            "cnf": {"x5t#S256": thumbprint(holder.fingerprint)},
        }
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": self._keys.key.kid}
        token = jwt.encode(header, claims, self._keys.key, algorithms=[_ALGORITHM])
        return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime_s, "scope": granted}


def _authenticated(query_client: object, request: _Request) -> _Client:
    """Compare the client that is named with the one that the certificate proves."""
    del query_client
    client = _Client(request.holder)
    if request.payload.client_id != client.get_client_id():
        raise InvalidClientError(status_code=401, description="client_id is not the certificate's.")
    return client
