"""Directions on the wire."""

from vpp.foundation.direction import Direction
from vpp.rpc.wire.enum_fields import member
from vpp.v1 import buyer_pb2 as pb


def direction_value(direction: Direction) -> pb.Direction.ValueType:
    """Write a direction; less consumption is left unsaid, so that reductions read as they always did."""
    return pb.DIRECTION_UNSPECIFIED if direction is Direction.LOAD_DOWN else named_direction(direction)


def named_direction(direction: Direction) -> pb.Direction.ValueType:
    """Write a direction in any case by its name."""
    return pb.Direction.Value(f"DIRECTION_{direction.name}")


def direction_field(number: pb.Direction.ValueType, field: str) -> Direction:
    """Read a direction; an unspecified one is LOAD_DOWN."""
    if number == pb.DIRECTION_UNSPECIFIED:
        return Direction.LOAD_DOWN
    return member(Direction, pb.Direction.Name(number), "DIRECTION_", field)
