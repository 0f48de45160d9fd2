"""Tries the hub's doors: who has no certificate stays out, and so does who has lost theirs."""

from dataclasses import dataclass
from typing import cast

import grpc

from vpp.cli.certs.authority import Authority
from vpp.cli.connection import HubAddress, HubConnection, TlsFiles, connect
from vpp.cli.demo.callers import VISITOR, Callers
from vpp.foundation.certificate_pair import read_pair
from vpp.foundation.clock import SystemClock, pause, stopwatch_s
from vpp.v1 import portfolio_pb2

_PATIENCE_S = 15.0
_POLL_S = 0.2
_CALL_S = 5.0


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """What became of those who tried.

    Attributes:
        certificate_count: Certificates with which others call.
        plaintext_answer: What a call without TLS was told; None if it was served.
        nameless_answer: What a call over TLS without a certificate was told; None if it was served.
        is_visitor_let_in: Whether a certificate was good before it was revoked.
        revoked_answer: What it was told afterwards; None if it was still served when patience ended.
        revoked_after_s: How long after the revocation, s of the machine.
    """

    certificate_count: int
    plaintext_answer: str | None
    nameless_answer: str | None
    is_visitor_let_in: bool
    revoked_answer: str | None
    revoked_after_s: float


async def try_doors(callers: Callers) -> DoorFacts:
    """Try to get in without TLS, without a certificate, and with one that is revoked.

    Args:
        callers: Those with certificates; the visitor's is revoked here.
    """
    files = callers.trust.files_of(VISITOR.principal_id)
    plaintext = _answer(HubConnection(grpc.insecure_channel(callers.address), None))
    nameless = _answer(HubConnection(_nameless_channel(callers.address, files), None))
    is_let_in = _answer(connect(HubAddress(callers.address, None, files))) is None
    with Authority.opened(callers.trust.authority_folder) as authority:
        serial = read_pair(files.certificate, files.key).serial
        authority.revoke(serial, "cessation_of_operation", SystemClock().now())
        certificate_count = len(authority.log.certificates) - 1  # the hub's own is no caller's
    revoked_s = stopwatch_s()
    while (answer := _answer(connect(HubAddress(callers.address, None, files)))) is None:
        if stopwatch_s() - revoked_s > _PATIENCE_S:
            break
        await pause(_POLL_S)
    return DoorFacts(certificate_count, plaintext, nameless, is_let_in, answer, stopwatch_s() - revoked_s)


def _nameless_channel(address: str, files: TlsFiles) -> grpc.Channel:
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(files.authority.read_bytes()))


def _answer(connection: HubConnection) -> str | None:
    """Ask for the products, over a connection of its own; returns why not, or None if they came."""
    try:
        connection.portfolio.ListProducts(portfolio_pb2.ListProductsRequest(), timeout=_CALL_S)
    except grpc.RpcError as error:
        return str(
            cast("grpc.Call", error).code().name
        )  # what a stub raises is both; the types do not say so
    else:
        return None
    finally:
        connection.close()
