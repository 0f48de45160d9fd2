"""Asks a token endpoint for an access token, over mutual TLS."""

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from vpp.foundation.certificate_pair import read_pair
from vpp.foundation.errors import InvalidInput, NotPermitted, Overloaded

_PATH = "/oauth2/token"
_PATIENCE_S = 15.0
_LARGEST_ANSWER = 65536
_BUSY = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class FetchedToken:
    """What the endpoint gave.

    Attributes:
        token: The access token.
        scope: What it allows, at most.
        lifetime_s: For how long, s.
    """

    token: str
    scope: str
    lifetime_s: int


def fetch_token(
    issuer: str, scope: str, *, authority_file: Path, certificate_file: Path, key_file: Path
) -> FetchedToken:
    """Ask for a token in the name of the certificate's principal.

    Args:
        issuer: Where tokens are given out, an https URL.
        scope: Roles with blanks between them; empty for all of the principal's.
        authority_file: Certificate of the endpoint's authority, PEM.
        certificate_file: The caller's certificate, PEM.
        key_file: Its private key, PEM.

    Raises:
        InvalidInput: The URL is no https URL, a file does not serve, or the request was wrong.
        NotPermitted: The endpoint does not know the caller, or does not give it the scope.
        Overloaded: The endpoint cannot be reached, or is busy.
    """
    url = urlsplit(issuer)
    if url.scheme != "https" or url.hostname is None or url.username is not None:
        raise InvalidInput(f"--issuer is {issuer}, expected https://host:port", issuer=issuer)
    pair = read_pair(certificate_file, key_file)
    if pair.name.principal_id is None:
        raise InvalidInput(f"{certificate_file} is {pair.name}'s, expected a principal's")
    form = {"grant_type": "client_credentials", "client_id": pair.name.principal_id}
    if scope:
        form["scope"] = scope
    context = _context(authority_file, certificate_file, key_file)
    connection = http.client.HTTPSConnection(
        url.hostname, url.port or 443, timeout=_PATIENCE_S, context=context
    )
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        connection.request("POST", url.path.rstrip("/") + _PATH, urlencode(form), headers)
        response = connection.getresponse()
        content = response.read(_LARGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise Overloaded(f"no token from {issuer}: {reason}", issuer=issuer) from None
    finally:
        connection.close()
    return _token_of(issuer, response.status, content)


def _context(authority_file: Path, certificate_file: Path, key_file: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=authority_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate_file, key_file)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(
            f"the files of TLS do not serve: {error.strerror or type(error).__name__}"
        ) from None
    return context


def _token_of(issuer: str, status: int, content: bytes) -> FetchedToken:
    try:
        answer: dict[str, Any] = json.loads(content)
        if status == http.client.OK:
            return FetchedToken(str(answer["access_token"]), str(answer["scope"]), int(answer["expires_in"]))
        reason = str(answer["error"])[:100]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Overloaded(f"{issuer} answered {status} with no token in it", issuer=issuer) from None
    if status in _BUSY:
        raise Overloaded(f"{issuer} answered {status}: {reason}", issuer=issuer)
    if reason in {"invalid_client", "unauthorized_client", "invalid_scope"}:
        raise NotPermitted(f"{issuer} gives no such token to this certificate: {reason}", issuer=issuer)
    raise InvalidInput(f"{issuer} answered {status}: {reason}", issuer=issuer)
