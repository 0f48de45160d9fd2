"""A hub in which everything exists: two operators, three owners, and something of every kind of each.

Who is foreign to whom is the point. Two operators buy of the same two owners in the north; a third owner
stands apart in the south, where only the second operator buys. What belongs to one party carries figures
that belong to nobody else (`CANARIES`), so that a leak can be looked for in bytes.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from sqlite3 import connect
from tempfile import TemporaryDirectory

import numpy as np
from support.made_records import looks_at, make_records
from support.market import FIVE, NOON, QUARTER, RULES, Market, make_market, market_copied, step_bid

from vpp.auction.tender import Tender
from vpp.foundation.interval import Interval
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.settlement.adjustment import AdjustmentState
from vpp.settlement.green_certificate import GreenCertificate, GreenCertificateKind
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.adjusting import decide_adjustment, propose_adjustment
from vpp.workflows.adjustment_checks import AdjustmentProposal
from vpp.workflows.auctions import create_auction
from vpp.workflows.bidding import create_bid
from vpp.workflows.disputing import create_dispute
from vpp.workflows.enrolling import create_enrolment, create_party, create_resource, create_site
from vpp.workflows.green_certificates import allocate_certificates, import_certificates
from vpp.workflows.identity import Principal, Role
from vpp.workflows.importing_meters import import_readings
from vpp.workflows.ingesting import backfill
from vpp.workflows.ports import Stored
from vpp.workflows.requesting_forecasts import create_load_plan
from vpp.workflows.revenue_checks import MeterRun
from vpp.workflows.rule_corrections import propose_correction

PEAK, EMERGENCY = "example-peak-shaving", "example-emergency"
PERIOD, GREEN_PERIOD = "2026-03", "2026-02"
ENROLS = "grid"
"""The operator whose people decide about enrolments."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def _staff(name: str, party_id: str, *roles: Role) -> Principal:
    return Principal(name, party_id, None, frozenset(roles))


def _agent(site_id: str) -> Principal:
    return Principal(f"agent-{site_id}", f"owner-{site_id}", site_id, frozenset({Role.SITE_AGENT}))


CALLERS = {
    one.principal_id: one
    for one in (
        _staff("grid-operator", "grid", Role.MARKET_OPERATOR),
        _staff("grid-dispatcher", "grid", Role.DISPATCHER),
        _staff("grid-both", "grid", Role.MARKET_OPERATOR, Role.DISPATCHER),
        _staff("rival-operator", "rival", Role.MARKET_OPERATOR),
        _staff("rival-dispatcher", "rival", Role.DISPATCHER),
        _staff("settlement-a", "hub", Role.SETTLEMENT_OFFICER),
        _staff("settlement-b", "hub", Role.SETTLEMENT_OFFICER),
        _staff("auditor", "hub", Role.AUDITOR),
        _staff("meter-data", "hub", Role.METER_DATA_MANAGER),
        _staff("administrator", "hub", Role.ADMINISTRATOR),
        _staff("owner-alder", "owner-alder", Role.SITE_OWNER),
        _staff("owner-birch", "owner-birch", Role.SITE_OWNER),
        _staff("owner-cedar", "owner-cedar", Role.SITE_OWNER),
        _agent("alder"),
        _agent("birch"),
        _agent("cedar"),
    )
}
"""Everybody who calls, by principal id, which is the token as well."""


@dataclass(frozen=True, slots=True)
class MadeSite:
    """A site and the figures that are its alone.

    Attributes:
        site_id: Its id; its owner is `owner-{site_id}`, its agent `agent-{site_id}`.
        zone: Where it stands.
        load_kw: What it draws, kW.
        sells_kw: What it sells in each of its auctions, kW.
        price: What it asked in auctions that have been cleared, per MWh.
        sealed_price: What it asks in open auctions and in its standing bid, per MWh.
        import_limit_kw: Its connection, kW.
    """

    site_id: str
    zone: str
    load_kw: float
    sells_kw: float
    price: str
    sealed_price: str
    import_limit_kw: float

    @property
    def agent(self) -> Principal:
        """Its agent."""
        return CALLERS[f"agent-{self.site_id}"]

    @property
    def owner(self) -> Principal:
        """Its owner."""
        return CALLERS[f"owner-{self.site_id}"]


SITES = {
    one.site_id: one
    for one in (
        MadeSite("alder", "north", 1013.7, 103.0, "61.37", "31.17", 3111.1),
        MadeSite("birch", "north", 1217.9, 97.0, "87.53", "42.29", 3222.2),
        MadeSite("cedar", "south", 1411.3, 91.0, "73.91", "53.41", 3333.3),
    )
}


