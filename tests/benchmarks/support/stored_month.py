"""The month of `settlement_month` in a hub's database, as if its events had been called and measured."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
from benchmarks.support.settlement_month import (
    DAYS,
    FIRST_DAY,
    OPERATOR,
    QUARTER,
    TIME_ZONE,
    SettlementMonth,
)
from sqlalchemy import Engine
from support.market import RULES, Market, market_on, step_bid

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState, ResourceTarget
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.keeping_telemetry import keep_telemetry
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import AwardRecord, BaselineRecord, BidRecord, BidState

DAY = timedelta(days=1)
ZONE = "north"


def stored_month(engine: Engine, month: SettlementMonth) -> Market:
    """Write a month into a migrated database; readings come in day by day and are summed up as ever.

    The clock stands a little after the month's end.
    """
    market = market_on(engine, FIRST_DAY)
    with market.units() as uow:
        _take_part(uow, month)
        uow.commit()
    for day in range(DAYS):
        market.clock.advance_to(FIRST_DAY + (day + 1) * DAY + timedelta(minutes=5))
        with market.units() as uow:
            uow.telemetry.add(_readings(month, day))
            if day < month.events:
                _call(uow, month, day)
            uow.commit()
        keep_telemetry(market.units, RULES.telemetry, f"{FIRST_DAY + day * DAY:%Y-%m-%d}")
    market.clock.advance_to(FIRST_DAY + (DAYS + 5) * DAY)
    return market


def correct_a_reading(market: Market, month: SettlementMonth, *, site: int, event: int) -> None:
    """Let one site send one quarter hour of an event again, with another value."""
    start = month.span(event).start
    batch = TelemetryBatch(month.site_id(site), 1000, start, QUARTER, np.array([1.0]), MeterQuality.OK)
    with market.units() as uow:
        uow.telemetry.add([batch])
        uow.commit()


def _take_part(uow: UnitOfWork, month: SettlementMonth) -> None:
    hour = timedelta(hours=1)
    envelope = FlexibilityEnvelope(500.0, 0.0, QUARTER, timedelta(0), 4 * hour, 2000.0, 0.0, hour)
    for party_id in dict.fromkeys(month.party_id(site) for site in range(month.sites)):
        uow.parties.add(party_id, Party(party_id, f"Owner {party_id}", PartyKind.SITE_OWNER))
    sites = [
        Site(month.site_id(n), month.party_id(n), f"Site {n}", ZONE, TIME_ZONE, 3000.0, QUARTER)
        for n in range(month.sites)
    ]
    uow.sites.add_all({site.site_id: site for site in sites})
    uow.resources.add_all(
        {
            f"{site.site_id}/battery": Resource(site.site_id, "battery", ResourceKind.BATTERY, envelope)
            for site in sites
        }
    )


def _readings(month: SettlementMonth, day: int) -> list[TelemetryBatch]:
    """Return a day of every site; a silent meter leaves its event out."""
    first = FIRST_DAY + day * DAY
    batches = []
    for site in range(month.sites):
        values = month.load_kw[site, day * 96 : (day + 1) * 96]
        parts = [slice(0, 96)]
        if day < month.events and month.missing[site, day]:
            begin = (month.span(day).start - first) // QUARTER
            parts = [slice(0, begin), slice(begin + month.intervals, 96)]
        batches += [
            TelemetryBatch(
                month.site_id(site),
                2 * day + n + 1,
                first + part.start * QUARTER,
                QUARTER,
                values[part],
                MeterQuality.OK,
            )
            for n, part in enumerate(parts)
        ]
    return batches


def _call(uow: UnitOfWork, month: SettlementMonth, n: int) -> None:
    """Write an event that every site was called for."""
    event_id, delivery, count = month.event_id(n), month.span(n), month.intervals
    total = (float(month.target_kw.sum()),) * count
    event = Event(
        event_id=event_id,
        product_id=month.product.product_id,
        product_version=month.product.version,
        zone=ZONE,
        delivery=delivery,
        target_reduction_kw=total,
        awarded_reduction_kw=total,
        price_cap_per_mwh=Decimal(3000),
        operator_party_id=OPERATOR,
        auction_id=None,
        state=EventState.MEASURED,
    )
    uow.events.add(event_id, event)
    bids, awards, instructions, baselines = {}, {}, {}, {}
    for site in range(month.sites):
        site_id, target = month.site_id(site), (float(month.target_kw[site]),) * count
        bid_id, price = f"bid-{n}-{site}", (month.price_per_mwh(n),) * count
        bid = replace(step_bid(site_id, 250.0, "80", intervals=1), bid_id=bid_id, zone=ZONE)
        bids[bid_id] = BidRecord(bid, None, month.product.product_id, None, BidState.WITHDRAWN)
        award_id = f"{event_id}-{bid_id}"
        awards[award_id] = AwardRecord(
            *(award_id, event_id, bid_id, site_id, "battery", delivery, target, (0.0,) * count, price),
            make_whole=Decimal(0),
            reason="ACCEPTED",
        )
        name = f"{event_id}-m0-{site_id}"
        instructions[name] = Instruction(
            instruction_id=name,
            event_id=event_id,
            site_id=site_id,
            modification_number=0,
            delivery=delivery,
            interval=QUARTER,
            target_reduction_kw=target,
            resource_targets=(ResourceTarget("battery", target),),
            expires_at=delivery.start,
            state=InstructionState.COMPLETED,
        )
        baseline_kw = tuple(month.baseline_kw[site, n].tolist())
        baselines[f"{event_id}-{site_id}"] = BaselineRecord(
            event_id=event_id,
            site_id=site_id,
            delivery=delivery,
            method="example-high-4-of-5",
            days_used=(),
            raw_kw=baseline_kw,
            adjustment_kw=0.0,
            adjusted=True,
            adjusted_kw=baseline_kw,
        )
    uow.bids.add_all(bids)
    uow.awards.add_all(awards)
    uow.instructions.add_all(instructions)
    uow.baselines.add_all(baselines)
