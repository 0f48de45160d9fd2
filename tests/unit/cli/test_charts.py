import xml.etree.ElementTree as ET
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from vpp.cli.charts.load import EventTrace, load_chart
from vpp.cli.charts.merit_order import Offer, merit_order_chart
from vpp.cli.charts.money import SiteMoney, money_chart
from vpp.cli.charts.style import Chart
from vpp.foundation.direction import Direction

DAY = pd.date_range("2026-03-02", periods=96, freq="15min", tz="UTC")


def load(level_kw: float) -> pd.Series:
    return pd.Series(level_kw + np.sin(np.arange(96)), index=DAY)


def texts(chart: Chart) -> list[str]:
    root = ET.fromstring(chart.svg)  # noqa: S314  our own drawing
    return [(element.text or "").strip() for element in root.iter("{http://www.w3.org/2000/svg}text")]


def evening(level_kw: float) -> EventTrace:
    part = load(level_kw).iloc[68:76]
    return EventTrace("evening peak", part, part * 0 + 0.1 * level_kw)


@pytest.fixture
def portfolio() -> Chart:
    return load_chart("load_portfolio", "All sites", load(24_000.0), [evening(24_000.0)])


def test_a_chart_is_a_png_and_an_svg_that_parses(portfolio: Chart) -> None:
    assert portfolio.png.startswith(b"\x89PNG")
    assert portfolio.svg.startswith("<svg")
    assert {"All sites", "evening peak", "metered load", "baseline", "baseline less target"} <= set(
        texts(portfolio)
    )


def test_the_unit_follows_the_size(portfolio: Chart) -> None:
    small = load_chart("load_north-1", "north-1", load(800.0), [evening(800.0)], small=True)
    assert any(text.startswith("MW ") for text in texts(portfolio))
    assert any(text.startswith("kW ") for text in texts(small))


def test_a_target_of_more_load_lies_above_the_baseline_and_has_room() -> None:
    more = replace(evening(800.0), direction=Direction.LOAD_UP)
    less, raised = (
        load_chart("load_north-1", "north-1", load(800.0), [event]) for event in (evening(800.0), more)
    )
    assert "baseline and target" in texts(raised)
    assert "baseline less target" not in texts(raised)
    assert less.svg != raised.svg


def test_gaps_are_drawn_as_gaps() -> None:
    gappy = load(800.0)
    gappy.iloc[10:20] = np.nan
    assert load_chart("gappy", "gappy", gappy, []).png.startswith(b"\x89PNG")


def test_text_takes_the_readers_colour(portfolio: Chart) -> None:
    assert "currentColor" in portfolio.svg


def test_ids_of_two_drawings_in_one_page_never_meet(portfolio: Chart) -> None:
    other = load_chart("load_north-1", "north-1", load(800.0), [evening(800.0)])

    def ids(chart: Chart) -> set[str]:
        return {element.get("id", "") for element in ET.fromstring(chart.svg).iter()} - {""}  # noqa: S314  ours

    assert ids(portfolio)
    assert not ids(portfolio) & ids(other)


def test_the_same_day_gives_the_same_bytes(portfolio: Chart) -> None:
    again = load_chart("load_portfolio", "All sites", load(24_000.0), [evening(24_000.0)])
    assert (again.png, again.svg) == (portfolio.png, portfolio.svg)


def test_drawing_leaves_global_settings_alone() -> None:
    before = dict(mpl.rcParams)
    load_chart("load", "load", load(800.0), [])
    assert dict(mpl.rcParams) == before


def test_merit_order_states_price_and_target() -> None:
    offers = [Offer("bid-b", 200.0, 900.0, 300.0), Offer("bid-a", 50.0, 700.0, 700.0)]
    chart = merit_order_chart(
        "merit", "Offers", offers, target_kw=1000.0, clearing_price_per_mwh=200.0, currency="GBP"
    )
    assert "clearing price 200.00 GBP/MWh" in texts(chart)
    assert "target 1.00 MW" in texts(chart)


def test_a_market_without_offers_can_be_drawn() -> None:
    chart = merit_order_chart(
        "empty", "Offers", [], target_kw=100.0, clearing_price_per_mwh=0.0, currency="GBP"
    )
    assert "target 100 kW" in texts(chart)


def test_money_states_every_balance() -> None:
    chart = money_chart(
        "money",
        "Money",
        [SiteMoney("north-1", 120.5, -20.25), SiteMoney("north-2", 0.0, -5.0)],
        currency="GBP",
    )
    assert {"north-1", "north-2", "100.25", "-5.00"} <= set(texts(chart))