@dataclass(frozen=True, slots=True)
class MadeAuction:
    """An auction of one operator.

    Attributes:
        auction_id: Its id, and its event's.
        buyer: Who buys.
        zone: Where.
        delivery: When.
        target_kw: What is asked for, kW.
        price_cap: Highest price.
        site_ids: Who bids.
    """

    auction_id: str
    buyer: str
    zone: str
    delivery: Interval
    target_kw: float
    price_cap: str
    site_ids: tuple[str, ...]


def _on(day: int, hour: int) -> Interval:
    start = NOON.replace(hour=hour) + day * DAY
    return Interval(start, start + 2 * HOUR)


AUCTIONS = {
    one.auction_id: one
    for one in (
        MadeAuction(
            "grid-evening", "grid-operator", "north", _on(1, 14), 151.33, "1901.17", ("alder", "birch")
        ),
        MadeAuction(
            "rival-night", "rival-operator", "north", _on(1, 20), 121.77, "1802.29", ("alder", "birch")
        ),
        MadeAuction("rival-south", "rival-operator", "south", _on(1, 17), 71.59, "1703.41", ("cedar",)),
        MadeAuction("grid-open", "grid-operator", "north", _on(9, 14), 141.19, "1604.53", ("alder", "birch")),
        MadeAuction(
            "rival-open", "rival-operator", "north", _on(9, 20), 131.27, "1505.61", ("alder", "birch")
        ),
        MadeAuction("rival-later", "rival-operator", "south", _on(9, 17), 61.43, "1406.71", ("cedar",)),
    )
}
SETTLED = ("grid-evening", "rival-night", "rival-south")
OPEN = ("grid-open", "rival-open", "rival-later")
NOW = NOON + 6 * DAY
"""The hub's time when everything has been made."""


def populated_market(folder: Path) -> Market:
    """Return a market on a copy of the populated database in a folder; the database is made once."""
    return market_copied(folder, populated_content(), NOW)


@cache
def populated_content() -> bytes:
    """Return the populated SQLite database."""
    with TemporaryDirectory() as folder:
        market = make_market(Path(folder))
        _enrol_all(market)
        _hold_auctions(market)
        _decide(market)
        make_records(market, SITES)
        market.units.close()
        with closing(connect(Path(folder) / "hub.sqlite")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return connection.serialize()


def _enrol_all(market: Market) -> None:
    by = CALLERS["grid-operator"]
    create_party(market.units, by, Party("rival", "Rival operator", PartyKind.OPERATOR), request_id="")
    for site in SITES.values():
        owner = Party(f"owner-{site.site_id}", f"Owners of {site.site_id} hall", PartyKind.SITE_OWNER)
        create_party(market.units, by, owner, request_id="")
        create_site(
            market.units,
            site.agent,
            Site(
                site.site_id,
                owner.party_id,
                f"The {site.site_id} hall",
                site.zone,
                "Europe/London",
                site.import_limit_kw,
                FIVE,
            ),
            request_id="",
        )
        envelope = FlexibilityEnvelope(
            site.sells_kw * 2, 0.0, FIVE, timedelta(0), 4 * HOUR, 800.0, 1.0, 2 * HOUR
        )
        create_resource(
            market.units,
            site.agent,
            Resource(site.site_id, "battery", ResourceKind.BATTERY, envelope),
            request_id="",
        )
        for product_id in (PEAK, EMERGENCY):
            create_enrolment(
                market.units, site.agent, site.site_id, product_id, request_id="", automatic_approval=True
            )
        _meter(market, site, NOON.replace(hour=0) - 14 * DAY, NOON, 1)
        _meter(market, site, datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC), 500)
        create_load_plan(
            market.units,
            site.owner,
            site_id=site.site_id,
            start_at=NOW + DAY,
            step=HOUR,
            plan_kw=[site.load_kw] * 24,
            request_id="",
        )


def _meter(market: Market, site: MadeSite, start: datetime, end: datetime, sequence: int) -> None:
    """Upload the site's load, less what it sells while it delivers."""
    load_kw = np.full(int((end - start) / FIVE), site.load_kw)
    for auction in AUCTIONS.values():
        if site.site_id in auction.site_ids and start <= auction.delivery.start < end:
            first = int((auction.delivery.start - start) / FIVE)
            load_kw[first : first + int(auction.delivery.duration / FIVE)] -= site.sells_kw
    pieces = [load_kw[n : n + 288] for n in range(0, len(load_kw), 288)]
    backfill(
        market.units,
        site.agent,
        site.site_id,
        [
            TelemetryBatch(site.site_id, sequence + n, start + n * 288 * FIVE, FIVE, piece, MeterQuality.OK)
            for n, piece in enumerate(pieces)
        ],
    )


