"""Who may call what, for every method of the wire: identity first, then the role, then the rules."""

from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub
from support.serving import PRINCIPALS, Served, bearer, reason_of

from vpp.rpc.roles import ALLOWED
from vpp.rpc.server import SERVICE_NAMES

METHODS = {
    f"/{service}/{method.name}": method
    for service in SERVICE_NAMES
    for method in descriptor_pool.Default().FindServiceByName(service).methods
}
DENIED = [
    (method, token)
    for method, allowed in sorted(ALLOWED.items())
    for token, principal in PRINCIPALS.items()
    if not principal.roles & allowed and not token.endswith("-b")
]


async def refuse(
    hub: Served, method: str, metadata: tuple[tuple[str, str], ...], content: bytes = b""
) -> grpc.aio.AioRpcError:
    """Call any method with bytes of any kind; it must refuse."""
    descriptor = METHODS[method]
    request = GetMessageClass(descriptor.input_type)
    answer = GetMessageClass(descriptor.output_type).FromString
    kind = ("stream" if descriptor.client_streaming else "unary") + (
        "_stream" if descriptor.server_streaming else "_unary"
    )
    make = getattr(hub.channel, kind)(method, lambda _: content, answer)
    call = make(
        iter([request()]) if descriptor.client_streaming else request(), metadata=metadata, timeout=20
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await (all_of(call) if descriptor.server_streaming else call)
    return refused.value


async def all_of(stream: AsyncIterator[object]) -> list[object]:
    return [message async for message in stream]


async def test_without_a_token_nobody_gets_anywhere(hub: Served) -> None:
    for method in METHODS:
        error = await refuse(hub, method, ())
        assert (error.code(), reason_of(error)) == (grpc.StatusCode.UNAUTHENTICATED, "NOT_AUTHENTICATED"), (
            method
        )


@pytest.mark.parametrize(
    "metadata",
    [
        bearer("unknown"),
        bearer(""),
        (("authorization", "operator"),),
        (("authorization", "Basic operator"),),
        (("token", "operator"),),
    ],
    ids=["unknown", "empty", "no scheme", "another scheme", "another key"],
)
async def test_what_proves_nothing_is_refused(hub: Served, metadata: tuple[tuple[str, str], ...]) -> None:
    error = await refuse(hub, "/vpp.v1.EventService/ListEvents", metadata)
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "operator" not in str(error.details())


async def test_a_role_that_is_not_allowed_is_refused_before_the_request_is_looked_at(hub: Served) -> None:
    assert len(DENIED) > 80
    for method, token in DENIED:  # an empty request breaks the rules of most methods
        error = await refuse(hub, method, bearer(token))
        assert (error.code(), reason_of(error)) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "NOT_PERMITTED",
        ), (method, token)


async def test_denied_calls_are_in_the_audit_record_once_a_minute(hub: Served) -> None:
    for _ in range(20):
        await refuse(hub, "/vpp.v1.AuctionService/CreateAuction", bearer("agent-a"))
    with hub.market.units(write=False) as uow:
        denied = [record for record in uow.audit.page(limit=10_000) if record.action == "denied"]
    assert [(record.actor, record.subject) for record in denied] == [
        ("agent-a", "/vpp.v1.AuctionService/CreateAuction")
    ]


async def test_bytes_that_are_no_message_are_invalid_and_only_for_those_who_may_call(hub: Served) -> None:
    for method, allowed in ALLOWED.items():
        token = next(token for token, principal in PRINCIPALS.items() if principal.roles & allowed)
        error = await refuse(hub, method, bearer(token), b"\xff\xff\xff")
        assert (error.code(), reason_of(error)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT"), method
    error = await refuse(hub, "/vpp.v1.EventService/GetEvent", (), b"\xff\xff\xff")
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_health_needs_no_token(hub: Served) -> None:
    stub = HealthStub(hub.channel)
    for service in ("", *SERVICE_NAMES):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=20)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_needs_no_token(hub: Served) -> None:
    requests = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    answers = ServerReflectionStub(hub.channel).ServerReflectionInfo(requests, timeout=20)
    async for answer in answers:
        listed = {service.name for service in answer.list_services_response.service}
        assert listed >= set(SERVICE_NAMES)


async def test_an_unknown_method_is_unimplemented(hub: Served) -> None:
    call = hub.channel.unary_unary("/vpp.v1.EventService/Nothing", lambda _: b"", lambda content: content)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call(None, metadata=bearer("operator"), timeout=20)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
