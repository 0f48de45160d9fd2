"""Builds what finds out who is calling, and who is refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from vpp.foundation.clock import SystemClock
from vpp.hub.preparation import Prepared
from vpp.rpc.access_tokens import AccessTokens
from vpp.rpc.access_watch import AccessSource, AccessWatch
from vpp.rpc.certificate_authenticator import CertificateAuthenticator
from vpp.rpc.identity_interceptor import Authenticator, IdentityInterceptor, TokenAuthenticator
from vpp.rpc.live_calls import LiveCalls
from vpp.rpc.standing import Standing
from vpp.workflows.access import read_barred
from vpp.workflows.access_records import Barred


@dataclass(frozen=True, slots=True)
class Access:
    """What finds out who is calling.

    Attributes:
        authenticator: Proves a caller.
        interceptor: Asks it at every call.
        live_calls: The open streams.
        standing: Who is refused.
        watch: Looks who is refused from now on; a long-lived task.
        warnings: Returns what the hub's owner should see to.
        objections: Returns why nobody at all can call.
    """

    authenticator: Authenticator
    interceptor: IdentityInterceptor
    live_calls: LiveCalls
    standing: Standing
    watch: AccessWatch
    warnings: Callable[[], list[str]]
    objections: Callable[[], list[str]]


def compose_access(
    prepared: Prepared, flush: Callable[[], Awaitable[None]], tokens: AccessTokens | None = None
) -> Access:
    """Build it.

    Args:
        prepared: What the hub stands on.
        flush: Writes down how often denied calls were repeated.
        tokens: Checks access tokens; None takes none.

    Raises:
        VppError: It cannot be read who is refused, and so nobody can be served.
    """
    settings, credentials = prepared.settings.access, prepared.credentials
    # Certificates are dated in the world's time, whatever clock the market runs on.
    clock = SystemClock()
    standing = Standing(clock, settings.revocation_grace)
    live_calls = LiveCalls(standing, clock)
    sources = [AccessSource("the deny list", partial(read_barred, prepared.units), partial(_bar, standing))]
    authenticator: Authenticator = TokenAuthenticator(prepared.principals, standing)
    warnings, objections = standing.warnings, standing.objections
    if credentials is not None:
        credentials.tell(standing)
        sources.append(
            AccessSource("TLS", credentials.read, lambda content: credentials.take(content, standing))
        )
        authenticator = CertificateAuthenticator(
            prepared.known,
            trust_domain=prepared.settings.server.tls.trust_domain,
            standing=standing,
            tokens=tokens,
        )

        def warnings() -> list[str]:
            return [*credentials.warnings(), *standing.warnings()]

        def objections() -> list[str]:
            return [*credentials.objections(), *standing.objections()]

    watch = AccessWatch(sources, live_calls, interval=settings.check_interval, warnings=warnings, flush=flush)
    watch.take()
    interceptor = IdentityInterceptor(authenticator, live_calls)
    return Access(authenticator, interceptor, live_calls, standing, watch, warnings, objections)


def _bar(standing: Standing, barred: Barred) -> None:
    standing.barred = barred
