"""`vpp operator auction`: open, show, list and cancel auctions."""

from typing import Annotated

import typer
from rich.table import Table

from vpp.cli.arguments import full_name, interval_count, price, span, targets_kw, utc_instant
from vpp.cli.connection import connection_of, new_request_id
from vpp.cli.desk.buyer_terms import (
    ExactTarget,
    LossReserve,
    MarginRatio,
    MinSites,
    ReleaseRampKw,
    StartRampKw,
    TermsFile,
    Ties,
    UniformPrice,
    ZoneReboundKw,
    ZoneReductionKw,
    limit_zone,
    terms_from_file,
    tie_value,
    uniform_price_value,
)
from vpp.cli.desk.directions import moved
from vpp.cli.output import (
    AsJson,
    delivery,
    fields_table,
    instant,
    last_part,
    make_table,
    money,
    show,
    state_name,
)
from vpp.cli.wire_values import (
    instant_from_wire,
    instant_to_wire,
    interval_to_wire,
    money_to_wire,
    span_from_wire,
)
from vpp.v1 import auction_pb2 as wire
from vpp.v1 import buyer_pb2 as buyer_wire
from vpp.v1 import portfolio_pb2 as portfolio_wire

auction_app = typer.Typer(no_args_is_help=True, help="Open and follow day-ahead auctions.")

AuctionName = Annotated[str, typer.Argument(help="Auction, as an id or auctions/ID.", metavar="AUCTION")]
Product = Annotated[str, typer.Option(help="Product whose rules apply, as an id or products/ID.")]
Zone = Annotated[str, typer.Option(help="Zone in which delivery counts.")]
Start = Annotated[str, typer.Option(help="Start of delivery, UTC, such as 2026-11-24T17:00Z.")]
End = Annotated[str, typer.Option(help="End of delivery, UTC, exclusive.")]
TargetKw = Annotated[
    str,
    typer.Option(
        help="Asked for in the product's direction (a reduction, or an increase), kW: one number, or one per "
        "settlement interval with commas."
    ),
]
CapPrice = Annotated[str, typer.Option(help="Highest price per MWh, in the product's currency.")]
NewId = Annotated[str, typer.Option("--id", help="Id to give it; the hub chooses if absent.")]


@auction_app.command("open")
def open_auction(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    product: Product,
    zone: Zone,
    start: Start,
    end: End,
    target_kw: TargetKw,
    cap_price: CapPrice,
    gate_closure: Annotated[str, typer.Option(help="Bids are taken until this instant, UTC.")],
    rebound_headroom_kw: Annotated[
        float | None, typer.Option(min=0.0, help="Largest rebound of all sites together, kW.")
    ] = None,
    terms: TermsFile = None,
    exact_target: ExactTarget = False,
    margin_ratio: MarginRatio = None,
    loss_reserve: LossReserve = False,
    min_sites: MinSites = None,
    max_start_ramp_kw: StartRampKw = None,
    max_release_ramp_kw: ReleaseRampKw = None,
    max_reduction_kw: ZoneReductionKw = None,
    max_rebound_kw: ZoneReboundKw = None,
    uniform_price: UniformPrice = None,
    ties: Ties = None,
    auction_id: NewId = "",
    as_json: AsJson = False,
) -> None:
    """Open an auction; the enrolled sites of the zone are invited to bid."""
    asked = terms_from_file(terms)
    if exact_target:
        asked.allows_over_delivery = False
    if loss_reserve:
        asked.has_loss_reserve = True
    given = {
        "margin_ratio": margin_ratio,
        "min_site_count": min_sites,
        "max_start_ramp_kw": max_start_ramp_kw,
        "max_release_ramp_kw": max_release_ramp_kw,
    }
    for field, value in given.items():
        if value is not None:
            setattr(asked, field, value)
    limit_zone(asked, zone, max_reduction_kw=max_reduction_kw, max_rebound_kw=max_rebound_kw)
    interval, gate = span(utc_instant(start), utc_instant(end)), utc_instant(gate_closure)
    cap = price(cap_price)
    hub = connection_of(context)
    rules = hub.call(
        hub.portfolio.GetProduct, portfolio_wire.GetProductRequest(name=full_name("products", product))
    )
    count = interval_count(interval, span_from_wire(rules.settlement_interval))
    auction = wire.Auction(
        product=rules.name,
        zone=zone,
        delivery_interval=interval_to_wire(interval),
        target_reduction_kw=targets_kw(target_kw, count),
        cap_price_per_mwh=money_to_wire(cap, rules.currency_code),
        gate_closure_time=instant_to_wire(gate),
        rebound_headroom_kw=rebound_headroom_kw,
        buyer_terms=asked if asked.ListFields() else None,
        uniform_price=uniform_price_value(uniform_price),
        tie_rule=tie_value(ties),
    )
    request = wire.CreateAuctionRequest(auction=auction, auction_id=auction_id, request_id=new_request_id())
    opened = hub.call(hub.auction.CreateAuction, request)
    show(as_json, opened, auction_table(opened))


