"""A whole agent bids what power costs in each interval of the window."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.agent_site import MORNING, Site, connected, invitation, start_site, write_site

from vpp.agent.wire import amount

TARIFF = """
tariff_id = "two-prices"
display_name = "Two prices"
status = "example"
source = "made up"
currency = "GBP"
time_zone = "Europe/London"

[[periods]]
name = "dear"
price_per_kwh = "{dear}"
clock = [{{ start = 00:00:00, end = 18:00:00 }}]

[[periods]]
name = "cheap"
price_per_kwh = "{cheap}"
clock = [{{ start = 18:00:00, end = 00:00:00 }}]
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    settings = write_site(tmp_path, tariff={"file": "tariff.toml"}, bidding__price_margin_ratio="0")
    (settings.folder / "tariff.toml").write_text(TARIFF.format(dear="0.30", cheap="0.10"))
    with connected(start_site(settings)) as running:
        yield running


def asked(site: Site) -> dict[str, list[Decimal]]:
    """Return the price per interval of every bid in steps, by resource; the window is 17:00 to 19:00."""
    site.run_until(MORNING + timedelta(minutes=10))
    site.deliver(invitation=invitation())
    bids = [request.bid for request in site.agent.due_bids(site.now)]
    return {
        bid.resource.rpartition("/")[2]: [
            amount(each.steps[0].price_per_mwh) for each in bid.step_offer.intervals if each.steps
        ]
        for bid in bids
        if bid.HasField("step_offer")
    }


def test_prices_differ_by_the_difference_of_the_tariff(site: Site) -> None:
    prices = asked(site)
    assert set(prices) >= {"batch", "bess"}
    for each in prices.values():
        dear, cheap = each[0], each[-1]
        assert set(each[:4]) == {dear}
        assert set(each[4:]) == {cheap}
        # 0.20 per kWh less saved after six: 200 per MWh more, unless the dear hours pay for themselves
        assert cheap - dear == 200 or (dear == 0 and cheap < 200)
    assert any(each[0] > 0 for each in prices.values())
