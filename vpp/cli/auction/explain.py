"""`vpp auction explain`: why one bid won or lost, with the figures that decided."""

import difflib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vpp.auction.bid import Bid
from vpp.auction.book import Book
from vpp.auction.result import Award, Clearing
from vpp.cli.auction.documents import read_book, read_result
from vpp.cli.auction.intervals import joined_rows
from vpp.cli.auction.kinds import kind_of
from vpp.cli.auction.offers import offered_rows
from vpp.cli.auction.progress import working
from vpp.cli.auction.summary import paid_for_energy
from vpp.cli.auction.wording import amount, energy
from vpp.cli.charts.auction_style import per_mwh
from vpp.cli.output import fields_table, make_table, to_json
from vpp.foundation.errors import InvalidInput, NotFound

_MOST_NEAR = 5
_TRIFLE_KW = 1e-3


def explain_bid(result_file: Path, bid_id: str, book_file: Path | None, *, as_json: bool) -> None:
    """Print one bid's award and reason, and its zone's prices beside.

    Args:
        result_file: File of the result.
        bid_id: The bid.
        book_file: File of the book, which knows what was offered; None to do without.
        as_json: Print JSON instead of tables.

    Raises:
        NotFound: A file is missing, or there is no such bid; the message names similar ones.
        InvalidInput: A file does not hold what it should.
    """
    with working(f"Reading {result_file}"):
        clearing = read_result(result_file)
        book = None if book_file is None else read_book(book_file)
    award = award_of(clearing, bid_id)
    bid = None if book is None else _bid_of(book, bid_id)
    if as_json:
        typer.echo(to_json(_document(clearing, award)))
        return
    console = Console(highlight=False)
    rows = [(field, escape(value)) for field, value in _rows(clearing, award, book, bid)]
    console.print(fields_table(f"Bid {bid_id} in auction {clearing.auction_id}", rows))
    console.print(_interval_table(clearing, award))


def award_of(clearing: Clearing, bid_id: str) -> Award:
    """Find a bid's award.

    Raises:
        NotFound: There is no such bid; the message names similar ids.
    """
    awards = {award.bid_id: award for award in clearing.awards}
    if bid_id not in awards:
        near = near_ids(bid_id, awards)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {len(awards):,} bids, none like it"
        raise NotFound(f"bid {bid_id!r} is not in the result of {clearing.auction_id}; {hint}", bid_id=bid_id)
    return awards[bid_id]


def near_ids(wanted: str, bid_ids: Iterable[str]) -> list[str]:
    """Name ids that look like the one that is missing: those that contain it, then those alike.

    Example:
        >>> near_ids("ups-1", ["chiller-4", "north-ups-1", "ups-2"])
        ['north-ups-1', 'ups-2']
        >>> near_ids("ups-1", ["chiller-4"])
        []
    """
    ids = list(bid_ids)
    near = [bid_id for bid_id in ids if wanted and wanted.lower() in bid_id][:_MOST_NEAR]
    alike = difflib.get_close_matches(wanted.lower(), ids, n=_MOST_NEAR, cutoff=0.7)
    return [*near, *(bid_id for bid_id in alike if bid_id not in near)][:_MOST_NEAR]


def _bid_of(book: Book, bid_id: str) -> Bid:
    for bid in book.bids:
        if bid.bid_id == bid_id:
            return bid
    raise InvalidInput(f"bid {bid_id!r} is in the result but not in the book; give the book that was cleared")


def _rows(clearing: Clearing, award: Award, book: Book | None, bid: Bid | None) -> list[tuple[str, str]]:
    hours, currency = clearing.step.total_seconds() / 3600, clearing.currency
    rows = [("verdict", "accepted" if award.reason.is_accepted else "rejected")]
    rows += [("reason", award.reason.value), ("why", award.detail)]
    rows += [_figure(clearing, name, value) for name, value in award.figures]
    if not award.reason.is_accepted:
        price = award.winning_price_per_mwh
        asked = "none, all else unchanged" if price is None else f"{amount(price, currency)} per MWh or less"
        rows.append(("price that would have won", asked))
    if book is not None and bid is not None:
        rows += [("kind", kind_of(bid, book.direction).label), *offered_rows(book, bid)]
    rows += [("zone", award.zone)] if award.zone else []
    rows += [("site", award.site_id), ("resource", award.resource_id)]
    if award.reason.is_accepted:
        paid = paid_for_energy(clearing, award.reduction_kw, award.price_per_mwh)
        rows += [
            (
                "bought",
                f"{energy(sum(award.reduction_kw) * hours)}, at most {max(award.reduction_kw):,.1f} kW",
            ),
            ("comes back", energy(sum(award.rebound_kw) * hours)),
            ("paid for energy", amount(paid, currency)),
            ("make-whole", amount(award.make_whole, currency)),
        ]
    rows.append(("counts towards the target", f"{award.delivery_ratio:.1%} of what is reduced"))
    return rows


