"""Forecasts and sites' own plans on the wire."""

import pandas as pd

from vpp.foundation.names import name
from vpp.rpc.wire.telemetry import plain_series
from vpp.rpc.wire.time_fields import timestamp
from vpp.telemetry.grid import metering_step
from vpp.v1 import baseline_pb2 as pb
from vpp.v1 import telemetry_pb2
from vpp.workflows.forecast_records import ForecastKind, ForecastRecord, SitePlanRecord
from vpp.workflows.portfolio_forecasting import PortfolioView


def forecast_kind(value: pb.Forecast.Kind.ValueType) -> ForecastKind | None:
    """Read which kind of forecast is meant; None if any.

    Example:
        >>> forecast_kind(pb.Forecast.KIND_INTRADAY)
        <ForecastKind.INTRADAY: 'intraday'>
    """
    text = pb.Forecast.Kind.Name(value).removeprefix("KIND_")
    return None if text == "UNSPECIFIED" else ForecastKind[text]


def forecast_message(record: ForecastRecord) -> pb.Forecast:
    """Write a load forecast."""
    start, step = record.horizon.start, record.step
    return pb.Forecast(
        site=name("sites", record.site_id),
        create_time=timestamp(record.made_at),
        method=record.method,
        p10=plain_series(record.p10_kw, start, step),
        p50=plain_series(record.p50_kw, start, step),
        p90=plain_series(record.p90_kw, start, step),
        kind=pb.Forecast.Kind.Value(f"KIND_{record.kind.name}"),
        notes=record.notes,
    )


def portfolio_message(view: PortfolioView) -> pb.PortfolioForecast:
    """Write what several sites together are expected to use."""
    forecast = view.forecast
    return pb.PortfolioForecast(
        sites=[name("sites", site_id) for site_id in forecast.site_ids],
        missing_sites=[name("sites", site_id) for site_id in view.missing_sites],
        create_time=timestamp(view.made_at),
        p10=_series(forecast.p10_kw),
        p50=_series(forecast.p50_kw),
        p90=_series(forecast.p90_kw),
        error_day_count=forecast.error_day_count,
        notes=forecast.notes,
    )


def plan_message(record: SitePlanRecord) -> pb.LoadPlan:
    """Write the load that a site plans."""
    return pb.LoadPlan(
        site=name("sites", record.site_id),
        plan=plain_series(record.plan_kw, record.start_at, record.step),
        create_time=timestamp(record.received_at),
    )


def _series(load_kw: pd.Series) -> telemetry_pb2.PowerSeries:
    values_kw = tuple(float(value) for value in load_kw)
    return plain_series(values_kw, load_kw.index[0].to_pydatetime(), metering_step(load_kw))
