"""Random books: sites of several owners in several events, with every quality and shape of delivery."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from support.products import shipped_rules

from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import PayRule
from vpp.portfolio.product import ProductProfile
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 20, 30, 60))


def exact(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=places, allow_nan=False, allow_infinity=False)


@st.composite
def products(draw: st.DrawFn, step: timedelta, currency: str) -> ProductProfile:
    low, full = sorted((draw(exact("0", "1", 2)), draw(exact("0", "1", 2))))
    return ProductProfile.model_validate(
        {
            "product_id": draw(st.sampled_from(["dawn", "dusk"])),
            "version": draw(st.integers(1, 3)),
            "display_name": "Random",
            "jurisdiction": "example",
            "status": "example",
            "time_zone": "UTC",
            "settlement_interval": step,
            "initial_statement_delay": "PT2H",
            "call": {
                "trigger": "day_ahead_auction",
                "direction": "load_down",
                "notice_min": "PT2H",
                "min_duration": "PT5M",
                "max_duration": "PT4H",
                "max_events_per_day": 2,
                "recovery_window": "PT2H",
            },
            "bid": {
                "min_bid_kw": 0.0,
                "increment_kw": 0.0,
                "price_floor_per_mwh": "0",
                "price_cap_per_mwh": "3000",
            },
            "baseline": {"rule": shipped_rules()["high-4-of-5"]},
            "money": {
                "currency": currency,
                "pay_rule": "as_clear",
                "band_low_ratio": low,
                "band_full_ratio": full,
                "band_cap_ratio": draw(exact("1", "2", 2)),
                "penalty_formula_id": draw(st.sampled_from(["none", "shortfall_at_price"])),
                "penalty_ratio": draw(exact("0", "3", 2)),
                "availability_price_per_kw_h": draw(st.sampled_from(["0", "0.0137", "2"])),
                "aggregator_fee_ratio": draw(exact("0", "1", 3)),
            },
            "provenance": {"source_tag": "D", "source": "random", "read_on": "2026-11-22"},
        }
    )


@st.composite
def measured_intervals(draw: st.DrawFn, site_id: str, interval: Interval) -> MeasuredInterval:
    quality = draw(st.sampled_from(list(MeterQuality)))
    baseline = draw(st.none() | exact("0", "900", 3))
    adjustment = draw(exact("-50", "50", 3))
    return MeasuredInterval(
        site_id=site_id,
        interval=interval,
        award_kw=draw(exact("0", "2000", 3)),
        target_kw=draw(exact("0", "2000", 3)),
        baseline_raw_kwh=None if baseline is None else baseline - adjustment,
        baseline_kwh=baseline,
        metered_kwh=None if quality is MeterQuality.MISSING else draw(exact("0", "900", 3)),
        quality=quality,
    )


@st.composite
def deliveries(draw: st.DrawFn, event_id: str, site_id: str, currency: str) -> SiteDelivery:
    step = draw(st.sampled_from(STEPS))
    count = draw(st.integers(1, 4))
    intervals = tuple(
        draw(measured_intervals(site_id, Interval(START + n * step, START + (n + 1) * step)))
        for n in range(count)
    )
    return SiteDelivery(
        event_id=event_id,
        product=draw(products(step, currency)),
        site_id=site_id,
        party_id=draw(st.sampled_from(["acme", "bolt"])),
        time_zone="UTC",
        meter_id=f"meter-{site_id}",
        award_ids=(f"{event_id}-{site_id}",),
        dispatch_id=f"{event_id}-m0-{site_id}",
        intervals=intervals,
        price_per_mwh=tuple(draw(exact("-100", "9000", 7)) for _ in range(count)),
        price_basis=PayRule.AS_CLEAR,
        local_starts=tuple(each.interval.start.isoformat() for each in intervals),
        operator_party_id="grid",
        make_whole=draw(st.sampled_from(["0", "0.005", "12.345"]).map(Decimal)),
    )


@st.composite
def books(draw: st.DrawFn, currency: str = "") -> list[SiteDelivery]:
    places = draw(
        st.lists(
            st.tuples(st.sampled_from(["dawn-1", "dusk-1"]), st.sampled_from(["east", "north", "west"])),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    settled_in = currency or draw(st.sampled_from(["GBP", "JPY", "CNY", "USD"]))
    return [draw(deliveries(event_id, site_id, settled_in)) for event_id, site_id in places]


@pytest.fixture(scope="session")
def random_books() -> Callable[..., st.SearchStrategy[list[SiteDelivery]]]:
    """The strategy of random books; a currency may be given."""
    return books
