"""`/metrics` for Prometheus, `/healthz` and `/readyz` for probes, over plain HTTP on a port of its own."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST

from vpp.foundation.errors import InvalidInput
from vpp.hub.observability_settings import MetricsSettings
from vpp.hub.readiness import Readiness
from vpp.rpc.hub_metrics import HubMetrics

_log = logging.getLogger(__name__)
PLAIN = "text/plain; charset=utf-8"
SLOWEST_S = 5.0
"""A client that sends or takes nothing for so long is cut."""
MOST_AT_ONCE = 16
"""Requests served side by side; more wait to be accepted."""
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application(metrics: HubMetrics, readiness: Readiness) -> Application:
    """Return the WSGI application.

    `/healthz` says that the process answers. `/readyz` says 200 if the hub is ready, else 503 with one
    reason a line. It is served by threads of its own, so that it can still tell of an event loop that
    hangs.
    """

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            start_response("405 Method Not Allowed", [("Content-Type", PLAIN), ("Allow", "GET, HEAD")])
            return [b"only GET and HEAD\n"]
        status, kind, content = _answer(environ.get("PATH_INFO", "/"), metrics, readiness)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(content)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

    return serve


def _answer(path: str, metrics: HubMetrics, readiness: Readiness) -> tuple[str, str, bytes]:
    if path == "/metrics":
        return "200 OK", CONTENT_TYPE_LATEST, metrics.exposition()
    if path == "/healthz":
        return "200 OK", PLAIN, b"ok\n"
    if path == "/readyz":
        reasons = readiness.reasons
        status = "503 Service Unavailable" if reasons else "200 OK"
        lines = [*(reasons or ["ready"]), *(f"see to: {remark}" for remark in readiness.remarks)]
        return status, PLAIN, ("\n".join(lines) + "\n").encode()
    return "404 Not Found", PLAIN, b"/metrics, /healthz or /readyz\n"


class _Handler(WSGIRequestHandler):
    timeout = SLOWEST_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  the names are the base's
        _log.debug(format, *args)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True  # a client that hangs does not keep the hub from ending

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  the base's
        self._room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  the base's
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  the base's
        del request, client_address
        _log.debug("a client of the metrics went away", exc_info=True)


class MetricsServer:
    """Serves in threads of its own from `start` to `close`."""

    def __init__(self, settings: MetricsSettings, metrics: HubMetrics, readiness: Readiness) -> None:
        """Listen; nobody is answered yet.

        Raises:
            InvalidInput: The port is taken or the address is not this machine's.
        """
        address = f"{settings.listen_address}:{settings.port}"
        try:
            self._server = make_server(
                settings.listen_address,
                settings.port or 0,
                application(metrics, readiness),
                server_class=_Server,
                handler_class=_Handler,
            )
        except OSError as error:
            raise InvalidInput(
                f"cannot listen on {address} for metrics: {error.strerror}", address=address
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="vpp-metrics", daemon=True)

    @property
    def port(self) -> int:
        """The bound port."""
        return int(self._server.server_port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
