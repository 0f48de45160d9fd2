import pytest

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.rpc.wire.direction_field import direction_field, direction_value, named_direction
from vpp.v1 import buyer_pb2


@pytest.mark.parametrize("direction", Direction)
def test_a_direction_comes_back(direction: Direction) -> None:
    for written in (direction_value(direction), named_direction(direction)):
        assert direction_field(written, "bid.direction") is direction


def test_what_is_not_said_is_less_consumption() -> None:
    assert direction_field(buyer_pb2.DIRECTION_UNSPECIFIED, "bid.direction") is Direction.LOAD_DOWN
    assert direction_value(Direction.LOAD_DOWN) == buyer_pb2.DIRECTION_UNSPECIFIED
    assert named_direction(Direction.LOAD_DOWN) == buyer_pb2.DIRECTION_LOAD_DOWN


def test_what_nobody_knows_is_refused_by_its_path() -> None:
    with pytest.raises((InvalidInput, ValueError)):
        direction_field(17, "bid.direction")  # type: ignore[arg-type]  # no member
