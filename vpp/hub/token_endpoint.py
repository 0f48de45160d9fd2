"""Where callers get access tokens: HTTPS with mutual TLS, on a port of its own."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable

from aiohttp import web

from vpp.foundation.errors import InvalidInput, NotAuthenticated
from vpp.hub.oauth_settings import OauthSettings
from vpp.hub.token_issuer import KEYS_PATH, METADATA_PATH, TOKEN_PATH, Holder, TokenIssuer
from vpp.hub.token_tls import TokenTls
from vpp.rpc.rates import Rate

_log = logging.getLogger(__name__)
_HANDSHAKE_S = 3.0
_LONGEST_CONNECTION_S = 30.0
"""A connection lives no longer, whatever it does: to ask for a token takes a moment."""
_MOST_CONNECTIONS = 100
_LARGEST_REQUEST = 8192
_HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache", "Server": "vpp"}
"""Of every answer; without the last one, versions of libraries would be told."""
_UNKNOWN = 401
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TokenEndpoint:
    """Serves from `start` to `close`, on the hub's event loop."""

    def __init__(
        self,
        issuer: TokenIssuer,
        identify: Callable[[bytes], Holder],
        rate: Rate,
        tls: TokenTls,
    ) -> None:
        """Keep the parts.

        Args:
            issuer: Makes tokens.
            identify: Returns whom a certificate in DER proves; raises NotAuthenticated.
            rate: How often each caller may ask.
            tls: The present certificate, key and authorities.
        """
        self._issuer = issuer
        self._identify = identify
        self._rate = rate
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._runner: web.AppRunner | None = None

    async def start(self, settings: OauthSettings) -> int:
        """Begin to answer.

        Returns:
            The bound port.

        Raises:
            InvalidInput: The port is taken or the address is not this machine's.
        """
        app = web.Application(client_max_size=_LARGEST_REQUEST, middlewares=[_in_time])
        app.router.add_post(TOKEN_PATH, self._give_token)
        app.router.add_get(KEYS_PATH, self._show_keys)
        app.router.add_get(METADATA_PATH, self._show_metadata)
        self._runner = web.AppRunner(
            app, access_log=None, keepalive_timeout=_HANDSHAKE_S, shutdown_timeout=1.0
        )
        await self._runner.setup()
        serve = self._runner.server
        if serve is None:  # pragma: no cover  there is one after setup
            raise InvalidInput("the token endpoint has no server")

        def connected() -> asyncio.BaseProtocol:
            protocol = serve()
            asyncio.get_running_loop().call_later(_LONGEST_CONNECTION_S, _cut, protocol)
            return protocol

        address = f"{settings.listen_address}:{settings.port}"
        try:
            self._server = await asyncio.get_running_loop().create_server(
                connected,
                settings.listen_address,
                settings.port,
                ssl=self._context(),
                ssl_handshake_timeout=_HANDSHAKE_S,
                backlog=_MOST_CONNECTIONS,
            )
        except OSError as error:
            await self._runner.cleanup()
            raise InvalidInput(
                f"cannot listen on {address} for tokens: {error.strerror}", address=address
            ) from error
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _context(self) -> ssl.SSLContext:
        """Return what takes up the present certificate, key and authority at every connection."""
        context = self._tls.context()

        def take_up(connection: ssl.SSLObject, name: str | None, first: ssl.SSLContext) -> None:
            del name, first
            connection.context = self._tls.context()

        context.sni_callback = take_up
        return context

    async def _give_token(self, request: web.Request) -> web.StreamResponse:
        holder = self._holder(request)
        if not self._rate.take(holder.principal.principal_id):
            return _json(429, {"error": "temporarily_unavailable"}, {"Retry-After": "10"})
        if request.content_type != "application/x-www-form-urlencoded":
            return _json(415, {"error": "invalid_request"})
        try:
            form = await request.post()
        except (LookupError, ValueError):  # another charset than it says, or one that does not exist
            return _json(400, {"error": "invalid_request"})
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        if len(fields) != len(form):  # RFC 6749, section 3.2: no parameter more than once
            return _json(400, {"error": "invalid_request"})
        answer = self._issuer.answer(fields, holder)
        return _json(answer.status, answer.body, answer.headers)

    async def _show_keys(self, request: web.Request) -> web.StreamResponse:
        self._holder(request)
        return _json(200, self._issuer.keys)

    async def _show_metadata(self, request: web.Request) -> web.StreamResponse:
        self._holder(request)
        return _json(200, self._issuer.metadata)

    def _holder(self, request: web.Request) -> Holder:
        connection = request.transport.get_extra_info("ssl_object") if request.transport else None
        certificate = connection.getpeercert(binary_form=True) if connection is not None else None
        if certificate is None:
            raise web.HTTPUnauthorized
        try:
            return self._identify(certificate)
        except NotAuthenticated as error:
            _log.warning("gave no token: %s", error)
            raise web.HTTPUnauthorized from None


def _cut(protocol: asyncio.BaseProtocol) -> None:
    transport = getattr(protocol, "transport", None)
    if transport is not None:
        transport.abort()


def _json(status: int, body: object, headers: dict[str, str] | None = None) -> web.Response:
    more = {name: value for name, value in (headers or {}).items() if name != "Content-Type"}
    return web.json_response(body, status=status, headers=_HEADERS | more)


@web.middleware
async def _in_time(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer within the time of a handshake, and say nothing of what went wrong inside."""
    try:
        async with asyncio.timeout(_HANDSHAKE_S):
            return await handler(request)
    except web.HTTPException as error:
        reason = "invalid_client" if error.status == _UNKNOWN else "invalid_request"
        return _json(error.status, {"error": reason})
    except TimeoutError:
        return _json(408, {"error": "invalid_request"})
    except Exception:  # noqa: BLE001  this is the last place that can keep it from the caller
        _log.exception("the token endpoint failed")
        return _json(500, {"error": "server_error"})
