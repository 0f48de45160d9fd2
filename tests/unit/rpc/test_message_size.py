import asyncio

import pytest
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from vpp.rpc.malformed import Malformed, tolerant
from vpp.rpc.message_size import measured, message_bytes


async def test_each_task_sees_its_own_message() -> None:
    async def read(size: int) -> int:
        measured(bytes)(b"x" * size)
        await asyncio.sleep(0)  # noqa: TID251  others have their turn
        return message_bytes()

    assert await asyncio.gather(*[read(size) for size in (1, 1000, 0)]) == [1, 1000, 0]


def test_bytes_that_are_no_message_have_a_size_as_well() -> None:
    parse = measured(tolerant(Timestamp.FromString))
    assert isinstance(parse(b"\xff" * 77), Malformed)
    assert message_bytes() == 77
    with pytest.raises(DecodeError):
        measured(Timestamp.FromString)(b"\xff")
    assert message_bytes() == 1
