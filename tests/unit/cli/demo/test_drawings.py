from decimal import Decimal

from vpp.cli.demo.drawings import draw_charts, offers_of
from vpp.cli.demo.kinds import KindDelivery
from vpp.cli.demo.results import DemoResults, EventResult
from vpp.cli.demo.statement_lines import StatementLine


def test_offers_are_filled_as_awarded(evening: EventResult) -> None:
    offers = offers_of(evening.bids, evening.awards, 4)
    assert [(offer.price_per_mwh, offer.offered_kw, offer.accepted_kw) for offer in offers] == [
        (120.0, 100.0, 100.0),
        (200.0, 80.0, 50.0),
    ]


def test_every_chart_of_the_day_is_drawn(day: DemoResults) -> None:
    line = StatementLine("owner", "north-1", "evening-peak", "ENERGY", Decimal("12.34"), "GBP", Decimal(100))
    charts = draw_charts(day, [line], [KindDelivery("battery", 3, 2, 120.0, 110.0)])
    assert [chart.name for chart in charts.main] == [
        "load_portfolio",
        "merit_order_evening-peak",
        "promised_delivered_by_kind",
        "money_by_site",
    ]
    assert [chart.name for chart in charts.by_site] == ["load_north-1", "load_north-2"]
    assert "12.34" in charts.main[-1].svg
