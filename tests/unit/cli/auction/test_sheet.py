from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpp.cli.charts.auction_kinds import ResourceKind
from vpp.cli.charts.auction_merit import MeritOrder, OfferPart, draw_merit_order
from vpp.cli.charts.auction_price import PriceTrace, draw_prices
from vpp.cli.charts.auction_stack import AwardStack, draw_stack
from vpp.cli.charts.auction_time import Horizon

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
MERIT = MeritOrder(
    title="Offers",
    parts=(
        OfferPart(ResourceKind.STEPS, 80.0, 600.0, is_taken=True),
        OfferPart(ResourceKind.BLOCK, 150.0, 400.0, is_taken=True),
        OfferPart(ResourceKind.STORE, 60.0, 900.0, is_taken=False),
    ),
    target_kw=1000.0,
    target_label="target",
    shortfall_kw=0.0,
    price_per_mwh=150.0,
    price_label="clearing price",
    currency="GBP",
    unit="kW",
    what="reduction",
)


@pytest.fixture
def axes() -> Axes:
    return Figure().add_axes((0.1, 0.1, 0.8, 0.8))


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_price_target_and_what_is_cut_off_are_named(axes: Axes) -> None:
    draw_merit_order(axes, MERIT)
    assert {"clearing price 150.00 GBP/MWh", "target 1,000 kW"} <= set(texts(axes))
    # 1900 kW are offered, drawn to half as far again as the target
    assert "400.0 kW more not taken \N{RIGHTWARDS ARROW}" in texts(axes)


def test_a_price_far_above_every_offer_does_not_press_them_flat(axes: Axes) -> None:
    draw_merit_order(axes, replace(MERIT, price_per_mwh=3000.0, shortfall_kw=250.0))
    assert axes.get_ylim()[1] < 300
    assert "clearing price 3,000.00 GBP/MWh \N{UPWARDS ARROW} far above" in texts(axes)
    assert "target 1,000 kW, 250 kW unserved" in texts(axes)


def test_offers_below_zero_are_inside_the_frame(axes: Axes) -> None:
    cheap = OfferPart(ResourceKind.STEPS, -20.0, 100.0, is_taken=True)
    draw_merit_order(axes, replace(MERIT, parts=(cheap, *MERIT.parts)))
    assert axes.get_ylim()[0] <= -20


def test_what_was_taken_stands_left_and_each_side_is_in_order(axes: Axes) -> None:
    draw_merit_order(axes, MERIT)
    spans = {}
    for collection in axes.collections:
        for path in collection.get_paths():
            corners = path.get_extents()
            spans[float(corners.y1)] = (float(corners.x0), float(corners.x1))
    assert spans == {80.0: (0.0, 600.0), 150.0: (600.0, 1000.0), 60.0: (1000.0, 1900.0)}


def trace(count: int, *, unserved: int = 0) -> PriceTrace:
    prices = np.full(count, 100.0)
    prices[:unserved] = 3000.0
    return PriceTrace(
        horizon=Horizon(NOON, QUARTER, count, count + 4),
        price_per_mwh=prices,
        lowest_per_mwh=np.zeros(count + 4),
        highest_per_mwh=np.full(count + 4, 120.0),
        is_unserved=prices > 200.0,
        cap_per_mwh=3000.0,
        currency="GBP",
    )


def test_unserved_intervals_are_marked_and_the_cap_is_named(axes: Axes) -> None:
    draw_prices(axes, trace(8, unserved=3))
    assert axes.get_ylim()[1] < 200
    marks = [line for line in axes.lines if line.get_marker() == "^"]
    assert [len(np.asarray(line.get_xdata())) for line in marks] == [3]
    legend = axes.get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["all zones", "lowest to highest zone", "unserved: cap 3,000"]


def test_prices_all_at_the_cap_are_inside_the_frame(axes: Axes) -> None:
    draw_prices(axes, replace(trace(4, unserved=4), highest_per_mwh=np.zeros(0), lowest_per_mwh=np.zeros(0)))
    assert axes.get_ylim()[1] > 3000


@pytest.mark.parametrize("count", [1, 24, 96])
def test_a_stack_reaches_the_target_less_the_shortfall(axes: Axes, count: int) -> None:
    power = np.full(count + 4, 300.0)
    picture = AwardStack(
        horizon=Horizon(NOON, QUARTER, count, count + 4),
        served_kw={ResourceKind.STEPS: power, ResourceKind.STORE: power},
        against_kw={ResourceKind.STORE: power / 3},
        target_kw=np.full(count, 700.0),
        margin_kw=np.zeros(count),
        shortfall_kw=np.full(count, 200.0),
        unit="kW",
        what="reduction",
    )
    draw_stack(axes, picture)
    low, high = axes.get_ylim()
    assert low < -100
    assert high > 700
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    assert len(hatched) == count


def test_hours_are_labelled_over_midnight() -> None:
    horizon = Horizon(datetime(2026, 3, 2, 22, tzinfo=UTC), timedelta(hours=1), 4, 4)
    assert horizon.dates() == "2026-03-02 to 2026-03-03"
    assert horizon.edges().tolist() == [22.0, 23.0, 24.0, 25.0, 26.0]
    assert Horizon(NOON, QUARTER, 48, 48).dates() == "2026-03-02"
