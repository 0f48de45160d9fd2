"""Who is calling: proved by a bearer token, kept for the length of the call."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from vpp.foundation.errors import BrokenPromise, NotAuthenticated
from vpp.rpc.interception import Call, Context, HandlerInterceptor
from vpp.workflows.acting import act_as, actor
from vpp.workflows.identity import Principal

_SCHEME = "bearer "


def caller() -> Principal:
    """Return who is calling."""
    principal = actor()
    if principal is None:
        raise BrokenPromise("a servicer was reached without an identity")
    return principal


def token_digest(token: str) -> str:
    """Return what the settings hold in a token's place: its SHA-256, in hexadecimal.

    Example:
        >>> token_digest("open-sesame")[:8]
        'd7ecdf25'
    """
    return hashlib.sha256(token.encode()).hexdigest()


class Authenticator:
    """Finds the principal that a token proves."""

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        """Keep the principals.

        Args:
            principals: SHA-256 of the token, in hexadecimal, to whom it proves.
        """
        self._principals = {digest.lower(): principal for digest, principal in principals.items()}

    def authenticate(self, metadata: Mapping[str, str | bytes]) -> Principal:
        """Return the caller.

        The digest is looked up, which takes as long for ten thousand principals as for one. How close
        a guess came does not show in the time taken: nobody can choose the first characters of a
        digest without knowing a token of that digest.

        Raises:
            NotAuthenticated: There is no token, or it is unknown; the text does not say which
                tokens there are.
        """
        header = metadata.get("authorization", "")
        if not isinstance(header, str) or not header.lower().startswith(_SCHEME):
            raise NotAuthenticated(
                "authorization is missing, expected metadata `authorization: Bearer <token>`"
            )
        known = self._principals.get(token_digest(header[len(_SCHEME) :].strip()))
        if known is None:
            raise NotAuthenticated("the token is unknown")
        return known


class IdentityInterceptor(HandlerInterceptor):
    """Refuses callers without a known token; tells everything inside who is calling."""

    def __init__(self, authenticator: Authenticator) -> None:
        """Keep the authenticator."""
        self._authenticator = authenticator

    @asynccontextmanager
    async def around(self, call: Call, context: Context) -> AsyncIterator[None]:
        """Set the caller for the length of the call."""
        del context
        act_as(self._authenticator.authenticate(call.metadata))
        yield
