from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.made_certificates import OPERATOR, issued, new_authority

from vpp.cli.connection import HubAddress, HubConnection, TlsFiles, connect
from vpp.foundation.errors import InvalidInput
from vpp.v1.portfolio_pb2 import ListSitesRequest, ListSitesResponse

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(("trace_parent", "sent"), [(None, []), (lambda: PARENT, [("traceparent", PARENT)])])
def test_a_call_carries_the_token_and_the_trace_if_there_is_one(
    trace_parent: Callable[[], str] | None, sent: list[tuple[str, str]]
) -> None:
    told: list[Any] = []

    def method(request: ListSitesRequest, *, metadata: Any, timeout: float) -> ListSitesResponse:  # noqa: ANN401  a stub's
        del request, timeout
        told.append(list(metadata))
        return ListSitesResponse()

    with grpc.insecure_channel("127.0.0.1:1") as channel:
        HubConnection(channel, "open-sesame", trace_parent).call(method, ListSitesRequest())
    assert told == [[("authorization", "Bearer open-sesame"), *sent]]


def test_a_certificate_alone_may_say_who_calls() -> None:
    told: list[Any] = []

    def method(request: ListSitesRequest, *, metadata: Any, timeout: float) -> ListSitesResponse:  # noqa: ANN401  a stub's
        del request, timeout
        told.append(list(metadata))
        return ListSitesResponse()

    with grpc.insecure_channel("127.0.0.1:1") as channel:
        HubConnection(channel, None).call(method, ListSitesRequest())
    assert told == [[]]


def test_nothing_is_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(InvalidInput, match=r"hub hub\.example:443 is not this machine, expected mutual TLS"):
        connect(HubAddress("hub.example:443", "open-sesame"))


def test_a_certificate_that_has_ended_is_said_to_have(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca") as authority:
        issued(authority, OPERATOR, tmp_path / "operator")
    files = TlsFiles(tmp_path / "ca" / "ca.pem", tmp_path / "operator.pem", tmp_path / "operator.key")
    with pytest.raises(InvalidInput, match=r"operator\.pem ended at 2026-03-11T12:00Z; renew it"):
        connect(HubAddress("hub.example:443", None, files))