@auction_app.command("show")
def show_auction(context: typer.Context, *, name: AuctionName, as_json: AsJson = False) -> None:
    """Show one auction."""
    hub = connection_of(context)
    auction = hub.call(hub.auction.GetAuction, wire.GetAuctionRequest(name=full_name("auctions", name)))
    show(as_json, auction, auction_table(auction))


@auction_app.command("list")
def list_auctions(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List auctions, latest delivery first."""
    hub = connection_of(context)
    auctions = hub.every(hub.auction.ListAuctions, wire.ListAuctionsRequest(), "auctions")
    table = make_table(
        "Auctions", "auction", "state", "product", "zone", "delivery", ">target", ">cap per MWh"
    )
    for auction in auctions:
        table.add_row(
            last_part(auction.name),
            state_name(wire.Auction.State, auction.state),
            last_part(auction.product),
            auction.zone,
            delivery(auction.delivery_interval),
            moved(auction.target_reduction_kw, auction.direction),
            money(auction.cap_price_per_mwh),
        )
    show(as_json, auctions, table)


@auction_app.command("cancel")
def cancel_auction(context: typer.Context, *, name: AuctionName, as_json: AsJson = False) -> None:
    """Withdraw an auction that has not been cleared, with its event."""
    hub = connection_of(context)
    request = wire.CancelAuctionRequest(name=full_name("auctions", name), request_id=new_request_id())
    cancelled = hub.call(hub.auction.CancelAuction, request)
    show(as_json, cancelled, auction_table(cancelled))


@auction_app.command("bids")
def list_bids(context: typer.Context, *, name: AuctionName, as_json: AsJson = False) -> None:
    """List an auction's bids with the reason for each; the gate must have closed."""
    hub = connection_of(context)
    request = wire.ListBidsRequest(auction=full_name("auctions", name))
    bids = hub.every(hub.auction.ListBids, request, "bids")
    table = make_table(f"Bids of {last_part(name)}", "bid", "resource", "state", "reason", "detail")
    for bid in bids:
        table.add_row(
            last_part(bid.name),
            bid.resource.removeprefix("sites/").replace("/resources/", " "),
            state_name(wire.Bid.State, bid.state),
            bid.reason,
            bid.reason_detail,
        )
    show(as_json, bids, table)


def auction_table(auction: wire.Auction) -> Table:
    """Lay out one auction."""
    return fields_table(
        f"Auction {last_part(auction.name)}",
        [
            ("state", state_name(wire.Auction.State, auction.state)),
            ("event", auction.event),
            ("product", auction.product),
            ("zone", auction.zone),
            ("delivery", delivery(auction.delivery_interval)),
            ("target", moved(auction.target_reduction_kw, auction.direction)),
            ("cap per MWh", money(auction.cap_price_per_mwh)),
            ("gate closes", instant(instant_from_wire(auction.gate_closure_time))),
            *_terms_rows(auction),
        ],
    )


def _terms_rows(auction: wire.Auction) -> list[tuple[str, str]]:
    """Lay out what is asked beside the target, as far as it is asked."""
    terms = auction.buyer_terms
    rows = []
    if auction.uniform_price:
        rows.append(
            ("uniform price", _choice(buyer_wire.UniformPrice.Name(auction.uniform_price), "UNIFORM_PRICE_"))
        )
    if auction.tie_rule:
        rows.append(("ties", _choice(buyer_wire.TieRule.Name(auction.tie_rule), "TIE_RULE_")))
    if terms.HasField("allows_over_delivery") and not terms.allows_over_delivery:
        rows.append(("over-delivery", "none"))
    if terms.margin_ratio:
        rows.append(("margin", f"{terms.margin_ratio:.1%}"))
    if terms.has_loss_reserve:
        rows.append(("reserve", "largest site"))
    if terms.min_site_count > 1:
        rows.append(("sites", f"at least {terms.min_site_count}"))
    limits = {
        "start ramp": terms.max_start_ramp_kw if terms.HasField("max_start_ramp_kw") else None,
        "release ramp": terms.max_release_ramp_kw if terms.HasField("max_release_ramp_kw") else None,
    }
    rows += [(label, f"at most {kw:g} kW") for label, kw in limits.items() if kw is not None]
    counts = {
        "zone limits": len(terms.zone_limits),
        "feeder limits": len(terms.feeder_limits),
        "site limits": len(terms.site_limits),
        "path limits": len(terms.path_limits),
    }
    return rows + [(label, str(count)) for label, count in counts.items() if count]


def _choice(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower().replace("_", " ")
