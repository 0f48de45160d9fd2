"""A party that means no good, with whatever certificates it could get, and what the hub answers it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from support.certificates import Held, TestAuthority, uri
from support.hub_in_process import METHODS, message_class
from support.populated_hub import CALLERS, NOW
from support.role_matrix.canaries import canaries_of, found_in
from support.role_matrix.subjects import Subject
from support.tls_serving import name_of

from vpp.rpc.wire.time_fields import timestamp
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse, Hello

SELF, OWNER, OTHER = "agent-alder", "owner-alder", "birch"
"""The hostile site's agent, its owner, and the site that it is after."""
CALL_DEADLINE_S = 20.0
Metadata = Sequence[tuple[str, str]]
_PATHS = {path.rpartition("/")[2]: path for path in METHODS}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to.

    Attributes:
        code: Its status.
        text: The status's text.
        reason: Reason of its ErrorInfo; empty if it has none.
        content: Every byte that came, error details included.
        messages: What it answered.
    """

    code: grpc.StatusCode
    text: str
    reason: str = ""
    content: bytes = b""
    messages: tuple[Any, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether the call was served."""
        return self.code is grpc.StatusCode.OK

    @property
    def shown(self) -> str:
        """The status in few words."""
        return f"{self.code.name} {self.text}"[:110]


@dataclass
class Tenant:
    """Who attacks.

    Attributes:
        address: Where the hub listens.
        authority: The hub's authority: it signs for everybody, and some of what it signs should not count.
        subjects: Ids of what there is, by site: the attacker has been told them.
        leaks: Canaries of others that came in any answer so far.
    """

    address: str
    authority: TestAuthority
    subjects: Mapping[str, Subject]
    leaks: list[str] = field(default_factory=list)
    _held: dict[str, Held] = field(default_factory=dict)
    _channels: dict[str, grpc.aio.Channel] = field(default_factory=dict)

    def certificate(self, who: str) -> Held:
        """Return a caller's certificate, made at the first question."""
        if who not in self._held:
            self._held[who] = self.authority.issue(uri(name_of(CALLERS[who])))
        return self._held[who]

    def channel(self, who: str) -> grpc.aio.Channel:
        """Return a caller's connection."""
        if who not in self._channels:
            self._channels[who] = self.certificate(who).channel(self.address, self.authority)
        return self._channels[who]

    async def close(self) -> None:
        """Close every connection."""
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()

    async def ask(
        self,
        method: str,
        request: dict[str, Any] | Message | bytes | None = None,
        *,
        who: str | grpc.aio.Channel = SELF,
        metadata: Metadata = (),
    ) -> Answer:
        """Call a method, and look for what is nobody else's business in whatever comes back.

        Args:
            method: Its name without its service.
            request: In the form of JSON, as a message or as bytes.
            who: The caller, or a connection.
            metadata: Sent along.
        """
        path = _PATHS[method]
        content = _bytes_of(path, request)
        channel = self.channel(who) if isinstance(who, str) else who
        answer = await _answered(channel, path, content, metadata)
        if isinstance(who, str):
            found = found_in(answer.content, canaries_of(CALLERS[who]), content)
            self.leaks += [f"{method} as {who}: {leak}" for leak in found]
        return answer

    async def session(
        self,
        *said: ConnectRequest,
        site_id: str = "alder",
        who: str | grpc.aio.Channel = SELF,
        waits_s: float = 1.0,
        refusals: int = 0,
    ) -> tuple[grpc.StatusCode | None, str, list[ConnectResponse]]:
        """Open a session, say Hello for a site and more, and listen for a while, or for so many refusals.

        Returns:
            How it ended, None if it had not by then; the text; what came.
        """
        channel = self.channel(who) if isinstance(who, str) else who
        hello = Hello(
            site=f"sites/{site_id}", agent_version="hostile", agent_time=timestamp(NOW), reads_direction=True
        )
        call = channel.stream_stream(
            "/vpp.v1.SessionService/Connect",
            request_serializer=ConnectRequest.SerializeToString,
            response_deserializer=ConnectResponse.FromString,
        )()
        heard: list[ConnectResponse] = []

        async def listen() -> None:
            while (response := await call.read()) is not grpc.aio.EOF:
                heard.append(response)
                is_refusal = response.WhichOneof("message") == "refusal"
                if refusals and is_refusal and sum(one.HasField("refusal") for one in heard) >= refusals:
                    raise TimeoutError

        try:
            await call.write(ConnectRequest(hello=hello))
            for request in said:
                await call.write(request)
            async with asyncio.timeout(waits_s):
                await listen()
        except TimeoutError:
            call.cancel()
            return None, "", heard
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass
        return await call.code(), str(await call.details()), heard


def _bytes_of(path: str, request: dict[str, Any] | Message | bytes | None) -> bytes:
    if isinstance(request, bytes):
        return request
    if isinstance(request, Message):
        return request.SerializeToString()
    message = message_class(path)()
    json_format.ParseDict(request or {}, message)
    return bytes(message.SerializeToString())


async def _answered(channel: grpc.aio.Channel, path: str, content: bytes, metadata: Metadata) -> Answer:
    method = METHODS[path]
    make = channel.unary_stream if method.server_streaming else channel.unary_unary
    call = make(path, request_serializer=bytes, response_deserializer=bytes)(
        content, metadata=tuple(metadata), timeout=CALL_DEADLINE_S
    )
    received: list[bytes] = []
    try:
        if method.server_streaming:
            async for piece in call:
                received.append(piece)
                if len(received) >= 3:
                    call.cancel()
                    break
        else:
            received.append(await call)
    except grpc.aio.AioRpcError as error:
        details = b"".join(
            value.encode() if isinstance(value, str) else value
            for _, value in error.trailing_metadata() or ()
        )
        text = error.details() or ""
        return Answer(error.code(), text, _reason(error), text.encode() + details)
    output = GetMessageClass(method.output_type)
    messages = tuple(output.FromString(piece) for piece in received)
    return Answer(grpc.StatusCode.OK, "", "", b"".join(received), messages)


def _reason(error: grpc.aio.AioRpcError) -> str:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            info = error_details_pb2.ErrorInfo()
            content = value if isinstance(value, bytes) else value.encode()
            for detail in status_pb2.Status.FromString(content).details:
                if detail.Unpack(info):
                    return info.reason
    return ""