def _figure(clearing: Clearing, name: str, value: float) -> tuple[str, str]:
    """Write a figure that decided; an interval is told by its time."""
    if name != "interval":
        return f"  {figure_name(name)}", figure_value(value)
    begins = clearing.start + int(value) * clearing.step
    return "  interval", f"{begins:%Y-%m-%d %H:%M}-{begins + clearing.step:%H:%M} UTC, number {int(value)}"


def figure_name(name: str) -> str:
    """Write a figure's name as people do.

    Example:
        >>> figure_name("asked_price_per_mwh"), figure_name("offered_kw")
        ('asked price per MWh', 'offered, kW')
    """
    for suffix, unit in (("_per_mwh", " per MWh"), ("_kwh", ", kWh"), ("_kw", ", kW")):
        if name.endswith(suffix):
            return name.removesuffix(suffix).replace("_", " ") + unit
    return name.replace("_", " ")


def figure_value(value: float) -> str:
    """Write a figure with at most four decimals.

    Example:
        >>> figure_value(1250.0), figure_value(0.33333)
        ('1,250', '0.3333')
    """
    text = f"{value:,.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _own_zone_prices(clearing: Clearing, award: Award) -> dict[str, tuple[Decimal, ...]]:
    """Find the prices of the award's zone; all zones' where the result does not record it."""
    return {
        zone.zone: zone.price_per_mwh
        for zone in clearing.zone_prices
        if not award.zone or zone.zone == award.zone
    }


def _interval_table(clearing: Clearing, award: Award) -> Table:
    """Lay out award and prices by interval."""
    zones = _own_zone_prices(clearing, award)
    count = len(clearing.target_kw)
    cells = []
    for t in range(max(count, len(award.rebound_kw))):
        span = [prices[t] for prices in zones.values()]
        in_zone = "" if not span else f"{min(span):,.2f}"
        if span and max(span) != min(span):
            in_zone += f" to {max(span):,.2f}"
        is_delivery = t < count
        bought_kw = award.reduction_kw[t] if is_delivery else 0.0
        back_kw = award.rebound_kw[t] if t < len(award.rebound_kw) else 0.0
        cells.append(
            (
                _power(bought_kw),
                _power(back_kw),
                f"{award.price_per_mwh[t]:,.2f}" if bought_kw > _TRIFLE_KW else "",
                in_zone,
                f"{clearing.price_per_mwh[t]:,.2f}" if is_delivery else "recovery",
            )
        )
    where = next(iter(zones)) if len(zones) == 1 else "zones"
    table = make_table(
        f"By interval, UTC; prices {escape(per_mwh(clearing.currency))}",
        "interval",
        ">bought kW",
        ">comes back kW",
        ">paid",
        f">price in {escape(where)}",
        ">price over all",
    )
    for row in joined_rows(clearing.start, clearing.step, cells):
        table.add_row(*row)
    return table


def _power(power_kw: float) -> str:
    return f"{power_kw:,.1f}" if power_kw > _TRIFLE_KW else ""


def _document(clearing: Clearing, award: Award) -> dict[str, Any]:
    zones = {
        zone: [str(price) for price in prices] for zone, prices in _own_zone_prices(clearing, award).items()
    }
    winning = award.winning_price_per_mwh
    return {
        "auction_id": clearing.auction_id,
        "bid_id": award.bid_id,
        "site_id": award.site_id,
        "resource_id": award.resource_id,
        "zone": award.zone,
        "is_accepted": award.reason.is_accepted,
        "reason": award.reason.value,
        "detail": award.detail,
        "figures": dict(award.figures),
        "winning_price_per_mwh": None if winning is None else str(winning),
        "delivery_ratio": award.delivery_ratio,
        "reduction_kw": list(award.reduction_kw),
        "rebound_kw": list(award.rebound_kw),
        "paid_price_per_mwh": [str(price) for price in award.price_per_mwh],
        "make_whole": str(award.make_whole),
        "price_per_mwh": [str(price) for price in clearing.price_per_mwh],
        "zone_price_per_mwh": zones,
    }
