import pytest

from vpp.agent.purpose import Purpose, purpose_of
from vpp.v1 import event_pb2


def test_every_purpose_of_the_wire_is_known() -> None:
    known = {purpose_of(value) for value in event_pb2.Event.Purpose.values()}
    assert known == set(Purpose)


def test_an_order_goes_before_a_market_a_market_before_a_test_and_a_dry_run_moves_nothing() -> None:
    ordered = sorted(Purpose, key=lambda purpose: -purpose.rank)
    assert ordered == [Purpose.MANDATORY, Purpose.MARKET, Purpose.TEST, Purpose.DRY_RUN]
    assert [purpose for purpose in Purpose if not purpose.moves_devices] == [Purpose.DRY_RUN]
    assert [purpose for purpose in Purpose if purpose.gives_way] == [Purpose.TEST]


def test_a_purpose_of_a_newer_hub_is_no_purpose() -> None:
    with pytest.raises(ValueError, match="no name defined"):
        purpose_of(99)  # type: ignore[arg-type]  # as an open enum on the wire may hold