def _open(market: Market, auction: MadeAuction) -> Stored[Tender]:
    return create_auction(
        market.units,
        CALLERS[auction.buyer],
        auction_id=auction.auction_id,
        product_id=PEAK,
        zone=auction.zone,
        delivery=auction.delivery,
        target_reduction_kw=(auction.target_kw,) * 8,
        price_cap_per_mwh=Decimal(auction.price_cap),
        currency="GBP",
        gate_closes_at=auction.delivery.start - 20 * HOUR,
        rebound_headroom_kw=None,
        request_id="",
    )


def _bid(market: Market, site: MadeSite, auction_id: str | None) -> None:
    """Bid what the site sells; without an auction, as a standing bid for emergencies."""
    create_bid(
        market.units,
        site.agent,
        bid=step_bid(
            site.site_id,
            site.sells_kw,
            site.price if auction_id in SETTLED else site.sealed_price,
            intervals=8 if auction_id else 1,
        ),
        auction_id=auction_id,
        product_id=None if auction_id else EMERGENCY,
        currency="GBP",
        expires_at=None,
        request_id="",
    )


def _hold_auctions(market: Market) -> None:
    """Hold three auctions to their settlement; leave two open, and standing bids."""
    for auction_id in SETTLED:
        _open(market, AUCTIONS[auction_id])
        for site_id in AUCTIONS[auction_id].site_ids:
            _bid(market, SITES[site_id], auction_id)
    known = NOON
    for end in sorted(AUCTIONS[auction_id].delivery.end for auction_id in SETTLED):
        market.advance(end)
        for site in SITES.values():
            _meter(market, site, known, end, int((known - NOON) / FIVE) + 1000)
        known = end
    market.advance(NOW)
    for auction_id in OPEN:
        _open(market, AUCTIONS[auction_id])
        for site_id in AUCTIONS[auction_id].site_ids:
            _bid(market, SITES[site_id], auction_id)
    for site in SITES.values():
        _bid(market, site, None)


def _decide(market: Market) -> None:
    """Let people object, adjust, correct, import and use certificates: for every party, what can be."""
    first, second = CALLERS["settlement-a"], CALLERS["settlement-b"]
    for site in SITES.values():
        create_dispute(
            market.units,
            RULES,
            site.owner,
            statement_id=f"{site.owner.party_id}-{PERIOD}-v1",
            line_numbers=(1,),
            description=f"the meter of {site.site_id} was off",
            request_id="",
        )
        proposal = AdjustmentProposal(
            period=PERIOD,
            payer_party_id="hub",
            payee_party_id=site.owner.party_id,
            amount=Decimal(site.price),
            currency="GBP",
            reason=f"goodwill towards {site.site_id}",
            site_id=site.site_id,
        )
        agreed = propose_adjustment(market.units, RULES, first, proposal, request_id="").value
        decide_adjustment(market.units, second, agreed.adjustment_id, AdjustmentState.APPROVED)
        propose_adjustment(market.units, RULES, first, proposal, request_id="")
        import_readings(
            market.units,
            CALLERS["meter-data"],
            site.site_id,
            [MeterRun(NOON - DAY, QUARTER, np.full(8, site.load_kw), MeterQuality.OK)],
            source_name=f"{site.site_id}-meter.csv",
        )
        wind = GreenCertificateKind.WIND
        day = date(2026, 2, 1)
        import_certificates(
            market.units,
            first,
            [
                GreenCertificate(f"rego{site.site_id}", f"{n:05d}", site.owner.party_id, wind, day, day)
                for n in range(4)
            ],
            request_id="",
        )
        allocate_certificates(
            market.units, site.owner, site_id=site.site_id, period=GREEN_PERIOD, count=2, request_id=""
        )
    _next_version(market)
    for event_id in SETTLED:
        propose_correction(
            market.units,
            first,
            event_id=event_id,
            to_version=3,
            reason=f"tariff of {event_id}",
            request_id="",
        )
    looks_at(market, SETTLED)


def _next_version(market: Market) -> None:
    with market.units() as uow:
        present = uow.products.latest(PEAK)
        assert present is not None
        dearer = present.money.model_copy(update={"energy_price_per_mwh": Decimal(1)})
        uow.products.add(present.model_copy(update={"version": present.version + 1, "money": dearer}))
        uow.commit()
