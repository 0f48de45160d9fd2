"""From the day's results to its charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from vpp.cli.charts.kinds import KindEnergy, kinds_chart
from vpp.cli.charts.load import EventTrace, load_chart
from vpp.cli.charts.merit_order import Offer, merit_order_chart
from vpp.cli.charts.money import SiteMoney, money_chart
from vpp.cli.charts.style import Chart
from vpp.cli.demo.kinds import KindDelivery
from vpp.cli.demo.results import DemoResults, EventResult
from vpp.cli.demo.statement_lines import StatementLine
from vpp.cli.output import last_part
from vpp.cli.wire_values import money_from_wire
from vpp.v1 import auction_pb2


@dataclass(frozen=True, slots=True)
class DemoCharts:
    """The day's charts.

    Attributes:
        main: Portfolio, merit orders, kinds of resource and money.
        by_site: Load of every site.
    """

    main: Sequence[Chart]
    by_site: Sequence[Chart]


def draw_charts(
    results: DemoResults, owner_lines: Sequence[StatementLine], kinds: Sequence[KindDelivery]
) -> DemoCharts:
    """Draw the day.

    Args:
        results: The day.
        owner_lines: Lines of the site owners' statements.
        kinds: What each kind of resource promised and delivered.
    """
    currency = results.events[0].product.currency_code
    main = [
        portfolio_chart(results),
        *merit_charts(results),
        kinds_of_resource_chart(kinds),
        money_by_site_chart(owner_lines, currency),
    ]
    return DemoCharts(main, site_charts(results))


def portfolio_chart(results: DemoResults) -> Chart:
    """Draw all sites together; a quarter of an hour counts only if every site was metered."""
    load_kw = pd.DataFrame(dict(results.load_kw)).sum(axis=1, skipna=False)
    events = [_trace(results, event, sorted(results.load_kw)) for event in results.events]
    return load_chart("load_portfolio", f"All {len(results.load_kw)} sites together", load_kw, events)


def site_charts(results: DemoResults) -> list[Chart]:
    """Draw every site with the events that it was called in."""
    charts = []
    for site in sorted(results.load_kw):
        load_kw = results.load_kw[site]
        events = [_trace(results, event, [site]) for event in results.events if site in event.baseline_kw]
        name = last_part(site)
        charts.append(load_chart(f"load_{name}", name, load_kw, events, small=True))
    return charts


def merit_charts(results: DemoResults) -> list[Chart]:
    """Draw each event's offers in order of price."""
    charts = []
    for event in results.events:
        prices = [money_from_wire(price) for price in event.clearing.clearing_price_per_mwh]
        name = last_part(event.event.name)
        charts.append(
            merit_order_chart(
                f"merit_order_{name}",
                f"Offers for {name.replace('-', ' ')}",
                offers_of(event.bids, event.awards, len(event.event.target_reduction_kw)),
                target_kw=float(np.mean(event.event.target_reduction_kw)),
                clearing_price_per_mwh=float(np.mean([float(price.amount) for price in prices])),
                currency=event.product.currency_code,
            )
        )
    return charts


def kinds_of_resource_chart(kinds: Sequence[KindDelivery]) -> Chart:
    """Draw what each kind of resource promised and delivered."""
    energies = [
        KindEnergy(each.kind.replace("_", " "), each.promised_kwh, each.delivered_kwh) for each in kinds
    ]
    return kinds_chart("promised_delivered_by_kind", "Promised and delivered by kind of resource", energies)


def money_by_site_chart(owner_lines: Sequence[StatementLine], currency: str) -> Chart:
    """Draw what the owners' statements pay and charge for each site."""
    sums: dict[str, list[Decimal]] = {}
    for line in owner_lines:
        paid_charged = sums.setdefault(line.site_id, [Decimal(0), Decimal(0)])
        paid_charged[line.amount < 0] += line.amount
    sites = [SiteMoney(site, float(paid), float(charged)) for site, (paid, charged) in sums.items()]
    return money_chart("money_by_site", "Money by site", sites, currency=currency)


def offers_of(
    bids: Sequence[auction_pb2.Bid], awards: Sequence[auction_pb2.Award], interval_count: int
) -> list[Offer]:
    """Turn bids into price steps, the cheapest of each bid accepted first.

    Args:
        bids: The bids; a standing bid's single list of steps holds for every interval.
        awards: The awards.
        interval_count: How many delivery intervals there are.
    """
    accepted_kw: dict[str, float] = {}
    for award in awards:
        accepted_kw[award.bid] = accepted_kw.get(award.bid, 0.0) + sum(award.reduction_kw) / interval_count
    offers = []
    for bid in bids:
        left_kw = accepted_kw.get(bid.name, 0.0)
        for price_per_mwh, offered_kw in _steps(bid, interval_count):
            taken_kw = min(left_kw, offered_kw)
            left_kw -= taken_kw
            offers.append(Offer(last_part(bid.name), price_per_mwh, offered_kw, taken_kw))
    return offers


def _steps(bid: auction_pb2.Bid, interval_count: int) -> list[tuple[float, float]]:
    """List a bid's prices with the mean reduction over delivery that is offered at each."""
    if bid.HasField("block_offer"):
        block = bid.block_offer
        reduced_kw = [max(power, 0.0) for power in block.profile_kw[:interval_count]]
        return [(float(money_from_wire(block.price_per_mwh).amount), sum(reduced_kw) / interval_count)]
    lists = bid.step_offer.intervals
    by_price: dict[float, float] = {}
    for step_list in lists:
        for step in step_list.steps:
            price = float(money_from_wire(step.price_per_mwh).amount)
            by_price[price] = by_price.get(price, 0.0) + step.reduction_kw / len(lists)
    return sorted(by_price.items())


def _trace(results: DemoResults, event: EventResult, sites: Sequence[str]) -> EventTrace:
    """Show what an event asked of sites together; one that was not called counts with what it used."""
    target_kw = event.target_kw("")
    baseline_kw = target_kw * 0.0
    for site in sites:
        called = event.baseline_kw.get(site)
        expected_kw = results.load_kw[site].reindex(target_kw.index) if called is None else called
        baseline_kw = baseline_kw + expected_kw
        target_kw = target_kw + event.target_kw(site)
    return EventTrace(last_part(event.event.name).replace("-", " "), baseline_kw, target_kw)
