"""Who is calling: proved by a certificate, or on loopback by a token; kept for the length of the call."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cache
from typing import Protocol

from google.protobuf import descriptor_pool

from vpp.foundation.errors import BrokenPromise, NotAuthenticated
from vpp.rpc.interception import Call, Context, HandlerInterceptor
from vpp.rpc.live_calls import NOT_AUTHENTICATED, Identity, LiveCalls
from vpp.rpc.standing import Standing
from vpp.workflows.acting import act_as, actor
from vpp.workflows.identity import Principal

_SCHEME = "bearer "
_identity: ContextVar[Identity | None] = ContextVar("vpp_identity", default=None)


def caller() -> Principal:
    """Return who is calling."""
    principal = actor()
    if principal is None:
        raise BrokenPromise("a servicer was reached without an identity")
    return principal


def identity() -> Identity:
    """Return who is calling and what proves it."""
    found = _identity.get()
    if found is None:
        raise BrokenPromise("a servicer was reached without an identity")
    return found


def token_digest(token: str) -> str:
    """Return what the settings hold in a token's place: its SHA-256, in hexadecimal.

    Example:
        >>> token_digest("open-sesame")[:8]
        'd7ecdf25'
    """
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def lasts(method: str) -> bool:
    """Tell whether a call of a method may last: one side or both send more than one message.

    What the schema says counts: an inner interceptor may serve a single answer as a stream of one.

    Example:
        >>> lasts("/vpp.v1.EventService/WatchEvent"), lasts("/vpp.v1.EventService/GetEvent")
        (True, False)
    """
    service, _, name = method.removeprefix("/").rpartition("/")
    found = descriptor_pool.Default().FindServiceByName(service).FindMethodByName(name)
    return bool(found.client_streaming or found.server_streaming)


class Authenticator(Protocol):
    """Finds out who is calling."""

    def authenticate(self, call: Call, context: Context) -> Identity:
        """Return the caller; raises NotAuthenticated if nobody who may call is proved."""
        ...


class TokenAuthenticator:
    """Finds the principal that a bearer token proves: without TLS, and so on loopback alone."""

    def __init__(self, principals: Mapping[str, Principal], standing: Standing) -> None:
        """Keep the principals.

        Args:
            principals: SHA-256 of the token, in hexadecimal, to whom it proves.
            standing: Who is refused.
        """
        self._principals = {digest.lower(): principal for digest, principal in principals.items()}
        self._standing = standing

    def authenticate(self, call: Call, context: Context) -> Identity:
        """Return the caller.

        The digest is looked up, which takes as long for ten thousand principals as for one. How close
        a guess came does not show in the time taken: nobody can choose the first characters of a
        digest without knowing a token of that digest.

        Raises:
            NotAuthenticated: There is no token, it is unknown, or its principal is suspended; the text
                does not say which tokens there are.
        """
        del context
        header = call.metadata.get("authorization", "")
        if not isinstance(header, str) or not header.lower().startswith(_SCHEME):
            raise NotAuthenticated(
                "authorization is missing, expected metadata `authorization: Bearer <token>`"
            )
        known = self._principals.get(token_digest(header[len(_SCHEME) :].strip()))
        if known is None:
            raise NotAuthenticated("the token is unknown")
        if self._standing.reason_against(known, None):
            raise NotAuthenticated(NOT_AUTHENTICATED)
        return Identity(known)


class IdentityInterceptor(HandlerInterceptor):
    """Refuses callers whose identity is not proved; tells everything inside who is calling."""

    def __init__(self, authenticator: Authenticator, live_calls: LiveCalls) -> None:
        """Keep the authenticator, and where calls are kept so that they can be ended."""
        self._authenticator = authenticator
        self._live_calls = live_calls

    @asynccontextmanager
    async def around(self, call: Call, context: Context) -> AsyncIterator[None]:
        """Set the caller for the length of the call."""
        found = self._authenticator.authenticate(call, context)
        act_as(found.principal)
        _identity.set(found)
        with self._live_calls.kept(found, call.method, is_stream=lasts(call.method)):
            yield
