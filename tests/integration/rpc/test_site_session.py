"""A session's core as a simulation calls it: no event loop, a manual clock, messages in and out."""

import logging
from datetime import timedelta

import pytest
from support.driven_session import DrivenSession, session_parts
from support.market import FIVE, GATE, NOON, Market, agent_of
from support.serving import PRINCIPALS

from vpp.foundation.errors import InvalidInput, NotFound, NotPermitted
from vpp.rpc.wire.time_fields import duration, timestamp
from vpp.v1.session_pb2 import Acknowledgement, ConnectRequest, Heartbeat, Hello
from vpp.v1.telemetry_pb2 import METER_QUALITY_OK, TelemetryBatch


def session_of(market: Market, site_id: str = "a") -> DrivenSession:
    return DrivenSession.begin(market.units, agent_of(site_id), session_parts(market.units, market.clock))


def hello(site_id: str = "a", resume_sequence: int = 0, *, skew: timedelta = timedelta(0)) -> ConnectRequest:
    message = Hello(site=f"sites/{site_id}", resume_sequence=resume_sequence)
    message.agent_time.CopyFrom(timestamp(NOON - skew))
    return ConnectRequest(hello=message)


@pytest.fixture
def site_a(market: Market) -> Market:
    market.enrol("a", days=1)
    return market


def test_a_session_from_hello_to_the_last_acknowledgement(site_a: Market) -> None:
    session = session_of(site_a)
    assert session.due_deliveries() == []
    (welcome,) = session.handle(hello())
    assert welcome.WhichOneof("message") == "welcome"
    assert session.due_deliveries() == []
    site_a.open_auction()
    site_a.bid("a", 150.0, "50")
    site_a.advance(GATE)
    first = session.due_deliveries()
    assert [one.delivery.sequence for one in first] == [1, 2, 3]
    assert first[1].delivery.award_notice.awards[0].price_per_mwh[0].currency_code == "GBP"
    assert session.due_deliveries() == []  # sent on this stream, and not for long
    site_a.clock.advance_to(GATE + timedelta(seconds=29))
    assert session.due_deliveries() == []
    site_a.clock.advance_to(GATE + timedelta(seconds=38))
    again = session.due_deliveries()
    assert [one.delivery.sequence for one in again] == [1, 2, 3]
    assert {one.delivery.issue_time.seconds for one in again} == {first[0].delivery.issue_time.seconds + 38}
    assert session.handle(ConnectRequest(acknowledgement=Acknowledgement(held_sequence=2))) == []
    site_a.clock.advance_to(GATE + timedelta(seconds=38 + 38))  # an answer begins the waits anew
    assert [one.delivery.sequence for one in session.due_deliveries()] == [3]
    resumed = session_of(site_a)
    resumed.handle(hello(resume_sequence=3))
    assert resumed.due_deliveries() == []


def test_readings_are_kept_before_they_are_acknowledged(site_a: Market) -> None:
    session = session_of(site_a)
    (welcome,) = session.handle(hello())
    sequence = welcome.welcome.telemetry_sequence + 1
    batch = TelemetryBatch(sequence=sequence, quality=METER_QUALITY_OK)
    batch.power_series.start_time.CopyFrom(timestamp(NOON - FIVE))
    batch.power_series.sample_interval.CopyFrom(duration(FIVE))
    batch.power_series.net_power_kw.append(700.0)
    (answer,) = session.handle(ConnectRequest(telemetry=batch))
    assert answer.telemetry_acknowledgement.held_sequence == sequence
    with site_a.units(write=False) as uow:
        assert uow.telemetry.held_sequence("a") == sequence


@pytest.mark.parametrize("skew_s", [-3600.0, -2.1, 2.1, 3600.0])
def test_clocks_that_differ_are_reported(
    site_a: Market, skew_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    session = session_of(site_a)
    with caplog.at_level(logging.WARNING):
        session.handle(hello(skew=timedelta(seconds=skew_s)))
    assert session.session.clock_skew == timedelta(seconds=skew_s)
    assert f"clock of agent-a differs by {skew_s:.1f} s" in caplog.text
    session.handle(ConnectRequest(heartbeat=Heartbeat(agent_time=timestamp(NOON))))
    assert session.session.clock_skew == timedelta(0)


def test_a_site_that_has_not_been_enrolled_is_told_so(market: Market) -> None:
    with pytest.raises(NotFound, match="sites/a does not exist"):
        session_of(market).handle(hello())
    with pytest.raises(NotPermitted):
        session_of(market).handle(hello("b"))


@pytest.mark.parametrize(
    "request_",
    [ConnectRequest(), ConnectRequest(heartbeat=Heartbeat(agent_time=timestamp(NOON)))],
    ids=["empty", "heartbeat"],
)
def test_nothing_comes_before_the_hello(site_a: Market, request_: ConnectRequest) -> None:
    with pytest.raises(InvalidInput, match="expected hello"):
        session_of(site_a).handle(request_)


def test_an_empty_message_is_refused(site_a: Market) -> None:
    session = session_of(site_a)
    session.handle(hello())
    (answer,) = session.handle(ConnectRequest())
    assert answer.refusal.reason == "INVALID_INPUT"


def test_the_principals_of_the_served_market_have_one_agent_per_site() -> None:
    assert {principal.site_id for principal in PRINCIPALS.values()} == {None, "a", "b"}
