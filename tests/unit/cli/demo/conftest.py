"""A day of two sites, made of wire messages: north-1 reduces by 100 kW, north-2 refuses."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from vpp.cli.demo.results import DemoResults, EventResult
from vpp.cli.wire_values import instant_to_wire, interval_to_wire, money_to_wire
from vpp.foundation.interval import Interval
from vpp.v1 import auction_pb2, baseline_pb2, event_pb2, portfolio_pb2, telemetry_pb2

Told = event_pb2.Instruction
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
EVENING = Interval(MIDNIGHT + timedelta(hours=17), MIDNIGHT + timedelta(hours=18))
GRID = pd.date_range(MIDNIGHT, periods=96, freq="15min", tz="UTC")
WINDOW = pd.date_range(EVENING.start, EVENING.end, freq="15min", inclusive="left")
SITES = ("sites/north-1", "sites/north-2")


def series(level_kw: float) -> telemetry_pb2.PowerSeries:
    part = telemetry_pb2.PowerSeries(start_time=instant_to_wire(MIDNIGHT), net_power_kw=[level_kw] * 96)
    part.sample_interval.FromTimedelta(timedelta(minutes=15))
    return part


def bid(name: str, price: str, reduction_kw: float, reason: str) -> auction_pb2.Bid:
    step = auction_pb2.PriceStep(
        reduction_kw=reduction_kw, price_per_mwh=money_to_wire(Decimal(price), "GBP")
    )
    return auction_pb2.Bid(
        name=f"bids/{name}",
        reason=reason,
        step_offer=auction_pb2.StepOffer(intervals=[auction_pb2.StepList(steps=[step])]),
    )


@pytest.fixture
def evening() -> EventResult:
    price = money_to_wire(Decimal(200), "GBP")
    return EventResult(
        event=event_pb2.Event(
            name="events/evening-peak",
            state=event_pb2.Event.STATE_SETTLED,
            delivery_interval=interval_to_wire(EVENING),
            target_reduction_kw=[150.0] * 4,
            awarded_reduction_kw=[150.0] * 4,
        ),
        product=portfolio_pb2.Product(currency_code="GBP", band_full_ratio=0.5, band_cap_ratio=1.2),
        clearing=auction_pb2.Clearing(
            status="OPTIMAL",
            clearing_price_per_mwh=[price] * 4,
            document_json=json.dumps(
                {
                    "outcomes": [
                        {"bid": "bids/one", "reason": "ACCEPTED_IN_FULL"},
                        {"bid": "bids/two", "reason": "ACCEPTED_IN_PART"},
                        {"bid": "bids/standing", "reason": "REJECTED_NOT_NEEDED"},
                    ]
                }
            ),
        ),
        bids=[bid("one", "120", 100.0, "ACCEPTED_IN_FULL"), bid("two", "200", 80.0, "")],
        awards=[
            auction_pb2.Award(name="awards/a", bid="bids/one", reduction_kw=[100.0] * 4),
            auction_pb2.Award(name="awards/b", bid="bids/two", reduction_kw=[50.0] * 4),
        ],
        instructions=[
            event_pb2.Instruction(
                name=f"instructions/evening-peak-m0-{site.removeprefix('sites/')}",
                site=site,
                target_reduction_kw=[target] * 4,
                state=state,
                reason=reason,
            )
            for site, target, state, reason in (
                (
                    SITES[0],
                    100.0,
                    event_pb2.Instruction.STATE_COMPLETED,
                    event_pb2.Instruction.REASON_UNSPECIFIED,
                ),
                (
                    SITES[1],
                    50.0,
                    event_pb2.Instruction.STATE_REFUSED,
                    event_pb2.Instruction.REASON_MAINTENANCE,
                ),
            )
        ],
        baseline_kw={SITES[0]: pd.Series(1000.0, index=WINDOW), SITES[1]: pd.Series(500.0, index=WINDOW)},
    )


@pytest.fixture
def day(evening: EventResult) -> DemoResults:
    first, second = pd.Series(1000.0, index=GRID), pd.Series(500.0, index=GRID)
    first.loc[WINDOW] = 900.0
    second.iloc[-4:] = np.nan
    return DemoResults(
        sites=[portfolio_pb2.Site(name=site, party="parties/owner") for site in SITES],
        load_kw={SITES[0]: first, SITES[1]: second},
        forecasts={
            SITES[0]: baseline_pb2.Forecast(
                method="mix", p10=series(950.0), p50=series(1010.0), p90=series(1050.0)
            )
        },
        events=[evening],
        statements=[],
        files=[],
    )
