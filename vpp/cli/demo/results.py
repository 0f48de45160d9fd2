"""Everything the hub says about the demo's day, asked over gRPC after the last statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import numpy as np
import pandas as pd
from google.protobuf.duration_pb2 import Duration

from vpp.cli.connection import HubConnection
from vpp.cli.statement_files import download_statement
from vpp.cli.wire_series import series_from_wire
from vpp.cli.wire_values import (
    instant_to_wire,
    interval_from_wire,
    interval_to_wire,
)
from vpp.foundation.interval import Interval
from vpp.v1 import (
    auction_pb2,
    baseline_pb2,
    event_pb2,
    portfolio_pb2,
    settlement_pb2,
    telemetry_pb2,
)

STEP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class EventResult:
    """One event from its call to its statements.

    Attributes:
        event: The event.
        product: Its product's rules.
        clearing: How it was cleared.
        bids: Bids of its auction; of an emergency the standing ones.
        awards: What was bought.
        instructions: What sites were told, and what they answered.
        baseline_kw: Baseline by site, kW, labelled by interval starts.
    """

    event: event_pb2.Event
    product: portfolio_pb2.Product
    clearing: auction_pb2.Clearing
    bids: Sequence[auction_pb2.Bid]
    awards: Sequence[auction_pb2.Award]
    instructions: Sequence[event_pb2.Instruction]
    baseline_kw: Mapping[str, pd.Series]

    @property
    def delivery(self) -> Interval:
        """When delivery took place."""
        return interval_from_wire(self.event.delivery_interval)

    def target_kw(self, site: str) -> pd.Series:
        """Return what a site was told to reduce, kW; zero if it was told nothing."""
        index = pd.date_range(self.delivery.start, self.delivery.end, freq=STEP, inclusive="left")
        newest = max(
            (item for item in self.instructions if item.site == site),
            key=lambda item: item.modification_number,
            default=None,
        )
        values = np.zeros(len(index)) if newest is None else np.array(newest.target_reduction_kw)
        return pd.Series(values, index=index)


@dataclass(frozen=True, slots=True)
class DemoResults:
    """The demo's day as the hub tells it.

    Attributes:
        sites: The sites, by name.
        load_kw: Metered load of the delivery day by site, kW; NaN is a gap.
        forecasts: Day-ahead forecast of the delivery day by site; sites without one are left out.
        events: The day's events, in order of delivery.
        statements: Newest statements.
        files: Downloaded statement files.
    """

    sites: Sequence[portfolio_pb2.Site]
    load_kw: Mapping[str, pd.Series]
    forecasts: Mapping[str, baseline_pb2.Forecast]
    events: Sequence[EventResult]
    statements: Sequence[settlement_pb2.Statement]
    files: Sequence[Path]


def gather(hub: HubConnection, day: Interval, out: Path) -> DemoResults:
    """Ask the hub for everything, and download the statements.

    Args:
        hub: The connection.
        day: The delivery day.
        out: Where statements are written.
    """
    sites = hub.every(hub.portfolio.ListSites, portfolio_pb2.ListSitesRequest(), "sites")
    events = hub.every(hub.event.ListEvents, event_pb2.ListEventsRequest(), "events")
    statements = hub.every(
        hub.settlement.ListStatements, settlement_pb2.ListStatementsRequest(), "statements"
    )
    return DemoResults(
        sites=sites,
        load_kw={site.name: load_of(hub, site.name, day) for site in sites},
        forecasts=_forecasts(hub, sites, day),
        events=sorted((_event(hub, event) for event in events), key=lambda result: result.delivery),
        statements=statements,
        files=[path for statement in statements for path in download_statement(hub, statement.name, out)],
    )


def load_of(hub: HubConnection, site: str, span: Interval) -> pd.Series:
    """Ask for a site's metered load on the quarter-hour grid, kW; NaN is a gap."""
    request = telemetry_pb2.QueryReadingsRequest(
        site=site,
        interval=interval_to_wire(span),
        sample_interval=Duration(seconds=int(STEP.total_seconds())),
    )
    answer = hub.call(hub.telemetry.QueryReadings, request)
    grid = pd.date_range(span.start, span.end, freq=STEP, inclusive="left")
    load_kw = pd.Series(np.nan, index=grid)
    for part in answer.power_series:
        series = series_from_wire(part)
        load_kw.loc[series.index] = series.to_numpy()
    return load_kw


def _forecasts(
    hub: HubConnection, sites: Sequence[portfolio_pb2.Site], day: Interval
) -> dict[str, baseline_pb2.Forecast]:
    found = {}
    for site in sites:
        # Every site's civil day differs a little from the UTC day; its noon lies in both.
        request = baseline_pb2.GetForecastRequest(
            site=site.name,
            covered_time=instant_to_wire(day.start + timedelta(hours=12)),
            kind=baseline_pb2.Forecast.KIND_DAY_AHEAD,
        )
        try:
            found[site.name] = hub.call(hub.baseline.GetForecast, request)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
    return found


def _event(hub: HubConnection, event: event_pb2.Event) -> EventResult:
    baselines = hub.every(
        hub.baseline.ListBaselines, baseline_pb2.ListBaselinesRequest(event=event.name), "baselines"
    )
    bids = hub.every(hub.auction.ListBids, auction_pb2.ListBidsRequest(auction=event.auction), "bids")
    if not event.auction:
        bids = [bid for bid in bids if not bid.auction and bid.product == event.product]
    return EventResult(
        event=event,
        product=hub.call(hub.portfolio.GetProduct, portfolio_pb2.GetProductRequest(name=event.product)),
        clearing=hub.call(hub.auction.GetClearing, auction_pb2.GetClearingRequest(event=event.name)),
        bids=bids,
        awards=hub.every(hub.auction.ListAwards, auction_pb2.ListAwardsRequest(event=event.name), "awards"),
        instructions=hub.every(
            hub.event.ListInstructions, event_pb2.ListInstructionsRequest(event=event.name), "instructions"
        ),
        baseline_kw={baseline.site: series_from_wire(baseline.adjusted_series) for baseline in baselines},
    )
