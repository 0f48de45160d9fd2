"""Builds what takes access tokens and what gives them out. Only here is it said that this needs an extra."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import BrokenPromise, InvalidInput
from vpp.hub.settings import HubSettings
from vpp.rpc.access_tokens import AccessTokens, TokenRules
from vpp.rpc.certificate_authenticator import CertificateAuthenticator
from vpp.rpc.identity_interceptor import Authenticator
from vpp.rpc.rates import Rate
from vpp.rpc.token_keys import IssuerKeys, OwnKeys
from vpp.workflows.identity import Principal

if TYPE_CHECKING:  # aiohttp and authlib come with the extra `oauth`
    from vpp.hub.token_endpoint import TokenEndpoint
    from vpp.hub.token_issuer import Holder

_EXTRA = ("aiohttp", "authlib", "joserfc")


@dataclass(frozen=True, slots=True)
class Oauth:
    """What takes access tokens.

    Attributes:
        tokens: Checks them.
        own_keys: Signs the hub's own; None if the issuer is elsewhere.
    """

    tokens: AccessTokens
    own_keys: OwnKeys | None


def compose_oauth(settings: HubSettings, principals: Mapping[str, Principal]) -> Oauth | None:
    """Build what takes access tokens; None if the settings name no issuer.

    Args:
        settings: The hub's.
        principals: Everybody that they know, by id.

    Raises:
        InvalidInput: Tokens are wanted without TLS or without the extra, or a key file holds no key.
    """
    oauth = settings.oauth
    if oauth.issuer is None:
        return None
    if settings.server.plaintext:
        raise InvalidInput("oauth.issuer is set and server.plaintext too: tokens are bound to certificates")
    missing = [name for name in _EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        raise InvalidInput(f"oauth needs {', '.join(missing)}: pip install vpp[oauth]")
    own_keys: OwnKeys | None = None
    keys: OwnKeys | IssuerKeys
    if oauth.key_file is not None:
        file = settings.path(oauth.key_file)
        keys = own_keys = OwnKeys(_content(file, "oauth.key_file"), f"oauth.key_file {file}")
    elif oauth.jwks_file is not None:
        file = settings.path(oauth.jwks_file)
        keys = IssuerKeys(ChangedFile(file, "oauth.jwks_file"), f"oauth.jwks_file {file}")
    else:  # pragma: no cover  the settings refuse it
        raise BrokenPromise("an issuer without keys")
    rules = TokenRules(oauth.issuer, oauth.audience, oauth.longest_lifetime, oauth.clock_allowance)
    return Oauth(AccessTokens(rules, keys, principals, SystemClock()), own_keys)


def compose_token_endpoint(
    settings: HubSettings, oauth: Oauth | None, authenticator: Authenticator
) -> "TokenEndpoint | None":
    """Build what gives out tokens; None if the hub gives out none.

    Args:
        settings: The hub's.
        oauth: What takes tokens.
        authenticator: Proves callers by their certificates.

    Raises:
        InvalidInput: A file of TLS does not serve.
    """
    if oauth is None or oauth.own_keys is None or settings.oauth.issuer is None:
        return None
    if not isinstance(authenticator, CertificateAuthenticator):
        raise BrokenPromise("tokens are given out, and callers are not proved by certificates")
    import ssl  # noqa: PLC0415  with the next two

    from vpp.hub.token_endpoint import TokenEndpoint  # noqa: PLC0415  comes with the extra `oauth`
    from vpp.hub.token_issuer import Holder, IssuerRules, TokenIssuer  # noqa: PLC0415  as above
    from vpp.hub.token_tls import TokenTls  # noqa: PLC0415  as above

    rules = IssuerRules(settings.oauth.issuer, settings.oauth.audience, settings.oauth.token_lifetime)
    tls = settings.server.tls

    def identify(certificate: bytes) -> "Holder":
        identity = authenticator.holder_of(ssl.DER_cert_to_PEM_cert(certificate).encode("ascii"))
        if identity.certificate is None:  # pragma: no cover  it was found by one
            raise BrokenPromise("a certificate proved somebody without a certificate")
        known = identity.certificate
        return Holder(identity.principal, known.fingerprint, known.not_after)

    return TokenEndpoint(
        TokenIssuer(rules, oauth.own_keys, SystemClock()),
        identify,
        Rate(1, settings.quotas.rate_window),
        TokenTls(*(settings.path(file) for file in (tls.certificate_file, tls.key_file, tls.authority_file))),
    )


class ChangedFile:
    """A file that is read when it has changed."""

    def __init__(self, path: Path, what: str) -> None:
        """Keep where it is, and what it is called in messages."""
        self._path = path
        self._what = what
        self._stamp: tuple[int, int, int] | None = None

    def __call__(self) -> bytes | None:
        """Return its content if it has changed since it was last asked, else None.

        Raises:
            InvalidInput: It cannot be read; told once.
        """
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            stamp = (0, 0, 0)
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        return _content(self._path, self._what)


def _content(file: Path, what: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{what} {file} cannot be read: {error.strerror}", file=str(file)) from error
