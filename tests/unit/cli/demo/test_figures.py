from decimal import Decimal

import pytest

from vpp.cli.demo.figures import delivered_kwh, demo_figures, target_kwh
from vpp.cli.demo.results import DemoResults, EventResult


def test_energy_is_power_over_the_event(day: DemoResults, evening: EventResult) -> None:
    # North-1 delivers 100 kW for an hour; north-2 nothing of its 50 kW.
    assert delivered_kwh(day, evening) == 100.0
    assert target_kwh(evening) == 150.0


def test_the_numbers_of_the_day(day: DemoResults, evening: EventResult) -> None:
    figures = demo_figures(
        day, evening=evening, emergency=evening, paid_to_sites=Decimal("12.34"), wall_s=60.0
    )
    assert (figures.site_count, figures.bid_count) == (2, 2)
    assert (figures.target_kw, figures.awarded_kw, figures.delivered_kw) == (150.0, 150.0, 100.0)
    assert figures.clearing_price_per_mwh == 200.0
    # The forecast of 1010 kW misses 1000 kW by 1 % wherever no event was.
    assert figures.forecast.p50_mape_ratio == pytest.approx(0.01)
    assert figures.forecast.coverage_ratio == 1.0
    assert figures.document()["paid_to_sites"] == "12.34"
    assert ("energy delivered", "100 kWh (66.7%)") in [
        (line.label, line.value) for line in figures.headlines()
    ]
