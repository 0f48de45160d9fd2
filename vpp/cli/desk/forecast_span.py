"""Small readings of forecasts on the wire that every command of them shows."""

from vpp.cli.output import state_name
from vpp.cli.wire_values import instant_from_wire
from vpp.foundation.interval import Interval
from vpp.v1 import baseline_pb2 as wire
from vpp.v1 import telemetry_pb2


def kind_name(forecast: wire.Forecast) -> str:
    """Return what a forecast was made for, for people: day ahead, intraday, on request."""
    return state_name(wire.Forecast.Kind, forecast.kind).removeprefix("KIND_").lower().replace("_", " ")


def covered_span(part: telemetry_pb2.PowerSeries) -> Interval:
    """Return what a series covers, UTC."""
    start = instant_from_wire(part.start_time)
    return Interval(start, start + len(part.net_power_kw) * part.sample_interval.ToTimedelta())


def covered_days(part: telemetry_pb2.PowerSeries) -> str:
    """Return what a series covers, for people."""
    covered = covered_span(part)
    return f"{covered.start:%Y-%m-%d %H:%M} to {covered.end:%Y-%m-%d %H:%M} UTC"
