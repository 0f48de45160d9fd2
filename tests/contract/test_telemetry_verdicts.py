"""Live readings are checked with numpy in place of protovalidate: the verdicts are the same."""

import math
from collections.abc import Callable

import pytest
from google.protobuf.duration_pb2 import Duration
from protovalidate import Validator

from vpp.foundation.errors import InvalidInput
from vpp.rpc.wire.telemetry import MAX_POWER_KW, MAX_READING_COUNT, batch
from vpp.v1.telemetry_pb2 import MeterQuality, TelemetryBatch

VALIDATOR = Validator()


def good() -> TelemetryBatch:
    message = TelemetryBatch(sequence=1, quality=MeterQuality.METER_QUALITY_OK)
    message.power_series.start_time.FromJsonString("2026-03-02T12:00:00Z")
    message.power_series.sample_interval.FromSeconds(60)
    message.power_series.net_power_kw.extend([1.0, -2.0, 0.0])
    return message


def with_values(*values_kw: float) -> Callable[[TelemetryBatch], None]:
    def change(message: TelemetryBatch) -> None:
        del message.power_series.net_power_kw[:]
        message.power_series.net_power_kw.extend(values_kw)

    return change


def with_interval(seconds: int, nanos: int = 0) -> Callable[[TelemetryBatch], None]:
    span = Duration(seconds=seconds, nanos=nanos)
    return lambda message: message.power_series.sample_interval.CopyFrom(span)


CASES: dict[str, Callable[[TelemetryBatch], object]] = {
    "as it should be": lambda _: None,
    "sequence 0": lambda message: setattr(message, "sequence", 0),
    "negative sequence": lambda message: setattr(message, "sequence", -1),
    "largest sequence": lambda message: setattr(message, "sequence", 2**63 - 1),
    "no series": lambda message: message.ClearField("power_series"),
    "no start": lambda message: message.power_series.ClearField("start_time"),
    "no interval": lambda message: message.power_series.ClearField("sample_interval"),
    "interval of 0": with_interval(0),
    "negative interval": with_interval(-1),
    "an hour": with_interval(3600),
    "more than an hour": with_interval(3600, 1000),
    "a millisecond": with_interval(0, 1_000_000),
    "no values": with_values(),
    "one value": with_values(5.0),
    "most values": with_values(*([1.0] * MAX_READING_COUNT)),
    "too many values": with_values(*([1.0] * (MAX_READING_COUNT + 1))),
    "not a number": with_values(1.0, math.nan),
    "infinite": with_values(math.inf),
    "minus infinite": with_values(1.0, 2.0, -math.inf),
    "at the upper limit": with_values(MAX_POWER_KW),
    "at the lower limit": with_values(-MAX_POWER_KW),
    "above the upper limit": with_values(math.nextafter(MAX_POWER_KW, math.inf)),
    "below the lower limit": with_values(math.nextafter(-MAX_POWER_KW, -math.inf)),
    "no quality": lambda message: setattr(message, "quality", 0),
    "unknown quality": lambda message: setattr(message, "quality", 5),
    "negative quality": lambda message: setattr(message, "quality", -1),
    "bad quality": lambda message: setattr(message, "quality", 4),
}


@pytest.mark.parametrize("change", CASES.values(), ids=CASES.keys())
def test_the_verdicts_agree(change: Callable[[TelemetryBatch], object]) -> None:
    message = good()
    change(message)
    violations = VALIDATOR.collect_violations(message)
    try:
        read = batch(message, "north")
    except InvalidInput:
        assert violations
    else:
        assert not violations
        assert read.net_power_kw.tolist() == list(message.power_series.net_power_kw)


def test_both_verdicts_occur() -> None:
    verdicts = set()
    for change in CASES.values():
        message = good()
        change(message)
        verdicts.add(bool(VALIDATOR.collect_violations(message)))
    assert verdicts == {True, False}
