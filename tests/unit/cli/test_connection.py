from collections.abc import Callable
from typing import Any

import grpc
import pytest

from vpp.cli.connection import HubConnection
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
        connection = HubConnection(channel, "open-sesame", trace_parent)
        connection.call(method, ListSitesRequest())
        connection.as_caller("other").call(method, ListSitesRequest())
    assert told == [[("authorization", f"Bearer {token}"), *sent] for token in ("open-sesame", "other")]
